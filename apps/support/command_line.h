#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sylvite::apps {

/// Whether Ctrl-C was pressed since `CommandLine::begin`: a search ends with what it has.
bool interrupted();

/// What an app found.
struct Result {
    std::string text;                          ///< of its last line
    double seconds;                            ///< that the search took
    std::map<std::string, std::string> files;  ///< name to contents
    std::function<void()> publish = {};        ///< gives other files, which are written, their names
};

/// The main of an app: its options, what it prints and how it ends.
class CommandLine {
public:
    /// `out` is where results go unless the option --out, which all apps have, says otherwise.
    CommandLine(const std::string &name, const std::string &description, std::filesystem::path out) :
        options_(description, name), out_(std::move(out)) {}

    CLI::App &options() { return options_; }
    const std::filesystem::path &out() const { return out_; }
    /// Nothing but the last line is to be printed.
    bool quiet() const { return quiet_; }

    /// Throws std::runtime_error that names the first of `options` that was given, although `task` has no use for it.
    void need_not_given(const std::vector<std::string> &options, const std::string &task) const;

    /// Parses the arguments, has `work` done, writes the files and prints the last line, "NAME: text, 1.2 s". Returns the exit
    /// code: 0; 1 after an error, which is one line on standard error; or 130 after Ctrl-C, when the files hold what was reached.
    int run(int argc, char **argv, const std::function<Result()> &work);

    /// To be called by `work` when it has read and checked all input. Makes the folder of the results, and heeds Ctrl-C from
    /// here on: the first one is a request to `work`, a second one ends the program. Throws std::runtime_error when
    /// no file can be written into the folder, or there is none for temporary files.
    void begin() const;

private:
    CLI::App options_;
    std::filesystem::path out_;
    bool quiet_ = false;

    /// Writes the files and the last line; returns the exit code.
    int finish(const Result &result) const;
};

}  // namespace sylvite::apps

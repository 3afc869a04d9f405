#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace sylvite::apps {

/// The contents of a file. Throws std::runtime_error that says why it cannot be read.
std::string read_file(const std::filesystem::path &path);

/// Makes `folder` if it does not exist. Throws std::runtime_error when that fails or no file can be written there.
void need_writable(const std::filesystem::path &folder);

/// The system's folder for temporary files. Throws std::runtime_error when there is none, or no file can be written into it.
std::filesystem::path temporary_folder();

/// Writes `files`, name to contents, into `folder`: all under temporary names first, then renamed, so that a full disk
/// leaves none of them half written. Throws std::runtime_error after removing the temporary files. `publish`, if it is given,
/// is called in between: it may give other files their names, and none is renamed if it throws.
void write_files(const std::filesystem::path &folder, const std::map<std::string, std::string> &files,
                 const std::function<void()> &publish = {});

}  // namespace sylvite::apps

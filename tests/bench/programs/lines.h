#pragma once

#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace sylvite::bench {

/// The arrays of a workload as text, a line an array, for the peers: Python's lines() of peers/worker.py reads them. Numbers
/// are those of f32.
class Lines {
public:
    explicit Lines(const std::string &file) : file_(file), out_(file) { out_.precision(9); }

    template<typename T>
    void add(const std::vector<T> &values) {
        for (const T value : values) {
            out_ << static_cast<double>(value) << ' ';
        }
        out_ << '\n';
    }

    /// Whether all is in the file; says so on standard error where it is not.
    bool written() {
        if (!out_.flush()) {
            std::perror(file_.c_str());
            return false;
        }
        return true;
    }

private:
    std::string file_;
    std::ofstream out_;
};

/// What Lines wrote. Throws std::runtime_error where there is no such file.
inline std::vector<std::vector<float>> read_lines(const std::string &file) {
    std::ifstream in(file);
    if (!in) {
        throw std::runtime_error("cannot read " + file);
    }
    std::vector<std::vector<float>> lines;
    for (std::string line; std::getline(in, line);) {
        std::istringstream numbers(line);
        lines.emplace_back();
        for (float number; numbers >> number;) {
            lines.back().push_back(number);
        }
    }
    return lines;
}

}  // namespace sylvite::bench

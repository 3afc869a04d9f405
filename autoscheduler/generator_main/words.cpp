#include "autoscheduler/generator_main/words.h"

#include <sstream>

namespace sylvite {

std::string one_line(const std::string &text) {
    std::istringstream lines(text.starts_with("Error: ") ? text.substr(7) : text);
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        if (line.find_first_not_of(' ') != std::string::npos) {
            all += (all.empty() ? "" : " ") + line;
        }
    }
    return all;
}

}  // namespace sylvite

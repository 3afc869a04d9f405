#include "autoscheduler/generator_main/words.h"

#include "frontend/graph.h"

#include <sstream>

namespace sylvite {

std::string list_of(const std::vector<std::string> &words) {
    std::string list;
    for (const std::string &word : words) {
        list += (list.empty() ? "" : ", ") + word;
    }
    return list;
}

std::string did_you_mean(const std::string &name, const std::vector<std::string> &known) {
    const std::string nearest = nearest_name(name, known);
    return nearest.empty() ? "." : ": did you mean " + nearest + "?";
}

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

#include "schedules/refusal.h"

#include "frontend/names.h"

namespace sylvite {

std::string with_plain_names(const std::string &what, const std::map<std::string, std::string> &names) {
    auto in_name = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.';
    };
    std::string text;
    for (size_t at = what.starts_with("Error: ") ? 7 : 0; at < what.size();) {
        size_t end = at;
        while (end < what.size() && in_name(what[end])) {
            end++;
        }
        if (end == at) {
            text += what[at++] == '\n' ? ' ' : what[at - 1];
            continue;
        }
        std::string word = what.substr(at, end - at);
        std::string stop;
        while (word.ends_with('.')) {
            word.pop_back();
            stop += '.';
        }
        if (const auto stage = names.find(word); stage != names.end()) {
            word = stage->second;
        } else if (const size_t update = word.find(".update"); names.count(word.substr(0, update))) {
            word = names.at(word.substr(0, update)) + word.substr(update);
        } else if (word.find('$') != std::string::npos) {
            word = plain_variable(word);
        }
        text += word + stop;
        at = end;
    }
    while (text.ends_with(' ')) {
        text.pop_back();
    }
    return text;
}

}  // namespace sylvite

#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace sylvite::apps {

/// Something that users choose by its name, and how it is made.
template<typename T>
struct Choice {
    std::string name;
    T (*make)();
};

/// The names of a table, in its order.
template<typename T>
std::vector<std::string> names_of(const std::vector<Choice<T>> &table) {
    std::vector<std::string> names;
    for (const Choice<T> &choice : table) {
        names.push_back(choice.name);
    }
    return names;
}

/// What a table has under `name`. Throws std::runtime_error, "there is no <kind> <name>".
template<typename T>
T chosen(const std::vector<Choice<T>> &table, const std::string &kind, const std::string &name) {
    const auto choice = std::find_if(table.begin(), table.end(), [&](const Choice<T> &c) { return c.name == name; });
    if (choice == table.end()) {
        throw std::runtime_error("there is no " + kind + " " + name);
    }
    return choice->make();
}

}  // namespace sylvite::apps

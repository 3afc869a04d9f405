#include "autoscheduler/generator_main/parameters.h"

#include "autoscheduler/generator_main/command_line.h"
#include "frontend/names.h"

#include <algorithm>
#include <charconv>

namespace sylvite {

namespace {

template<typename T>
std::string text(const T &value) {
    char digits[64];
    const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), value);
    return std::string(digits, end);
}

std::string text(const Halide::Type &type) {
    std::ostringstream out;
    out << type;
    return out.str();
}

// "an integer", "an integer from 2 to 9", "an integer, at least 2", ...
template<typename T>
std::string kind_of_number(std::string kind, const ParameterOptions<T> &options) {
    const ParameterOptions<T> open;
    const bool low = options.minimum != open.minimum, high = options.maximum != open.maximum;
    if (low && high) {
        return kind + " from " + text(options.minimum) + " to " + text(options.maximum);
    }
    if (low || high) {
        kind += low ? ", at least " + text(options.minimum) : ", at most " + text(options.maximum);
    }
    return kind;
}

void check_value(bool good, const Parameters::Declared &parameter, const std::string &given) {
    _halide_user_assert(good) << "parameter " << parameter.name << " needs " << parameter.kind << "; it has " << given
                              << ": write " << parameter.name << "=" << parameter.value << " for the default.";
}

template<typename T>
T number(const Parameters::Declared &parameter, const std::string &given, const ParameterOptions<T> &options) {
    T value{};
    const char *end = given.data() + given.size();
    const auto [stop, error] = std::from_chars(given.data(), end, value);
    // A NaN is out of every range.
    const bool in_range = value >= options.minimum && value <= options.maximum;
    check_value(error == std::errc() && stop == end && in_range, parameter, given);
    return value;
}

const std::vector<Halide::Type> &element_types() {
    using namespace Halide;
    static const std::vector<Type> types{Float(16), Float(32), Float(64), BFloat(16), Int(8),   Int(16), Int(32),
                                         Int(64),   UInt(1),   UInt(8),   UInt(16),   UInt(32), UInt(64)};
    return types;
}

}  // namespace

const std::string &Parameters::value_of(const Declared &parameter) {
    const std::vector<std::string> reserved = command_line_keys();
    _halide_user_assert(std::find(reserved.begin(), reserved.end(), parameter.name) == reserved.end())
        << "Parameters need names of their own; " << parameter.name << " is a word of the command line ("
        << list_of(reserved) << "): choose another name.";
    const auto same_name = [&](const Declared &d) { return d.name == parameter.name; };
    const auto known = std::find_if(declared_.begin(), declared_.end(), same_name);
    if (known == declared_.end()) {
        declared_.push_back(parameter);
    } else {
        _halide_user_assert(known->value == parameter.value && known->kind == parameter.kind)
            << "Parameters need one default each; " << parameter.name << " is declared as " << known->kind << " with "
            << known->value << " and as " << parameter.kind << " with " << parameter.value << ".";
    }
    return given_.try_emplace(parameter.name, parameter.value).first->second;
}

int Parameters::integer(const std::string &name, int value, const ParameterOptions<int> &options) {
    const Declared parameter{name, text(value), kind_of_number("an integer", options), options.help};
    return number<int>(parameter, value_of(parameter), options);
}

double Parameters::real(const std::string &name, double value, const ParameterOptions<double> &options) {
    const Declared parameter{name, text(value), kind_of_number("a number", options), options.help};
    return number<double>(parameter, value_of(parameter), options);
}

bool Parameters::flag(const std::string &name, bool value, const std::string &help) {
    return choice(name, value ? "true" : "false", {"true", "false"}, help) == "true";
}

std::string Parameters::choice(const std::string &name, const std::string &value,
                               const std::vector<std::string> &choices, const std::string &help) {
    const Declared parameter{name, value, "one of " + list_of(choices), help};
    const std::string &given = value_of(parameter);
    check_value(std::find(choices.begin(), choices.end(), given) != choices.end(), parameter, given);
    return given;
}

Halide::Type Parameters::type(const std::string &name, Halide::Type value, const std::string &help) {
    std::vector<std::string> names;
    for (const Halide::Type &type : element_types()) {
        names.push_back(text(type));
    }
    const std::string given = choice(name, text(value), names, help);
    return element_types()[std::find(names.begin(), names.end(), given) - names.begin()];
}

void Parameters::refuse_unknown() const {
    const std::vector<std::string> reserved = command_line_keys();
    std::vector<std::string> known;
    for (const Declared &parameter : declared_) {
        known.push_back(parameter.name);
    }
    for (const auto &[name, value] : given_) {
        if (std::find(known.begin(), known.end(), name) != known.end()) {
            continue;
        }
        std::vector<std::string> all = known;
        all.insert(all.end(), reserved.begin(), reserved.end());
        _halide_user_error << "there is no parameter " << name << "; the parameters are " << list_of(known)
                           << ", beside " << list_of(reserved) << did_you_mean(name, all);
    }
}

}  // namespace sylvite

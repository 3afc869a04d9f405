#include "frontend/names.h"

#include <algorithm>
#include <map>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Halide names an anonymous Var, RVar or RDom by a letter and a running number.
std::string without_running_number(const std::string &name) {
    const bool anonymous = name.size() > 1 && (name[0] == 'v' || name[0] == 'r') &&
                           std::all_of(name.begin() + 1, name.end(), [](unsigned char c) { return std::isdigit(c); });
    return anonymous ? name.substr(0, 1) : name;
}

}  // namespace

Halide::VarOrRVar LoopVariable::var() const {
    // Halide finds a loop by the last part of its name: `xo` for `x.xo`.
    return Halide::VarOrRVar(halide_name.substr(halide_name.rfind('.') + 1), is_rvar);
}

std::string plain_variable(const std::string &halide_name) {
    const std::string last = halide_name.substr(halide_name.rfind('.') + 1);
    const size_t dollar = last.find('$');
    if (dollar == std::string::npos) {
        return without_running_number(last);
    }
    // The variables of an RDom are r$x, r$y, r$z, r$w, or r$0, r$1, ...
    return without_running_number(last.substr(0, dollar)) + "." + last.substr(last.rfind('$') + 1);
}

std::vector<LoopVariable> loop_variables(const StageSchedule &schedule) {
    std::vector<LoopVariable> variables;
    std::map<std::string, int> count;
    for (const Dim &dim : schedule.dims()) {
        if (dim.var == Halide::Var::outermost().name()) {
            continue;
        }
        std::string name = plain_variable(dim.var);
        if (const int n = ++count[name]; n > 1) {
            name += "." + std::to_string(n);
        }
        variables.push_back({name, dim.var, dim.is_rvar(), !dim.is_pure()});
    }
    return variables;
}

bool is_identifier(const std::string &name) {
    // Not std::isalnum, which depends on the locale.
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !name.empty() && !digit(name[0]) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

std::string list_of(const std::vector<std::string> &names) {
    std::string list;
    for (const std::string &name : names) {
        list += (list.empty() ? "" : ", ") + name;
    }
    return list.empty() ? "none" : list;
}

std::string nearest_name(const std::string &name, const std::vector<std::string> &known) {
    auto distance = [](const std::string &a, const std::string &b) {
        std::vector<size_t> row(b.size() + 1);
        for (size_t j = 0; j <= b.size(); j++) {
            row[j] = j;
        }
        for (size_t i = 1; i <= a.size(); i++) {
            size_t diagonal = row[0];
            row[0] = i;
            for (size_t j = 1; j <= b.size(); j++) {
                const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
                diagonal = row[j];
                row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
            }
        }
        return row[b.size()];
    };
    std::string best;
    size_t nearest = std::max<size_t>(2, name.size() / 2) + 1;
    for (const std::string &candidate : known) {
        if (size_t d = distance(name, candidate); d < nearest) {
            nearest = d;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(const std::string &name, const std::vector<std::string> &known, const std::string &otherwise) {
    const std::string nearest = nearest_name(name, known);
    return nearest.empty() ? otherwise : ": did you mean " + nearest + "?";
}

}  // namespace sylvite

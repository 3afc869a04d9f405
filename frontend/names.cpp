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

}  // namespace sylvite

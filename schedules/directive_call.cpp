#include "schedules/directive_call.h"

#include "frontend/graph.h"
#include "schedules/words.h"

#include <algorithm>

namespace sylvite {

namespace {

// Special versions of a stage may have the same loops.
std::vector<std::string> names_of(const std::vector<LoopVariable> &variables) {
    std::vector<std::string> names;
    for (const LoopVariable &variable : variables) {
        if (std::find(names.begin(), names.end(), variable.name) == names.end()) {
            names.push_back(variable.name);
        }
    }
    return names;
}

}  // namespace

Place DirectiveCall::place(size_t i) const {
    return i < directive_.argument_places.size() ? directive_.argument_places[i] : directive_.place;
}

size_t DirectiveCall::count(ArgumentKind kind) const {
    return std::count_if(arguments_.begin(), arguments_.end(), [&](const ArgumentRow &a) { return a.kind == kind; });
}

int DirectiveCall::find(ArgumentKind kind) const {
    for (size_t i = 0; i < arguments_.size(); i++) {
        if (arguments_[i].kind == kind) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

LoopVariable DirectiveCall::loop_variable(size_t i, const std::string &stage_name,
                                          const std::vector<LoopVariable> &variables) const {
    for (const LoopVariable &variable : variables) {
        if (variable.name == word(i)) {
            return variable;
        }
    }
    const std::vector<std::string> names = names_of(variables);
    schedule_error(scope_.file, place(i),
                   "stage " + stage_name + " has no loop " + word(i) +
                       (names.empty() ? "; it has none" : "; its loops are " + list_of(names)) +
                       did_you_mean(word(i), names));
}

Halide::VarOrRVar DirectiveCall::variable(size_t i) const {
    return loop_variable(i, scope_.stage_name, loop_variables(stage.get_schedule())).var();
}

std::vector<Halide::VarOrRVar> DirectiveCall::variables() const {
    std::vector<Halide::VarOrRVar> result;
    for (size_t i = 0; i < arguments_.size(); i++) {
        if (arguments_[i].kind == ArgumentKind::Variable) {
            result.push_back(variable(i));
        }
    }
    return result;
}

Halide::Var DirectiveCall::pure_variable(size_t i) const {
    std::vector<std::string> names;
    for (const std::string &argument : func.function().args()) {
        names.push_back(plain_variable(argument));
        if (names.back() == word(i)) {
            return Halide::Var(argument);
        }
    }
    schedule_error(scope_.file, place(i),
                   "stage " + scope_.stage_name + " has no dimension " + word(i) + "; its dimensions are " +
                       list_of(names) + ".");
}

Halide::VarOrRVar DirectiveCall::new_variable(size_t i, size_t like) const {
    return Halide::VarOrRVar(word(i), variable(like).is_rvar);
}

int DirectiveCall::integer(size_t i) const { return std::stoi(word(i)); }

Expr DirectiveCall::formula(size_t i) const {
    try {
        return to_expr(parse_formula(word(i)), scope_.find_size);
    } catch (const FormulaError &error) {
        Place at = place(i);
        at.column += error.offset;
        schedule_error(scope_.file, at, directive_.name + ": " + error.what());
    }
}

Expr DirectiveCall::size_expr(size_t i) const {
    const Expr size = formula(i);
    if (!size.type().is_int() && !size.type().is_uint()) {
        schedule_error(scope_.file, place(i), directive_.name + " needs an integer; " + word(i) + " is none.");
    }
    return Halide::cast<int>(size);
}

Expr DirectiveCall::condition() const {
    const Expr condition = formula(0);
    if (!condition.type().is_bool()) {
        schedule_error(scope_.file, place(0),
                       directive_.name + " needs a condition, such as n >= 64; " + word(0) + " is a number.");
    }
    return condition;
}

Func DirectiveCall::reader(size_t i) const {
    int update = -1;
    const Func reader = scope_.find_stage(word(i), place(i), update);
    if (update >= 0) {
        schedule_error(scope_.file, place(i),
                       directive_.name + " is said of all reads in a Func: leave .update(" + std::to_string(update) +
                           ") out.");
    }
    const std::vector<Halide::Internal::Function> read = reads_of(reader.function()).functions;
    const bool reads = std::any_of(read.begin(), read.end(), [&](const auto &f) { return f.name() == func.name(); });
    if (!reads || reader.name() == func.name()) {
        schedule_error(scope_.file, place(i),
                       directive_.name + " needs stages that read " + scope_.stage_name + "; " + word(i) +
                           " does not.");
    }
    return reader;
}

Func DirectiveCall::joined(size_t i, const std::vector<Func> &others) const {
    int update = -1;
    const Func other = scope_.find_stage(word(i), place(i), update);
    if (update >= 0) {
        schedule_error(scope_.file, place(i),
                       directive_.name + " is said of all of a Func: leave .update(" + std::to_string(update) +
                           ") out.");
    }
    if (std::any_of(others.begin(), others.end(), [&](const Func &f) { return f.name() == other.name(); })) {
        schedule_error(scope_.file, place(i), directive_.name + " has " + word(i) + " twice.");
    }
    if (other.dimensions() != func.dimensions()) {
        schedule_error(scope_.file, place(i),
                       directive_.name + " needs stages of as many dimensions; " + scope_.stage_name + " has " +
                           std::to_string(func.dimensions()) + ", " + word(i) + " " +
                           std::to_string(other.dimensions()) + ".");
    }
    need_joinable(other, word(i), place(i));
    return other;
}

// Halide sends readers to copies when it lowers the kernel, after all that is said here.
void DirectiveCall::need_joinable(const Func &stage, const std::string &name, const Place &at) const {
    need_inner_stage(stage, name, at);
    if (!stage.function().wrappers().empty()) {
        schedule_error(scope_.file, at,
                       directive_.name + " needs stages without copies for some of their readers; " + name +
                           " has one, by in or clone_in: write that of the new stage.");
    }
    for (const Halide::Internal::Function &other : scope_.all_stages()) {
        for (const auto &[reader, copy] : other.wrappers()) {
            if (Halide::Internal::Function(copy).name() == stage.name()) {
                schedule_error(
                    scope_.file, at,
                    directive_.name + " needs stages of the algorithm; " + name +
                        " is a copy, by in or clone_in: join the stage that it copies, and copy the new one.");
            }
        }
    }
}

Halide::LoopLevel DirectiveCall::loop_level() const {
    int update = -1;
    const Func reader = scope_.find_stage(word(0), place(0), update);
    const Halide::Internal::Function &function = reader.function();
    if (function.name() == func.name()) {
        schedule_error(scope_.file, place(0),
                       directive_.name + " needs a loop of a stage that reads " + scope_.stage_name +
                           "; it was given one of " + scope_.stage_name + " itself.");
    }
    // Without `.update(k)` the loop may belong to any definition, and it may be there in a special version only.
    std::vector<LoopVariable> loops;
    const auto add = [&](const Halide::Internal::Definition &definition) {
        const auto more = loop_variables(definition.schedule());
        loops.insert(loops.end(), more.begin(), more.end());
        for (const Halide::Internal::Specialization &special : definition.specializations()) {
            const auto special_loops = loop_variables(special.definition.schedule());
            loops.insert(loops.end(), special_loops.begin(), special_loops.end());
        }
    };
    if (update >= 0) {
        add(function.update(update));
    } else {
        add(function.definition());
        std::for_each(function.updates().begin(), function.updates().end(), add);
    }
    return Halide::LoopLevel(reader, loop_variable(1, word(0), loops).var());
}

Halide::TailStrategy DirectiveCall::tail() const {
    const int i = find(ArgumentKind::Tail);
    return i < 0 ? Halide::TailStrategy::Auto : value_of(tail_words(), word(i));
}

Halide::MemoryType DirectiveCall::memory() const { return value_of(memory_words(), word(find(ArgumentKind::Memory))); }

Halide::DeviceAPI DirectiveCall::device() const {
    const int i = find(ArgumentKind::Device);
    return i < 0 ? Halide::DeviceAPI::Default_GPU : value_of(device_words(), word(i));
}

Halide::Partition DirectiveCall::partition() const {
    return value_of(partition_words(), word(find(ArgumentKind::Partition)));
}

void DirectiveCall::need_inner_stage() const { need_inner_stage(func, scope_.stage_name, directive_.place); }

void DirectiveCall::need_inner_stage(const Func &stage, const std::string &name, const Place &at) const {
    if (scope_.is_output(stage)) {
        schedule_error(scope_.file, at,
                       directive_.name + " needs a stage that the kernel keeps itself; " + name +
                           " is an output, which lies in an array of the program.");
    }
}

void DirectiveCall::need_independent(const std::vector<Halide::VarOrRVar> &variables) const {
    if (stage.get_schedule().atomic()) {
        return;  // Halide proves that the update is associative
    }
    for (const LoopVariable &loop : loop_variables(stage.get_schedule())) {
        for (size_t i = 0; i < variables.size(); i++) {
            if (loop.carries_dependence && loop.var().name() == variables[i].name()) {
                schedule_error(scope_.file, place(i),
                               directive_.name + " needs iterations that do not depend on one another; those of " +
                                   loop.name + " in " + scope_.stage_name +
                                   " may: use rfactor, or write atomic before it.");
            }
        }
    }
}

}  // namespace sylvite

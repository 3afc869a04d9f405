#pragma once

#include "frontend/names.h"
#include "schedules/condition.h"
#include "schedules/directives.h"

#include <functional>

namespace sylvite {

/// A directive about to be put on a stage: its arguments as values that Halide's scheduling calls take. What is wrong
/// with an argument is thrown as a Halide::CompileError with its place.
class DirectiveCall {
public:
    /// What the arguments may name.
    struct Scope {
        const std::string &file;
        std::string stage_name;
        std::function<Func(const std::string &stage, const Place &, int &update)> find_stage;
        std::function<void(const std::string &stage, const Place &, const Func &)> define_stage;
        std::function<std::vector<Halide::Internal::Function>()> all_stages;
        std::function<bool(const Func &)> is_output;  ///< of the kernel
        FindName find_size;
    };
    DirectiveCall(Halide::Stage stage, Func func, const Directive &directive, const Scope &scope) :
        stage(std::move(stage)), func(std::move(func)), directive_(directive), scope_(scope),
        arguments_(match_form(directive, scope.file).arguments) {}

    Halide::Stage stage;
    Func func;

    size_t size() const { return arguments_.size(); }
    /// How many arguments of that kind there are.
    size_t count(ArgumentKind kind) const;

    Halide::VarOrRVar variable(size_t i) const;
    std::vector<Halide::VarOrRVar> variables() const;  ///< all arguments of kind Variable
    /// The variable of argument i as a pure one. Throws when it is a reduction variable.
    Halide::Var pure_variable(size_t i) const;
    /// A new variable of the same kind as argument `like`: parts of a reduction variable are reduction variables.
    Halide::VarOrRVar new_variable(size_t i, size_t like) const;
    int integer(size_t i) const;
    Expr size_expr(size_t i) const;
    Expr condition() const;
    Halide::LoopLevel loop_level() const;
    /// A Func that reads this one.
    Func reader(size_t i) const;
    /// A Func to be joined to `others`, the first of which is this one; what cannot be is refused.
    Func joined(size_t i, const std::vector<Func> &others) const;
    /// Refuses a Func that cannot be joined to any.
    void need_joinable() const { need_joinable(func, scope_.stage_name, directive_.place); }
    std::vector<Halide::Internal::Function> all_stages() const { return scope_.all_stages(); }
    void define_stage(size_t i, const Func &func) { scope_.define_stage(word(i), place(i), func); }

    const std::string &word(size_t i) const { return directive_.arguments[i]; }
    Halide::TailStrategy tail() const;
    Halide::MemoryType memory() const;
    Halide::DeviceAPI device() const;
    Halide::Partition partition() const;

    /// Refuses an output of the kernel, whose array is the caller's.
    void need_inner_stage() const;

    /// Refuses a variable whose iterations Halide could not run side by side, before Halide does.
    void need_independent(const std::vector<Halide::VarOrRVar> &variables) const;

private:
    const Directive &directive_;
    const Scope &scope_;
    std::vector<ArgumentRow> arguments_;

    Place place(size_t i) const;
    void need_inner_stage(const Func &stage, const std::string &name, const Place &at) const;
    void need_joinable(const Func &stage, const std::string &name, const Place &at) const;
    int find(ArgumentKind kind) const;
    Expr formula(size_t i) const;
    LoopVariable loop_variable(size_t i, const std::string &stage_name, const std::vector<LoopVariable> &) const;
};

}  // namespace sylvite

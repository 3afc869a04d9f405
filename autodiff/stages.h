#pragma once

#include "autodiff/linear_form.h"

namespace sylvite {

/// One stage of a Func with its Lets expanded, without what define_update() adds, and an update without undef().
struct StageForm {
    std::vector<Expr> args, values;
    Expr predicate;                            ///< undefined if always true
    Halide::Internal::ReductionDomain domain;  ///< undefined without an RDom
};
StageForm stage_form(const Halide::Internal::Function &function, int stage);

/// A copy of a stage: `rewrite` is applied to all its Exprs, and it has an RDom of its own.
StageForm copy_stage(const StageForm &form, const std::function<Expr(const Expr &)> &rewrite);

/// Gives `function` the stage as its next update. Of several values, all are computed before any is stored.
void define_update(Halide::Internal::Function function, const StageForm &form);

/// The type in which adjoints of values of type `type` are summed: f32 for f16.
inline Halide::Type adjoint_type(Halide::Type type) { return type.bits() < 32 ? Halide::Float(32) : type; }

/// Throws Halide::CompileError if `function` is an extern stage, whose derivative is not known, or has a gather() in its
/// pure definition, where it means one thing inlined and another computed.
void require_definition(const Halide::Internal::Function &function);

/// Names for the pure variables of the adjoint of `function`: its own, but for Halide's implicit `_0`, `_1`.
std::vector<std::string> adjoint_arguments(const Halide::Internal::Function &function);

/// Whether `e` (which may be undefined) reads `function`.
bool reads(const Expr &e, const Halide::Internal::Function &function);

/// `e` with the reads of value c of `from` made reads of value `first + c` of `to`, cast if that has another type.
Expr redirect_reads(const Expr &e, const Halide::Internal::Function &from, const Halide::Internal::Function &to,
                    int first = 0);

/// A stage whose predicate reads `function` itself as one without a predicate, that writes back what is there where it
/// does not hold: for copies of `function`, because a predicate cannot read a Func that is not there yet.
StageForm without_own_predicate(StageForm form, const Halide::Internal::Function &function);

/// What an update stage does to the values that were there before it.
enum class Update {
    accumulate,  ///< adds to them: f(a) = f(a) + e, with e, a and the predicate free of f
    rewrite,     ///< has no RDom: each place is written at most once, from values before the stage
    overwrite,   ///< has an RDom and does not read f: the last iteration that writes a place counts
    scan,        ///< has an RDom, writes each place once and reads f at constant distances behind: see scan.h
    recur,       ///< has an RDom and reads f in any other way, or stores several values at once: see recurrence.h
};
/// The kind of stage `stage` >= 1.
Update kind_of_update(const Halide::Internal::Function &function, int stage);

/// `function` as it is after stage `stage`, without the later ones.
Halide::Internal::Function after_stage(const Halide::Internal::Function &function, int stage);

/// For an `overwrite` stage: the number of the last iteration that writes a place, -1 if none does; and the number of
/// the current iteration, an Expr of the stage's reduction variables.
Halide::Internal::Function last_writer(const Halide::Internal::Function &function, int stage);
Expr iteration_number(const Halide::Internal::Function &function, int stage);

}  // namespace sylvite

#pragma once

#include "autodiff/autodiff.h"
#include "autodiff/boxes.h"
#include "autodiff/transpose.h"

#include <map>

namespace sylvite {

/// One stage of a Func with its Lets expanded.
struct StageForm {
    std::vector<Expr> args, values;
    Expr predicate;  ///< undefined if always true
};
StageForm stage_form(const Halide::Internal::Function &function, int stage);

/// Names for the pure variables of the adjoint of `function`: its own, but for Halide's implicit `_0`, `_1`.
std::vector<std::string> adjoint_arguments(const Halide::Internal::Function &function);

/// Whether `e` (which may be undefined) reads `function`.
bool reads(const Expr &e, const Halide::Internal::Function &function);

/// Throws Halide::CompileError unless stage `stage` >= 1 of `function` adds to what was there: f(a) = f(a) + e with e, a
/// and the predicate free of f. Such a stage hands adjoints on to the stages before it unchanged.
void require_accumulation(const Halide::Internal::Function &function, int stage);
/// The same as a question; `reason` gets the text for the error.
bool is_accumulation(const Halide::Internal::Function &function, int stage, std::string *reason = nullptr);

/// Reverse derivatives of Func graphs. Adjoints are built when asked for and then kept; roots may be added as long as
/// nothing that they need has been asked for yet, which lets programs be swept loop by loop from their end.
class Reverse {
public:
    void add_root(const Cotangent &root);
    /// The loss depends on a scalar parameter by itself, with derivative `adjoint` (no dimensions).
    void add_root(const ReadTarget &scalar, const Func &adjoint);

    /// The sum of what all readers of `target` contribute; undefined if that is zero. It is right where it may differ
    /// from zero only, and for Arrays on their whole box. f16 values have f32 adjoints.
    Func adjoint(const ReadTarget &target, const std::vector<std::string> &arguments, Type type);
    /// The same, 0 outside the box and of type `type`; a zero Func where there is no derivative.
    Func adjoint_everywhere(const ReadTarget &target, const std::vector<std::string> &arguments, Type type);

private:
    struct Reader {
        Halide::Internal::Function function;
        int stage;
    };
    std::vector<Cotangent> roots_;
    std::map<ReadTarget, std::vector<Func>> scalar_roots_;
    bool is_current_ = false;  // whether bounds_ and readers_ know all roots
    Bounds bounds_;
    std::map<std::string, std::vector<Reader>> readers_;  // by key of what is read
    std::map<std::string, StageForm> forms_;

    /// An adjoint and the region outside which it is zero, and where its Func may be anything.
    struct Adjoint {
        Func sum;
        Region support;
    };
    std::map<ReadTarget, Adjoint> adjoints_;

    /// What one stage adds to the adjoint of what it reads.
    struct Addition {
        ScatterAdd scatter;
        Expr read;
        std::string where;
        Halide::Internal::Scope<Halide::Internal::Interval> domain;
    };

    void update();
    const StageForm &form(const Halide::Internal::Function &function, int stage);
    const Adjoint &adjoint_and_support(const ReadTarget &target, const std::vector<std::string> &arguments, Type type);
    void add_additions(const Reader &reader, const ReadTarget &target, std::vector<Addition> &additions);
    Region support_of(const ReadTarget &target, const std::vector<Addition> &additions) const;
    void add_cotangents(const ReadTarget &target, const std::vector<std::string> &arguments, const Region &support,
                        std::vector<Contribution> &contributions) const;
};

}  // namespace sylvite

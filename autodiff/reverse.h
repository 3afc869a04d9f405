#pragma once

#include "autodiff/autodiff.h"
#include "autodiff/boxes.h"
#include "autodiff/custom_rule.h"
#include "autodiff/recurrence.h"
#include "autodiff/rule_pullback.h"
#include "autodiff/scan.h"
#include "autodiff/stages.h"
#include "autodiff/transpose.h"

#include <functional>
#include <map>

namespace sylvite {

/// Reverse derivatives of Func graphs. Adjoints are built when asked for and then kept; roots may be added as long as
/// nothing that they need has been asked for yet, which lets programs be swept loop by loop from their end.
class Reverse {
public:
    /// Derivatives end at what `is_leaf` says: it has an adjoint, which is not passed on to what it is made of.
    explicit Reverse(std::function<bool(const Halide::Internal::Function &)> is_leaf = nullptr) :
        is_leaf_(std::move(is_leaf)) {}

    void add_root(const Cotangent &root);
    /// The loss depends on a scalar parameter by itself, with derivative `adjoint` (no dimensions).
    void add_root(const ReadTarget &scalar, const Func &adjoint);

    /// The sum of what all readers of `target` contribute; undefined if that is zero. It is right where it may differ
    /// from zero only, and for Arrays on their whole box. f16 values have f32 adjoints.
    Func adjoint(const ReadTarget &target, const std::vector<std::string> &arguments, Type type);
    /// An adjoint and the region outside which it is zero, and where its Func may be anything.
    struct Adjoint {
        Func sum;
        Region support;
    };
    /// The same with its region.
    const Adjoint &adjoint_and_support(const ReadTarget &target, const std::vector<std::string> &arguments, Type type);
    /// The same, 0 outside the box and of type `type`; a zero Func where there is no derivative.
    Func adjoint_everywhere(const ReadTarget &target, const std::vector<std::string> &arguments, Type type);

private:
    struct Reader {
        Halide::Internal::Function function;
        int stage;
    };
    std::function<bool(const Halide::Internal::Function &)> is_leaf_;
    std::vector<Cotangent> roots_;
    std::map<ReadTarget, std::vector<Func>> scalar_roots_;
    bool is_current_ = false;  // whether bounds_ and readers_ know all roots
    Bounds bounds_;
    std::map<std::string, std::vector<Reader>> readers_;  // by key of what is read
    std::map<std::string, StageForm> forms_;
    std::map<std::string, std::string> inlined_;  // Funcs taken for parts of their readers: by key, one of these

    std::map<ReadTarget, Adjoint> adjoints_;
    std::map<std::pair<ReadTarget, int>, Adjoint> earlier_;  // of what a stage, not the last one, leaves behind

    // Funcs with ties to count, by name: they count as Funcs without updates that read another, which counts.
    std::map<std::string, Halide::Internal::Function> counting_;
    // What is not reached by derivatives as a rule of the user's own stands for it: by key, the Func with the rule.
    std::map<std::string, Halide::Internal::Function> hidden_leaves_, hidden_functions_;
    std::map<std::string, RulePullback> pullbacks_;  // by name of the Func with the rule

    std::map<std::string, Recurrence> recurrences_;  // by Func and stage
    std::map<std::string, Scan> scans_;
    std::map<std::string, Halide::Internal::Function> after_stages_;

    /// What one stage adds to the adjoint of what it reads.
    struct Addition {
        ScatterAdd scatter;
        Expr read;
        std::string where;
        Halide::Internal::Scope<Halide::Internal::Interval> domain;
    };

    void update();
    void hide(const Halide::Internal::Function &function);
    void add_readers(const Halide::Internal::Function &function);
    int updates_of(const Halide::Internal::Function &function) const;
    const StageForm &form(const Halide::Internal::Function &function, int stage);
    void inline_unbounded(StageForm &form, const std::string &reader);
    const Adjoint &adjoint_after(const Halide::Internal::Function &function, int component, int stage);
    Recurrence &recurrence(const Halide::Internal::Function &function, int stage);
    Scan &scan(const Halide::Internal::Function &function, int stage);
    Halide::Internal::Function after_stage(const Halide::Internal::Function &function, int stage);
    Expr primal(const Expr &e, const Halide::Internal::Function &function, int stage, Update kind);
    Expr adjoint_after_at(const Halide::Internal::Function &function, int component, int stage,
                          const std::vector<Expr> &place);
    Adjoint adjoint_before(const Halide::Internal::Function &function, int component, int stage);
    Adjoint sum_up(const ReadTarget &target, const std::vector<std::string> &arguments, Type type,
                   const Region &support, std::vector<Contribution> contributions,
                   const std::vector<Addition> &additions);
    void add_additions(const Reader &reader, const ReadTarget &target, std::vector<Addition> &additions);
    void add_additions(const Reader &reader, const StageForm &stage, int element,
                       const std::vector<const Adjoint *> &own, const Region &box, const ReadTarget &target,
                       std::vector<Addition> &additions);
    void add_rule_additions(const RuledFunc &ruled, const std::vector<const Adjoint *> &own, const Region &box,
                            const ReadTarget &target, std::vector<Addition> &additions);
    Region support_of(const ReadTarget &target, const std::vector<Addition> &additions) const;
    void add_cotangents(const ReadTarget &target, const std::vector<std::string> &arguments, const Region &support,
                        std::vector<Contribution> &contributions) const;
};

}  // namespace sylvite

#pragma once

#include "autoscheduler/autoschedule.h"
#include "autoscheduler/expr_cost.h"
#include "frontend/blocks.h"
#include "frontend/names.h"

namespace sylvite {

/// A loop of a definition as it is before any scheduling.
struct LoopInfo {
    LoopVariable variable;
    int64_t extent;  ///< expected
    bool constant;   ///< the extent is known at compile time
    int dimension;   ///< of the Func, whose index is this variable alone; -1 if none
    bool independent() const { return !variable.carries_dependence; }
};

/// A definition of a Func, and what one evaluation of it costs.
struct DefinitionInfo {
    std::vector<LoopInfo> loops;  ///< innermost first
    std::vector<Halide::Expr> args;
    ExprCost cost;
    bool associative = false;      ///< an update that Halide can split into partial ones
    bool adds_up_vectors = false;  ///< and an operation that machines have for the lanes of a vector: +, *, min, max
    double iterations() const;
};

/// A Func of a kernel.
struct StageInfo {
    std::string name;
    Halide::Internal::Function function;
    bool output = false;
    bool read_by_extern = false;   ///< a C function reads it from memory
    int bytes = 4;                 ///< of the largest value of an element
    std::vector<int64_t> extents;  ///< expected, of what is computed when it is computed at root
    std::vector<bool> constant;    ///< whether they are known at compile time
    std::vector<DefinitionInfo> definitions;
    double points() const;
    bool pure() const { return definitions.size() == 1; }
    /// Whether it may be computed where it is read.
    bool can_be_inlined() const { return pure() && !output && !read_by_extern; }
};

/// Replaces scalar parameters by the values that they are expected to have.
class Estimates {
public:
    explicit Estimates(const AutoscheduleOptions &options) : options_(options) {}
    Halide::Expr operator()(const Halide::Expr &e) const;
    /// The expected value of an integer; `otherwise` when it depends on more than parameters.
    int64_t value(const Halide::Expr &e, int64_t otherwise) const;
    int64_t other_sizes() const { return options_.other_sizes; }

private:
    const AutoscheduleOptions &options_;
};

/// The stages of a kernel that may be scheduled, producers first; extern stages are left out.
std::vector<StageInfo> analyse(const Kernel &kernel, const KernelPipeline &pipeline, const Estimates &estimates);

/// The extents of what all Funcs must compute for `func` to be computed on a box that begins at 0; expected values.
/// Keyed by Halide's names.
std::map<std::string, std::vector<int64_t>> extents_for(const Halide::Func &func, const std::vector<int64_t> &box,
                                                        const Estimates &estimates);

}  // namespace sylvite

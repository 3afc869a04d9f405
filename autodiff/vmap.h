#pragma once

#include "autodiff/autodiff.h"

namespace sylvite {

/// An input of a Func and the many values it is to have: a Func with more dimensions than the input, the batch, which
/// follow those of the input.
struct Batch {
    Input input;
    Func values;
};

/// `output` for each of the values of its inputs: a Func with the dimensions of the batch after its own. All inputs have
/// the same number of batch dimensions; what does not depend on them is computed once. Updates, scans and recurrences
/// over RDoms keep their order in each element. Derivatives of the result, rules of custom_rule() included, are those of
/// each element.
/// Throws Halide::CompileError for extern stages and loops of Programs that depend on the inputs, and for RDoms whose
/// bounds do.
Func vmap(const Func &output, const std::vector<Batch> &inputs);
/// The same for several outputs that share what they have in common.
std::vector<Func> vmap(const std::vector<Func> &outputs, const std::vector<Batch> &inputs);

}  // namespace sylvite

#pragma once

#include "autodiff/autodiff.h"
#include "frontend/program.h"

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

/// `program` for `extent` values of the inputs named in `mapped`: those, and the outputs that depend on them, have one
/// dimension more, the last one, which counts the elements of the batch; a scalar becomes an array. Outputs that do not
/// depend on them stay as they are. `extent` may read scalars, which become inputs where they are none.
///
/// Element by element the values, and the derivatives of any order, are those of `program`. A loop, while_loop or branch
/// on which the inputs decide runs as long as any element needs it: elements that are done keep their states, and what is
/// computed for them meanwhile is dropped. Their loops need a LoopOptions::capacity for reverse derivatives that read
/// states, also where the number of steps was a scalar. Rules of custom_rule(), fixed_point() and linear_solve() become
/// those of all elements.
/// Throws Halide::CompileError for extern stages, and for extents, capacities and RDoms that depend on the inputs.
Program vmap(const Program &program, const std::vector<std::string> &mapped, const Expr &extent);

}  // namespace sylvite

#pragma once

#include "autodiff/source_line.h"
#include "frontend/program.h"

namespace sylvite {

/// Derivatives of programs are programs: they can be compiled, and differentiated again, to any order. `wrt` names
/// float inputs, Arrays or scalars; a scalar's tangent and adjoint are Arrays without dimensions. Outputs that are not
/// floats have no derivative and are passed on. A name that is taken gets `_2`, `_3`, ... appended.
/// `where` is named in the warning of a derivative that is zero by construction.
/// All throw Halide::CompileError that names the input, stage or loop which cannot be differentiated.

/// Directional derivative. Adds an input `d_<a>` for each `a` in `wrt` and an output `d_<y>` for each float output y.
/// Cost: 2-3 evaluations of the program.
Program jvp(const Program &program, const std::vector<std::string> &wrt, SourceLine where = SourceLine::here());

/// Reverse derivative. Adds an input `adjoint_<y>` for each float output y and an output `adjoint_<a>` for each `a` in
/// `wrt`. Cost: 3-5 evaluations, and memory as each loop's LoopOptions::memory says.
Program vjp(const Program &program, const std::vector<std::string> &wrt, SourceLine where = SourceLine::here());

/// Gradient of the one scalar float output L: adds an output `d_<L>_d_<a>` for each `a` in `wrt`.
Program grad(const Program &program, const std::vector<std::string> &wrt, SourceLine where = SourceLine::here());

/// Hessian times vector, forward over reverse. Adds to `grad` an input `v_<a>` and an output `hvp_<a>` for each `a`.
Program hvp(const Program &program, const std::vector<std::string> &wrt, SourceLine where = SourceLine::here());

}  // namespace sylvite

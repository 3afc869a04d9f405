#pragma once

#include "frontend/program.h"

namespace sylvite {

/// An Array that the C function `function` computes, a kernel of its own, which has the function's name. With
/// `extern "C" int smooth(halide_buffer_t *u, float rate, halide_buffer_t *out)`:
///
///     Array next = extern_kernel<float>("smooth", {u, rate}, {n});
///
/// It is given a `halide_buffer_t *` for each Array and a number for each Expr, int32 to float64, in the order of
/// `arguments`, then one for what it makes. That is Halide's interface of extern stages (Func::define_extern) without
/// bounds queries, which the function never sees: arrays are whole, begin at 0, are dense in dimension 0, lie in host
/// memory and do not overlap; one without elements may have a null `host`, which is no bounds query. It fills its last
/// argument, changes nothing else, and must make the same of the same arguments: it is called once for each time that one
/// of them changes, and not at all for what has no elements or no output depends on.
/// Anything but 0 that it returns ends the program with that code and the text `<program>: kernel <function>: ...`.
///
/// `compile` finds the function in this process, whose linker must export it (-rdynamic; ENABLE_EXPORTS in CMake);
/// a static library leaves it to the linker. Its derivative is that of a custom_rule() (autodiff/custom_rule.h). For a
/// C function of numbers there is HalideExtern_1 and so on, to be read in the Exprs of any kernel.
/// Throws Halide::CompileError for a name that is no C identifier, and for arguments and extents that cannot be given.
Array extern_kernel(const std::string &function, const std::vector<CallArgument> &arguments, Type type,
                    const std::vector<Expr> &extents);
template<typename T>
Array extern_kernel(const std::string &function, const std::vector<CallArgument> &arguments,
                    const std::vector<Expr> &extents) {
    return extern_kernel(function, arguments, Halide::type_of<T>(), extents);
}

/// Whether an Array is the value of an extern stage: then it is a kernel of its own, and what it is given lies in memory.
bool is_extern_kernel(const ArrayNode &node);

/// The arguments of an extern stage, with those that are Funcs and Exprs changed.
std::vector<Halide::ExternFuncArgument>
extern_arguments(const Halide::Internal::Function &function,
                 const std::function<Halide::ExternFuncArgument(const Halide::Internal::Function &)> &of_function,
                 const std::function<Expr(const Expr &)> &of_expr);

/// An extern stage that calls what `like` calls, with `arguments`.
Func extern_like(const Halide::Internal::Function &like, const std::vector<Halide::ExternFuncArgument> &arguments);

}  // namespace sylvite

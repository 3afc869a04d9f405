#include "frontend/extern_kernel.h"

#include "frontend/graph.h"
#include "frontend/names.h"

using namespace Halide::Internal;

namespace sylvite {

using Halide::ExternFuncArgument;

Array extern_kernel(const std::string &function, const std::vector<CallArgument> &arguments, Type type,
                    const std::vector<Expr> &extents) {
    _halide_user_assert(is_identifier(function))
        << "extern_kernel() needs the name of a C function; it was given \"" << function << "\".";
    std::vector<ExternFuncArgument> given;
    for (size_t i = 0; i < arguments.size(); i++) {
        const CallArgument &argument = arguments[i];
        if (argument.is_array()) {
            given.emplace_back(argument.array().func());
            continue;
        }
        const Expr &scalar = argument.scalar();
        _halide_user_assert(scalar.defined())
            << "extern_kernel() needs defined arguments; argument " << i << " of " << function << " is not.";
        _halide_user_assert(!scalar.type().is_handle() && !scalar.type().is_bfloat() && scalar.type().bits() >= 32)
            << "extern_kernel() needs numbers that C passes as they are, int32 to float64; argument " << i << " of "
            << function << " is " << scalar.type() << ": cast it.";
        given.emplace_back(scalar);
    }
    Func f(function);
    f.define_extern(function, given, type, coordinates(extents.size()), Halide::NameMangling::C);
    return Array(f, extents);
}

bool is_extern_kernel(const ArrayNode &node) {
    return node.kind == ArrayNode::Kind::Value && node.value.function().has_extern_definition();
}

std::vector<ExternFuncArgument> extern_arguments(const Function &function,
                                                 const std::function<ExternFuncArgument(const Function &)> &of_function,
                                                 const std::function<Expr(const Expr &)> &of_expr) {
    std::vector<ExternFuncArgument> arguments = function.extern_arguments();
    for (ExternFuncArgument &argument : arguments) {
        if (argument.is_func()) {
            argument = of_function(Function(argument.func));
        } else if (argument.is_expr()) {
            argument = of_expr(argument.expr);
        }
    }
    return arguments;
}

Func extern_like(const Function &like, const std::vector<ExternFuncArgument> &arguments) {
    std::vector<Halide::Var> args;
    for (const std::string &arg : like.args()) {
        args.emplace_back(arg);
    }
    Func f(plain_name(like.name()));
    f.define_extern(like.extern_function_name(), arguments, like.output_types(), args,
                    like.extern_definition_name_mangling(), like.extern_function_device_api());
    return f;
}

}  // namespace sylvite

#include "autodiff/autodiff.h"

#include "autodiff/reverse.h"
#include "autodiff/zero_gradient.h"
#include "frontend/graph.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

std::vector<std::string> coordinate_names(int dimensions) {
    std::vector<std::string> names;
    for (int d = 0; d < dimensions; d++) {
        names.push_back("i" + std::to_string(d));
    }
    return names;
}

void require_floats(const std::string &function, const Input &x) {
    bool any = false;
    for (const Type &type : x.types()) {
        any = any || type.is_float();
    }
    _halide_user_assert(any) << function << " needs float inputs; " << x.name() << " has type " << x.types()[0]
                             << ": integers have no derivative.";
}

}  // namespace

Input::Input(const Func &func, SourceLine where) : where_(where) {
    _halide_user_assert(func.defined()) << "A derivative needs defined Funcs; " << plain_name(func.name())
                                        << " is not: define it first.";
    name_ = plain_name(func.name());
    key_ = target_of(func.function()).key;
    types_ = func.types();
    arguments_ = adjoint_arguments(func.function());
}

Input::Input(const Halide::ImageParam &image, SourceLine where) : Input(image.parameter(), where) {}

Input::Input(const Halide::Buffer<> &buffer, SourceLine where) : where_(where) {
    _halide_user_assert(buffer.defined())
        << "A derivative needs defined Buffers; it was given one that is not: allocate it first.";
    name_ = buffer.name();
    key_ = target_of(buffer).key;
    types_ = {buffer.type()};
    arguments_ = coordinate_names(buffer.dimensions());
}

Input::Input(const Halide::Parameter &parameter, SourceLine where) : where_(where) {
    _halide_user_assert(parameter.defined())
        << "A derivative needs defined parameters; it was given one that is not: give it a type.";
    name_ = parameter.name();
    key_ = target_of(parameter).key;
    types_ = {parameter.type()};
    arguments_ = coordinate_names(parameter.is_buffer() ? parameter.dimensions() : 0);
}

Input::Input(const Array &array, SourceLine where) : Input(array.func(), where) {}

Adjoints::Adjoints(const std::vector<Cotangent> &outputs) :
    reverse_(std::make_shared<Reverse>()), asked_for_(std::make_shared<std::set<std::string>>()) {
    for (const Cotangent &cotangent : outputs) {
        const Func &output = cotangent.output, &adjoint = cotangent.adjoint;
        _halide_user_assert(output.defined() && adjoint.defined())
            << "vjp() needs defined Funcs; the " << (output.defined() ? "adjoint" : "output") << " "
            << plain_name((output.defined() ? adjoint : output).name()) << " is not: define it first.";
        const std::string name = plain_name(output.name());
        _halide_user_assert(static_cast<int>(cotangent.box.size()) == output.dimensions())
            << "vjp() needs a box with {min, extent} per dimension; " << name << " has " << output.dimensions()
            << " dimensions and the box " << cotangent.box.size() << ": give the region on which the adjoint counts.";
        for (const Halide::Range &range : cotangent.box) {
            _halide_user_assert(range.min.defined() && range.extent.defined())
                << "vjp() needs a box with bounds; that of " << name
                << " has a dimension without: give the region on which the adjoint counts.";
            const auto extent = as_const_int(range.extent);
            _halide_user_assert(!extent || *extent >= 0)
                << "vjp() needs a box with extents of at least 0; that of " << name << " has one of " << *extent
                << ": give {min, extent} for each dimension.";
        }
        _halide_user_assert(adjoint.dimensions() == output.dimensions() && adjoint.outputs() == output.outputs())
            << "vjp() needs an adjoint with the rank and number of values of the output; " << name << " has "
            << output.dimensions() << " dimensions and " << output.outputs() << " values, its adjoint "
            << adjoint.dimensions() << " and " << adjoint.outputs() << ": give it the arguments of the output.";
        bool any_float = false;
        for (int c = 0; c < output.outputs(); c++) {
            const bool is_float = output.types()[c].is_float();
            any_float = any_float || is_float;
            _halide_user_assert(!is_float || adjoint.types()[c].is_float())
                << "vjp() needs float adjoints of float outputs; the adjoint of " << name << " has type "
                << adjoint.types()[c] << ": cast it.";
        }
        _halide_user_assert(any_float) << "vjp() needs float outputs; " << name << " has type " << output.types()[0]
                                       << ": integers have no derivative.";
        reverse_->add_root(cotangent);
        outputs_.push_back(output);
    }
}

Func Adjoints::operator()(const Input &x) const {
    require_floats("vjp()", x);
    const Func derivative = as_derivative(by(x));
    if (asked_for_->insert(x.target().key).second) {
        warn_if_zero(outputs_, x);
    }
    return derivative;
}

Func Adjoints::by(const Input &x) const {
    if (x.types().size() == 1) {
        return reverse_->adjoint_everywhere(x.target(), x.arguments(), x.types()[0]);
    }
    const std::vector<Halide::Var> pure(x.arguments().begin(), x.arguments().end());
    std::vector<Expr> values;
    for (size_t c = 0; c < x.types().size(); c++) {
        const Type type = x.types()[c];
        values.push_back(type.is_float() ? Expr(reverse_->adjoint_everywhere(x.target(static_cast<int>(c)),
                                                                             x.arguments(), type)(pure))
                                         : make_zero(type));
    }
    Func result("d_" + x.name());
    result(pure) = Halide::Tuple(values);
    return result;
}

Func stop_gradient(const Func &f) {
    _halide_user_assert(f.defined()) << "stop_gradient() needs a defined Func; " << plain_name(f.name())
                                     << " is not: define it first.";
    Func stopped(plain_name(f.name()) + "_stopped");
    const std::vector<Halide::Var> args = f.args();
    std::vector<Expr> values;
    for (int c = 0; c < f.outputs(); c++) {
        const Halide::FuncRef at = f(args);
        values.push_back(stop_gradient(f.outputs() == 1 ? Expr(at) : Expr(at[c])));
    }
    stopped(args) = Halide::Tuple(values);
    return stopped;
}

Adjoints grad(const Func &loss) {
    _halide_user_assert(loss.defined()) << "grad() needs a defined Func; " << plain_name(loss.name())
                                        << " is not: define it first.";
    _halide_user_assert(loss.dimensions() == 0) << "grad() needs a scalar Func; " << plain_name(loss.name()) << " has "
                                                << loss.dimensions() << " dimensions: sum it first, or use vjp().";
    _halide_user_assert(loss.outputs() == 1 && loss.type().is_float())
        << "grad() needs one float value; " << plain_name(loss.name()) << " has " << loss.outputs() << " of type "
        << loss.types()[0] << ": " << (loss.outputs() == 1 ? "cast it to float." : "use vjp().");
    Func one("one");
    one() = make_one(loss.type());
    return vjp(loss, one, {});
}

Func grad(const Func &loss, const Input &wrt) { return grad(loss)(wrt); }

Adjoints vjp(const Func &output, const Func &adjoint, const Region &box) {
    return Adjoints({Cotangent{output, adjoint, box}});
}

Adjoints vjp(const std::vector<Cotangent> &outputs) { return Adjoints(outputs); }

std::vector<Func> jvp(const std::vector<Func> &outputs, const std::vector<Tangent> &inputs) {
    std::vector<Func> tangents = tangents_of(outputs, inputs);
    for (Func &tangent : tangents) {
        tangent = as_derivative(tangent);
    }
    for (const Tangent &input : inputs) {
        warn_if_zero(outputs, input.input);
    }
    return tangents;
}

Func jvp(const Func &output, const std::vector<Tangent> &inputs) { return jvp(std::vector<Func>{output}, inputs)[0]; }

Func hvp(const Func &loss, const Input &x, const Func &v) { return jvp(grad(loss, x), {{x, v}}); }

}  // namespace sylvite

#include "autodiff/program.h"

#include "autodiff/checkpoint.h"
#include "autodiff/program_forward.h"
#include "autodiff/program_reverse.h"
#include "autodiff/zero_gradient.h"

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Names for new inputs and outputs that do not clash with the program's.
class Names {
public:
    explicit Names(const Program &program) {
        for (const ProgramInput &input : program.inputs()) {
            taken_.insert(input.name());
        }
        for (const ProgramOutput &output : program.outputs()) {
            taken_.insert(output.name);
        }
    }
    std::string unique(const std::string &name) {
        std::string candidate = name;
        for (int n = 2; !taken_.insert(candidate).second; n++) {
            candidate = name + "_" + std::to_string(n);
        }
        return candidate;
    }

private:
    std::set<std::string> taken_;
};

std::vector<ProgramInput> inputs_named(const std::string &function, const Program &program,
                                       const std::vector<std::string> &wrt) {
    _halide_user_assert(!wrt.empty()) << function << " needs inputs to differentiate by; wrt is empty: name one.";
    std::vector<ProgramInput> inputs;
    std::set<std::string> seen;
    for (const std::string &name : wrt) {
        const ProgramInput &input = program.input(name);
        _halide_user_assert(input.type().is_float())
            << function << " needs float inputs; " << name << " of " << program.name() << " has type " << input.type()
            << ": integers have no derivative.";
        _halide_user_assert(seen.insert(name).second)
            << function << " needs distinct inputs; " << name << " is given twice: name it once.";
        inputs.push_back(input);
    }
    return inputs;
}

Input differentiable(const ProgramInput &input, SourceLine where = {}) {
    return input.is_array() ? Input(input.array(), where) : Input(input.parameter(), where);
}

std::vector<Expr> extents_of(const ProgramInput &input) {
    return input.is_array() ? input.array().extents() : std::vector<Expr>();
}

Arrays arrays_of(const Program &program) {
    Arrays arrays;
    for (const ProgramOutput &output : program.outputs()) {
        arrays.push_back(output.array);
    }
    return arrays;
}

// Whether all values of f come from its updates. As an output it would be summed up in memory; behind a copy, schedules may
// sum up a few elements at a time in registers.
bool is_summed_up(const Func &f) { return f.has_update_definition() && f.dimensions() > 0 && is_const_zero(f.value()); }

// f as an Array of `type`; zeros if it is undefined.
Array as_array(const Func &f, const std::string &name, Type type, const std::vector<Expr> &extents) {
    if (!f.defined()) {
        return zeros(name, type, extents);
    }
    if (f.type() == type && !is_summed_up(f)) {
        return Array(f, extents);
    }
    const std::vector<Halide::Var> args = f.args();
    Func copy(name);
    copy(args) = Halide::cast(type, f(args));
    return Array(copy, extents);
}

// The program, with names for the tangent inputs.
Program forward(const Program &program, const std::vector<std::string> &wrt, const std::string &function,
                const std::function<std::string(const std::string &)> &tangent_name,
                const std::function<std::string(const std::string &)> &output_name) {
    Names names(program);
    std::vector<ProgramInput> inputs = program.inputs();
    Substitution substitution;
    ProgramForward forward(substitution);
    for (const ProgramInput &x : inputs_named(function, program, wrt)) {
        const Array tangent = input(x.type(), names.unique(tangent_name(x.name())), extents_of(x));
        inputs.emplace_back(tangent);
        forward.add(differentiable(x), tangent);
    }
    const Arrays arrays = arrays_of(program);
    const Arrays primals = forward.primals(arrays), tangents = forward.tangents(arrays);
    std::vector<ProgramOutput> outputs;
    for (size_t i = 0; i < arrays.size(); i++) {
        outputs.push_back({program.outputs()[i].name, primals[i]});
    }
    for (size_t i = 0; i < arrays.size(); i++) {
        const std::string name = output_name(program.outputs()[i].name);
        if (arrays[i].type().is_float() && !name.empty()) {
            const std::string unique = names.unique(name);
            outputs.push_back(
                {unique, tangents[i].defined() ? tangents[i] : zeros(unique, arrays[i].type(), primals[i].extents())});
        }
    }
    return Program::derived(program.name(), inputs, outputs);
}

// Appends the adjoints of `wrt` to the program, given an adjoint for each float output (undefined for none).
Program reverse(const Program &program, const std::vector<ProgramInput> &wrt, const Arrays &adjoints,
                std::vector<ProgramInput> inputs, const std::function<std::string(const std::string &)> &name) {
    std::set<std::string> wanted;
    for (const ProgramInput &x : wrt) {
        wanted.insert(differentiable(x).target().key);
    }
    ProgramReverse reverse(wanted, [](const Function &) { return true; });
    std::vector<ProgramOutput> outputs = program.outputs();
    for (size_t i = 0; i < adjoints.size(); i++) {
        if (adjoints[i].defined()) {
            reverse.add_root(outputs[i].array, adjoints[i]);
        }
    }
    reverse.sweep();
    for (const ProgramInput &x : wrt) {
        const Func adjoint = x.is_array() ? reverse.adjoint(x.array()) : reverse.adjoint(x.parameter());
        outputs.push_back({name(x.name()), as_array(adjoint, "d_" + x.name(), x.type(), extents_of(x))});
    }
    return Program::derived(program.name(), std::move(inputs), std::move(outputs));
}

void warn_if_zero(const Arrays &outputs, const std::vector<ProgramInput> &wrt, SourceLine where) {
    std::vector<Func> funcs;
    for (const Array &output : outputs) {
        funcs.push_back(output.func());
    }
    for (const ProgramInput &x : wrt) {
        warn_if_zero(funcs, differentiable(x, where));
    }
}

const ProgramOutput &scalar_output(const std::string &function, const Program &program) {
    const ProgramOutput *scalar = nullptr;
    for (const ProgramOutput &output : program.outputs()) {
        if (output.array.type().is_float() && output.array.dimensions() == 0) {
            _halide_user_assert(!scalar) << function << " needs one scalar float output; " << program.name() << " has "
                                         << scalar->name << " and " << output.name << ": use vjp().";
            scalar = &output;
        }
    }
    _halide_user_assert(scalar) << function << " needs a scalar float output; " << program.name()
                                << " has none: sum one up, or use vjp().";
    return *scalar;
}

}  // namespace

Program jvp(const Program &program, const std::vector<std::string> &wrt, SourceLine where) {
    const auto d = [](const std::string &name) { return "d_" + name; };
    Program moving = forward(program, wrt, "jvp()", d, d);
    warn_if_zero(arrays_of(program), inputs_named("jvp()", program, wrt), where);
    return moving;
}

Program vjp(const Program &original, const std::vector<std::string> &wrt, SourceLine where) {
    const std::vector<ProgramInput> x = inputs_named("vjp()", original, wrt);
    const Program program = with_segments(original);
    Names names(program);
    std::vector<ProgramInput> inputs = program.inputs();
    Arrays adjoints;
    for (const ProgramOutput &output : program.outputs()) {
        adjoints.emplace_back();
        if (output.array.type().is_float()) {
            adjoints.back() =
                input(output.array.type(), names.unique("adjoint_" + output.name), output.array.extents());
            inputs.emplace_back(adjoints.back());
        }
    }
    Program derived =
        reverse(program, x, adjoints, inputs, [&](const std::string &name) { return names.unique("adjoint_" + name); });
    warn_if_zero(arrays_of(original), x, where);
    return derived;
}

Program grad(const Program &original, const std::vector<std::string> &wrt, SourceLine where) {
    const std::vector<ProgramInput> x = inputs_named("grad()", original, wrt);
    const std::string loss = scalar_output("grad()", original).name;
    const Program program = with_segments(original);
    Names names(program);
    Arrays adjoints;
    for (const ProgramOutput &output : program.outputs()) {
        adjoints.emplace_back();
        if (output.name == loss) {
            Func one("one");
            one() = make_one(output.array.type());
            adjoints.back() = Array(one, {});
        }
    }
    Program gradient = reverse(program, x, adjoints, program.inputs(),
                               [&](const std::string &name) { return names.unique("d_" + loss + "_d_" + name); });
    warn_if_zero({original.output(loss)}, x, where);
    return gradient;
}

Program hvp(const Program &program, const std::vector<std::string> &wrt, SourceLine where) {
    const std::string loss = scalar_output("hvp()", program).name;
    const Program gradient = grad(program, wrt, where);
    std::map<std::string, std::string> products;
    for (size_t i = 0; i < wrt.size(); i++) {
        products[gradient.outputs()[program.outputs().size() + i].name] = "hvp_" + wrt[i];
    }
    return forward(
        gradient, wrt, "hvp()", [](const std::string &name) { return "v_" + name; },
        [&](const std::string &name) { return products.count(name) ? products[name] : std::string(); });
}

}  // namespace sylvite

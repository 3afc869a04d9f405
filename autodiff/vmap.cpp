#include "autodiff/vmap.h"

#include "autodiff/batch_copy.h"
#include "frontend/graph.h"
#include "frontend/sizes.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// The number of dimensions of the batch, which all inputs have.
int batch_dimensions(const std::vector<Batch> &inputs) {
    _halide_user_assert(!inputs.empty()) << "vmap() needs inputs with many values; it was given none.";
    int dimensions = -1;
    std::set<std::string> keys;
    for (const auto &[x, values] : inputs) {
        _halide_user_assert(values.defined())
            << "vmap() needs defined values; those of " << x.name() << " are not: define them first.";
        const int more = values.dimensions() - x.dimensions();
        _halide_user_assert(more > 0 && values.outputs() == static_cast<int>(x.types().size()))
            << "vmap() needs values with more dimensions than their input, and as many values; " << x.name() << " has "
            << x.dimensions() << " and " << x.types().size() << ", its values " << values.dimensions() << " and "
            << values.outputs() << ": put the dimensions of the batch last.";
        _halide_user_assert(dimensions < 0 || dimensions == more)
            << "vmap() needs as many batch dimensions for all inputs; " << x.name() << " has " << more
            << ", those before it " << dimensions << ".";
        dimensions = more;
        for (size_t c = 0; c < x.types().size(); c++) {
            _halide_user_assert(values.types()[c] == x.types()[c])
                << "vmap() needs values of the type of their input; " << x.name() << " has type " << x.types()[c]
                << ", its values " << values.types()[c] << ": cast them.";
        }
        _halide_user_assert(keys.insert(x.target().key).second)
            << "vmap() needs distinct inputs; " << x.name() << " is given twice: name it once.";
    }
    return dimensions;
}

}  // namespace

std::vector<Func> vmap(const std::vector<Func> &outputs, const std::vector<Batch> &inputs) {
    BatchCopy copy(batch_dimensions(inputs), {});
    for (const Batch &batch : inputs) {
        copy.add(batch.input.target().key, batch.values);
    }
    for (const Func &output : outputs) {
        _halide_user_assert(output.defined())
            << "vmap() needs defined Funcs; " << plain_name(output.name()) << " is not: define it first.";
    }
    return copy(outputs);
}

Func vmap(const Func &output, const std::vector<Batch> &inputs) { return vmap(std::vector<Func>{output}, inputs)[0]; }

Program vmap(const Program &program, const std::vector<std::string> &mapped, const Expr &extent) {
    _halide_user_assert(!mapped.empty()) << "vmap() needs inputs with many values; none of " << program.name()
                                         << " was named.";
    const Expr size = checked_extent(extent, "vmap()", "the batch of " + program.name());
    std::set<std::string> names;
    for (const std::string &name : mapped) {
        program.input(name);
        _halide_user_assert(names.insert(name).second)
            << "vmap() needs distinct inputs; " << name << " of " << program.name() << " is given twice: name it once.";
    }
    BatchCopy copy(1, {size});
    std::vector<ProgramInput> inputs;
    std::set<std::string> known;
    for (const ProgramInput &x : program.inputs()) {
        known.insert(x.name());
        if (!names.count(x.name())) {
            inputs.push_back(x);
            continue;
        }
        std::vector<Expr> extents = x.is_array() ? x.array().extents() : std::vector<Expr>();
        extents.push_back(size);
        const Array values = input(x.type(), x.name(), extents);
        x.is_array() ? copy.add(x.array(), values) : copy.add(target_of(x.parameter()).key, values.func());
        inputs.emplace_back(values);
    }
    for (const Halide::Parameter &scalar : reads_of(std::vector<Expr>{size}).parameters) {
        _halide_user_assert(!names.count(scalar.name()))
            << "vmap() needs a number of elements that is the same for all; that for " << program.name()
            << " is made of " << scalar.name() << ", which is to have many values: take another scalar.";
        if (known.insert(scalar.name()).second) {
            inputs.emplace_back(scalar);
        }
    }
    Arrays arrays;
    for (const ProgramOutput &output : program.outputs()) {
        arrays.push_back(output.array);
    }
    arrays = copy(arrays);
    std::vector<ProgramOutput> outputs;
    for (size_t i = 0; i < arrays.size(); i++) {
        outputs.push_back({program.outputs()[i].name, arrays[i]});
    }
    return Program::derived(program.name(), inputs, outputs);
}

}  // namespace sylvite

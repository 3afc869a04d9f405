#include "targets/arguments.h"

using namespace Halide::Internal;

namespace sylvite {

Expr argument(const std::string &name) { return Variable::make(buffer_pointer(), name + ".buffer"); }

void check_arguments(const Program &program, const Halide::Target &target, Statements &out) {
    std::vector<Expr> pointers, names;
    int inputs = 0;
    const auto check = [&](const std::string &name, const Array &array, const Expr &pointer) {
        const halide_type_t type = array.type();
        out.checked_call("sylvite_check_array",
                         {program.name(), name, pointer, make_const(Halide::UInt(32), type.as_u32()),
                          array.dimensions(), struct_of(array.extents())});
        pointers.push_back(pointer);
        names.emplace_back(name);
    };
    for (const ProgramInput &input : program.inputs()) {
        if (input.is_array()) {
            check(input.name(), input.array(), argument(input.name()));
            inputs++;
        }
    }
    for (const ProgramOutput &output : program.outputs()) {
        check(output.name, output.array, argument(output.name));
    }
    out.checked_call("sylvite_check_overlap", {program.name(), static_cast<int>(pointers.size()), inputs,
                                               struct_of(pointers), struct_of(names)});
    // Code that is compiled in this process is compiled where there is one.
    if (target.has_feature(Halide::Target::Vulkan) && !target.has_feature(Halide::Target::JIT)) {
        out.checked_call("sylvite_needs_vulkan", {program.name()});
    }
    // Callers that know nothing of devices get arrays back without device memory, also after errors.
    for (int i = 0; target.has_gpu_feature() && i < static_cast<int>(pointers.size()); i++) {
        const Expr host_only =
            Call::make(buffer_pointer(), "sylvite_host_only", {pointers[i], Expr(i < inputs ? 1 : 0)}, Call::Extern);
        out.at_return("halide_device_free_as_destructor", host_only);
    }
}

}  // namespace sylvite

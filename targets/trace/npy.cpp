#include "targets/trace/npy.h"

#include "targets/trace/partial_file.h"
#include "targets/trace/trace.h"

#include <algorithm>
#include <limits>

namespace sylvite {

namespace {

// `<f4`; empty for types that numpy does not have.
std::string numpy_type(const halide_type_t &type) {
    if (type.lanes != 1 || type.code > halide_type_float) {
        return "";
    }
    if (type.bits == 1) {
        return "|b1";
    }
    return (type.bits == 8 ? "|" : "<") + std::string{"iuf"[type.code]} + std::to_string(type.bits / 8);
}

}  // namespace

std::string npy_header(const halide_buffer_t &array, int64_t steps, size_t bytes) {
    const std::string type = numpy_type(array.type);
    if (type.empty()) {
        return "";
    }
    std::string shape = steps >= 0 ? std::to_string(steps) + ", " : "";
    for (int d = array.dimensions - 1; d >= 0; d--) {
        shape += std::to_string(array.dim[d].extent) + ", ";
    }
    std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
    const size_t before = 10;  // the bytes of what is not text
    const size_t whole = std::max(bytes, (before + header.size() + 1 + 63) / 64 * 64);
    header.resize(whole - before - 1, ' ');
    header += '\n';
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() & 0xff) +
           static_cast<char>(header.size() >> 8) + header;
}

void write_npy(const std::filesystem::path &path, const halide_buffer_t &array) {
    PartialFile file(path);
    const std::string header = npy_header(array, -1, 0);
    if (header.empty()) {
        file.refuse("numpy has no such type of elements");
    }
    file.write(header);
    write_elements(array, file);
    file.publish();
}

// ---- a loop ----

struct Trace::State {
    State(const std::filesystem::path &path, const halide_buffer_t &like) :
        file(path), dims(like.dim, like.dim + like.dimensions), shape(like),
        header(npy_header(like, std::numeric_limits<int32_t>::max(), 0).size()) {
        shape.dim = dims.data();
        if (header == 0) {
            file.refuse("numpy has no such type of elements");
        }
        file.write(std::string(header, ' '));
    }

    PartialFile file;
    std::vector<halide_dimension_t> dims;
    halide_buffer_t shape;  // type and extents; its memory is not read
    size_t header;
    int64_t steps = 0;
};

Trace::Trace(std::filesystem::path folder, std::string loop, int every) :
    folder_(std::move(folder)), loop_(std::move(loop)), every_(std::max(every, 1)) {}

Trace::~Trace() = default;

void Trace::add(const sylvite_loop_step &step) {
    if (step.loop != loop_ || step.step % every_ != 0) {
        return;
    }
    for (int i = 0; i < step.states; i++) {
        const halide_buffer_t *array = sylvite_state(&step, i);
        if (!array) {
            throw std::runtime_error("state " + std::string(step.names[i]) + " cannot be copied from its device");
        }
        if (static_cast<int>(states_.size()) == i) {
            states_.push_back(std::make_unique<State>(folder_ / (std::string(step.names[i]) + ".npy"), *array));
        }
        State &state = *states_[i];
        for (int d = 0; d < array->dimensions; d++) {
            if (array->dimensions != state.shape.dimensions || array->dim[d].extent != state.dims[d].extent) {
                state.file.refuse("its extents change from step to step");
            }
        }
        write_elements(*array, state.file);
        state.steps++;
    }
}

void Trace::finish() {
    if (states_.empty()) {
        throw std::runtime_error("a trace needs steps; no step of loop " + loop_ + " was seen");
    }
    for (const auto &state : states_) {
        state->file.write_at_start(npy_header(state->shape, state->steps, state->header));
    }
    for (const auto &state : states_) {
        state->file.publish();
    }
    states_.clear();
}

}  // namespace sylvite

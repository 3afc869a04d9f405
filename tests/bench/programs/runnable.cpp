#include "tests/bench/programs/runnable.h"

#include <filesystem>
#include <fstream>

namespace sylvite::bench {

namespace {

using Buffer = Halide::Buffer<>;

Buffer array(const Array &like) {
    std::vector<int> extents;
    for (const Expr &extent : like.extents()) {
        extents.push_back(static_cast<int>(*Halide::Internal::as_const_int(Halide::Internal::simplify(extent))));
    }
    return Buffer(like.type(), extents);
}

void fill(const Buffer &buffer, const Range &range, uint32_t seed) {
    for (size_t i = 0; i < buffer.number_of_elements(); i++) {
        uint32_t bits = static_cast<uint32_t>(i) * 2654435761u + seed * 40503u;
        bits = (bits ^ bits >> 16) * 2246822519u;
        bits = (bits ^ bits >> 13) * 3266489917u;
        bits ^= bits >> 16;
        const double value = range.low + (range.high - range.low) * ((bits >> 8) * 0x1p-24);
        if (buffer.type() == Halide::Float(64)) {
            static_cast<double *>(buffer.data())[i] = value;
        } else if (buffer.type().is_float()) {
            static_cast<float *>(buffer.data())[i] = static_cast<float>(value);
        } else {
            static_cast<int32_t *>(buffer.data())[i] = static_cast<int32_t>(value);
        }
    }
}

}  // namespace

Schedule schedule_for(const Program &program, const std::string &file) {
    AutoscheduleOptions options;
    if (std::filesystem::exists(file)) {
        options.keep = load_schedule(file);
    }
    return autoschedule(program, host(), options);
}

double Runnable::run() const {
    executable.run(arguments);
    const Buffer &first = outputs[0].second;
    return first.type() == Halide::Float(64) ? static_cast<const double *>(first.data())[0]
                                             : static_cast<const float *>(first.data())[0];
}

void Runnable::save(const std::string &folder) const {
    run();
    int number = 0;
    for (const auto &[name, buffer] : outputs) {
        std::ofstream(folder + "/" + std::to_string(number++), std::ios::binary)
            .write(static_cast<const char *>(buffer.data()), static_cast<std::streamsize>(buffer.size_in_bytes()));
    }
}

Runnable make(const Program &program, const Schedule &schedule, const std::vector<Range> &ranges) {
    Runnable made{compile(program, host(), schedule), {}, {}};
    for (size_t i = 0; i < program.inputs().size(); i++) {
        const Array &input = program.inputs()[i].array();
        const Buffer buffer = array(input);
        fill(buffer, i < ranges.size() ? ranges[i] : Range{}, static_cast<uint32_t>(i));
        made.arguments.emplace_back(input.name(), buffer);
    }
    for (const ProgramOutput &output : program.outputs()) {
        const Buffer buffer = array(output.array);
        made.arguments.emplace_back(output.name, buffer);
        made.outputs.emplace_back(output.name, buffer);
    }
    return made;
}

}  // namespace sylvite::bench

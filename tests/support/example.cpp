#include "tests/support/example.h"

namespace sylvite {

using namespace Halide;

Program example_program() {
    const int n = 21, m = 13, l = 4;
    Var x("x"), y("y"), z("z");
    Param<int> size("n");
    Array in = input<float>("in", {n, m});
    RDom r(0, 5, 0, 3, 0, 2, "r");
    Func edge = repeat_edge(in), blur("blur"), total("total"), out("out");
    blur(x, y, z) = edge(x - 1, y) + 2 * edge(x, y + z) + edge(x + 1, y - 1);
    total(x, y, z) = 0.25f * edge(x, y);
    total(x, y, z) += blur(x + r.x, y + r.y, z) * (r.z + 1);
    out(x, y, z) = total(x, y, z) - blur(x, y + 1, z) + select(size > 3, 1.0f, 2.0f);
    return Program("example", {in, size}, {{"result", Array(out, {n, m, l})}});
}

std::vector<float> values_of(const Kernel &kernel, const std::function<void(const KernelPipeline &)> &prepare) {
    KernelPipeline pipeline = instantiate(kernel);
    prepare(pipeline);
    for (size_t i = 0; i < pipeline.images.size(); i++) {
        std::vector<int> extents;
        for (const Expr &extent : kernel.inputs[i].extents()) {
            extents.push_back(static_cast<int>(*Internal::as_const_int(extent)));
        }
        Buffer<float> buffer(extents);
        int count = 0;  // whole numbers: sums are exact in any order
        buffer.for_each_value([&](float &v) { v = static_cast<float>((count++ * 37) % 64 - 20); });
        pipeline.images[i].set(buffer);
    }
    for (Parameter scalar : kernel.scalars) {
        scalar.set_scalar<int>(7);
    }
    std::vector<int> extents;
    for (const Expr &extent : kernel.outputs[0].extents()) {
        extents.push_back(static_cast<int>(*Internal::as_const_int(extent)));
    }
    Buffer<float> result = Pipeline(pipeline.outputs).realize(extents, plain_host());
    std::vector<float> values;
    result.for_each_value([&](float v) { values.push_back(v); });
    return values;
}

std::string error_of(const std::function<void()> &f) {
    try {
        f();
        return "";
    } catch (const CompileError &error) {
        std::string text = error.what();
        text.erase(0, text.starts_with("Error: ") ? 7 : 0);
        while (text.ends_with('\n')) {
            text.pop_back();
        }
        return text;
    }
}

void lower(const Kernel &kernel, const KernelPipeline &pipeline, const Target &target) {
    Pipeline(pipeline.outputs).compile_to_module(pipeline.arguments(kernel), kernel.name, target);
}

Target plain_host() {
    const Target host = get_host_target();
    return Target(host.os, host.arch, host.bits);
}

}  // namespace sylvite

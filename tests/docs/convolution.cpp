// A generator as it is written for Halide: nothing in it is Sylvite's.

#include <Halide.h>

class Convolution : public Halide::Generator<Convolution> {
public:
    GeneratorParam<int> size{"size", 3};

    Input<Buffer<float, 2>> input{"input"};
    Input<Buffer<float, 2>> weights{"weights"};
    Input<float> bias{"bias"};
    Output<Buffer<float, 2>> output{"output"};

    void generate() {
        Halide::RDom k(0, size, 0, size, "k");
        sum(x, y) = bias;
        sum(x, y) += weights(k.x, k.y) * input(x + k.x, y + k.y);
        output(x, y) = Halide::max(sum(x, y), 0);
    }

    void schedule() {
        if (!using_autoscheduler()) {
            output.parallel(y).vectorize(x, 8);
            sum.compute_at(output, y);
        }
    }

private:
    Halide::Var x{"x"}, y{"y"};
    Halide::Func sum{"sum"};
};

HALIDE_REGISTER_GENERATOR(Convolution, convolution)

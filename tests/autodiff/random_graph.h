#pragma once

#include "random_expression.h"

#include <Halide.h>

#include <vector>

namespace sylvite::testing {

/// A random pipeline of doubles to differentiate. The same choices make the same graph.
struct RandomGraph {
    /// Something that the output may depend on. `read` is the region that is read at most.
    struct Image {
        Halide::ImageParam param;
        std::vector<Span> read;
    };
    struct Known {
        Halide::Buffer<double> buffer;
        std::vector<Span> read;
    };
    std::vector<Image> images;
    std::vector<Known> known;  ///< Buffers with values known when the graph is made
    std::vector<Halide::Param<double>> scalars;
    Halide::Func output;
    std::vector<Span> box;  ///< of the output
    int stages = 0;
};

/// 1 to 12 stages of 0 to 4 dimensions of awkward extents: pointwise operations, stencils, boundary conditions, strides
/// of both signs, up- and downsampling, transposed, diagonal and data-dependent reads, gathers from a grid with a data
/// coordinate, Tuples, argmax, two buffers in turn, shared subexpressions, and the updates of random_updates.h.
RandomGraph random_graph(Choices &choices);

}  // namespace sylvite::testing

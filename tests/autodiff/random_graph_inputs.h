#pragma once

#include "autodiff/autodiff.h"
#include "interpreter.h"
#include "random_graph.h"

#include <random>
#include <string>
#include <vector>

namespace sylvite::testing {

/// An input of a graph with its values and two directions in which it moves. All arrays are NaN outside `read`.
struct GraphInput {
    Input input;
    std::string name;
    std::vector<Span> read;  ///< the region that is read at most; a span with first > second is empty
    Halide::Buffer<double> value, first, second;
    Func first_tangent, second_tangent;
};

/// How values are drawn: between -1.2 and 1.2, or as multiples of 1/2, which makes many ties and zeros.
enum class Draw { fine, coarse };

/// Inputs for all that the graph reads, set to their values. Arrays have `margin` more elements on each side.
std::vector<GraphInput> random_inputs(RandomGraph &graph, std::mt19937 &random, int margin, Draw draw);

/// Makes an interpreter read the inputs: their values, and as derivatives what T has room for.
void bind_inputs(Interpreter<double> &interpreter, const std::vector<GraphInput> &inputs);
void bind_inputs(Interpreter<Dual> &interpreter, const std::vector<GraphInput> &inputs);
void bind_inputs(Interpreter<HyperDual> &interpreter, const std::vector<GraphInput> &inputs);

std::vector<Tangent> first_tangents(const std::vector<GraphInput> &inputs);
std::vector<Tangent> second_tangents(const std::vector<GraphInput> &inputs);

/// The array of a region, NaN, with `margin` more elements on each side.
Halide::Buffer<double> array_of(const std::vector<Span> &region, int margin = 0);
/// Values in the region, NaN in the margin.
Halide::Buffer<double> random_array(const std::vector<Span> &region, int margin, std::mt19937 &random, Draw draw);
/// Nothing is within a region that is never read.
bool is_within(const std::vector<Span> &region, const int *at);
/// One more element on each side.
std::vector<Span> wider(std::vector<Span> region);

/// A Func that is `array` on `box`, and NaN elsewhere.
Func poisoned(const Halide::Buffer<double> &array, const std::vector<Span> &box);
/// A Func that reads `array`.
Func reading(const Halide::Buffer<double> &array);
/// {min, extent} of each dimension.
Halide::Region region_of(const std::vector<Span> &box);
/// sum(u f + f^2 / 2) over the box.
Func loss_of(const Func &f, const std::vector<Span> &box, const Halide::Buffer<double> &u);

/// The graph as text, and its box.
std::string print_graph(const RandomGraph &graph);

}  // namespace sylvite::testing

#pragma once

#include "frontend/array.h"

#include <array>
#include <functional>

namespace sylvite {

/// How the reverse derivative of a loop gets the states that its steps started from.
/// With S bytes of state that the derivative reads and n steps:
enum class Memory {
    store_all,  ///< keeps all of them: S * n bytes, no step is run twice
    sqrt,       ///< keeps every sqrt(n)-th: about 2 * S * sqrt(n) bytes, each step is run once more
};

/// Options of `loop`.
struct LoopOptions {
    std::string name = "step";          ///< names the loop's kernels in schedules and prints
    Memory memory = Memory::store_all;  ///< states that the derivative does not read are never kept
    Expr capacity = Expr();             ///< a bound of the steps that does not change in outer loops; sizes histories
};

/// The control flow behind the results of one `loop` call.
struct LoopNode {
    LoopOptions options;
    Expr trips;     ///< number of steps, int32; values below 0 count as 0
    Expr capacity;  ///< bound of `trips` that sizes histories
    Expr step;      ///< the number of the current step, 0 .. trips - 1, a scalar parameter in the body
    Arrays init, state, next;
};

/// Runs `body` `trips` times and returns the final states.
///
/// States may differ in type, rank and extents; a step must return as many Arrays as it was given, of the same types
/// and extents. `body` is called once, to write the step down. It may read outer Arrays. With zero trips the results
/// are the initial states. Throws Halide::CompileError when the body returns other states than it was given.
using LoopBody = std::function<Arrays(Expr step, const Arrays &state)>;
Arrays loop(const Expr &trips, const Arrays &init, const LoopBody &body, const LoopOptions &options = {});

/// The same with the states as separate parameters: `[&](Expr t, Array u, Array v) { return Arrays{...}; }`; returns
/// a std::array, for structured bindings.
namespace internal {
template<size_t n, typename Body, size_t... i>
std::array<Array, n> unpacked_loop(const Expr &trips, const Array (&init)[n], const Body &body,
                                   const LoopOptions &options, std::index_sequence<i...>) {
    Arrays results = loop(trips, Arrays(init, init + n),
                          LoopBody([&](Expr t, const Arrays &s) -> Arrays { return body(t, s[i]...); }), options);
    return {results[i]...};
}
}  // namespace internal
template<size_t n, typename Body>
requires(!std::is_invocable_r_v<Arrays, Body, Expr, const Arrays &>) std::array<Array, n> loop(
    const Expr &trips, const Array (&init)[n], const Body &body, const LoopOptions &options = {}) {
    return internal::unpacked_loop(trips, init, body, options, std::make_index_sequence<n>());
}

/// The history of state `index` of the loop that `result` came from: one dimension more than the state, the last one
/// counts the steps; slice t is the state at the start of step t.
Array history(const Array &result);

/// A named input of a Program: an Array made by `input`, or a scalar parameter.
class ProgramInput {
public:
    ProgramInput(const Array &array);
    template<typename T>
    ProgramInput(const Halide::Param<T> &param) : parameter_(param.parameter()) {}
    ProgramInput(Halide::Parameter parameter) : parameter_(std::move(parameter)) {}

    bool is_array() const { return array_.defined(); }
    const Array &array() const { return array_; }
    const Halide::Parameter &parameter() const { return parameter_; }
    const std::string &name() const { return is_array() ? array_.name() : parameter_.name(); }
    Type type() const { return is_array() ? array_.type() : parameter_.type(); }

private:
    Array array_;
    Halide::Parameter parameter_;
};

struct ProgramOutput {
    std::string name;
    Array array;
};

/// Named input arrays and scalars to named output arrays, through kernels and structured control flow.
///
/// Everything that an output depends on must be among `inputs`; names must be distinct C identifiers. Throws
/// Halide::CompileError that names the culprit otherwise.
class Program {
public:
    Program(std::string name, std::vector<ProgramInput> inputs, std::vector<ProgramOutput> outputs);

    const std::string &name() const { return name_; }
    const std::vector<ProgramInput> &inputs() const { return inputs_; }
    const std::vector<ProgramOutput> &outputs() const { return outputs_; }

    /// The input or output of that name. Throws Halide::CompileError that lists the known names.
    const ProgramInput &input(const std::string &name) const;
    const Array &output(const std::string &name) const;

private:
    std::string name_;
    std::vector<ProgramInput> inputs_;
    std::vector<ProgramOutput> outputs_;
};

}  // namespace sylvite

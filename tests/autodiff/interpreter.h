#pragma once

#include "interpreter_numbers.h"
#include "random_expression.h"

#include <Halide.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace sylvite::testing {

/// The point of a Func or image.
using Point = std::vector<int>;

/// The values of an image or, without dimensions, of a scalar parameter, innermost dimension first. Nothing may be read
/// outside `box`; a span with first > second is empty.
template<typename T>
struct Values {
    std::vector<Span> box;
    std::vector<T> values;
};

/// What cannot be interpreted, or reads outside an image. The text begins with "no such operation" or "too long" where
/// the interpreter is at fault and not the graph.
class InterpreterError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Evaluates graphs of Funcs by their definitions, point by point and on demand, in numbers of type T: double, Dual (with
/// exact first derivatives) or HyperDual (second ones). It shares nothing with Halide's lowering and Sylvite's rules:
/// no simplification, no bounds; each operation has its value and derivatives in interpreter_numbers.cpp.
///
/// Every kind of stage is run as written: RDom iterations one after the other with the first variable innermost, over
/// those places of the pure variables that are asked for, directly or by later stages. Of a select only the chosen side
/// is evaluated.
template<typename T>
class Interpreter {
public:
    Interpreter();
    ~Interpreter();

    /// The image, Buffer or Param of this name has these values. Others keep those that they have, with derivative 0.
    void bind(const std::string &name, Values<T> values);

    /// Value `component` of a float Func at a point. Throws InterpreterError.
    T at(const Halide::Func &func, const Point &point, int component = 0);

    /// Nodes evaluated so far, and how many may be: 0 is no limit.
    long work() const;
    void set_limit(long work);

    /// The largest finite float that was met, derivatives included: what rounding is in proportion to.
    double largest() const;

private:
    class Machine;
    std::unique_ptr<Machine> machine_;
};

extern template class Interpreter<double>;
extern template class Interpreter<Dual>;
extern template class Interpreter<HyperDual>;

}  // namespace sylvite::testing

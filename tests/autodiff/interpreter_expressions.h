#pragma once

#include "interpreter.h"
#include "interpreter_integers.h"

#include <cmath>

namespace sylvite::testing {

/// The part of the interpreter that evaluates the nodes of a stage; what is asked of Funcs it leaves to `call`.
template<typename T>
class ExpressionMachine {
public:
    long work = 0, limit = 0;
    double largest = 0;

    virtual ~ExpressionMachine() = default;

protected:
    /// An integer or a float, as the type of the node says.
    struct Value {
        int64_t i = 0;
        T f{};
    };

    /// A stage with what its nodes read. Nodes keep their values for one iteration, which has the number `epoch`.
    struct Program {
        Tape tape;
        std::vector<Value> values;
        std::vector<long> known_at;
        long epoch = 1;
        std::vector<int> variables;
        std::vector<const Values<T> *> images;
        std::vector<Value> scalars;
    };

    virtual Value call(Program &program, const Node &node) = 0;

    const Value &value(Program &program, int which) {
        const size_t n = static_cast<size_t>(which);
        if (program.known_at[n] != program.epoch) {
            const Value computed = compute(program, program.tape.nodes[n]);
            program.values[n] = computed;
            program.known_at[n] = program.epoch;
            if (program.tape.nodes[n].type.is_float()) {
                const double size = size_of(computed.f);
                largest = size > largest && std::isfinite(size) ? size : largest;
            }
        }
        return program.values[n];
    }

private:
    Value compute(Program &program, const Node &node) {
        work++;
        if (limit && work > limit) {
            throw InterpreterError("too long");
        }
        const auto operand = [&](size_t i) -> const Value & { return value(program, node.operands[i]); };
        const auto type_of = [&](size_t i) -> const Halide::Type & {
            return program.tape.nodes[static_cast<size_t>(node.operands[i])].type;
        };
        const auto floating = [&](const T &x) {
            Value made{0, x};
            if (node.type.bits() != 64) {
                set_value(made.f, rounded(node.type, value_of(x)));
            }
            return made;
        };
        const auto truth = [](bool x) { return Value{x, T{}}; };
        switch (node.op) {
        case Op::number:
            return {node.integer, constant<T>(node.real)};
        case Op::variable:
            return {program.variables[static_cast<size_t>(node.index)], T{}};
        case Op::scalar:
            return program.scalars[static_cast<size_t>(node.index)];
        case Op::element:
            return {0, element(program, node)};
        case Op::low:
        case Op::extent: {
            const auto &box = program.images[static_cast<size_t>(node.index)]->box;
            const auto [first, last] = box[static_cast<size_t>(node.component)];
            return {node.op == Op::low ? first : last - first + 1, T{}};
        }
        case Op::call:
            return call(program, node);
        case Op::cast:
            return convert(node.type, type_of(0), operand(0));
        case Op::unary:
            return floating(apply_unary(*node.unary, operand(0).f));
        case Op::binary: {
            const T a = operand(0).f;
            return floating(apply_binary(*node.binary, a, operand(1).f));
        }
        case Op::is_nan:
            return truth(std::isnan(value_of(operand(0).f)));
        case Op::is_inf:
            return truth(std::isinf(value_of(operand(0).f)));
        case Op::is_finite:
            return truth(std::isfinite(value_of(operand(0).f)));
        case Op::abs:
            return {wrapped(node.type, std::abs(operand(0).i)), T{}};
        case Op::bit_not:
            return {wrapped(node.type, ~operand(0).i), T{}};
        case Op::eq:
        case Op::ne:
        case Op::lt:
        case Op::le:
        case Op::gt:
        case Op::ge: {
            const Value a = operand(0);
            const Value &b = operand(1);
            return truth(type_of(0).is_float() ? compare(node.op, value_of(a.f), value_of(b.f))
                         : type_of(0).is_uint()
                             ? compare(node.op, static_cast<uint64_t>(a.i), static_cast<uint64_t>(b.i))
                             : compare(node.op, a.i, b.i));
        }
        case Op::logical_and:
            return truth(operand(0).i && operand(1).i);
        case Op::logical_or:
            return truth(operand(0).i || operand(1).i);
        case Op::logical_not:
            return truth(!operand(0).i);
        case Op::select:
            return operand(operand(0).i ? 1 : 2);
        case Op::mux: {
            const int64_t last = static_cast<int64_t>(node.operands.size()) - 2, chosen = operand(0).i;
            return operand(static_cast<size_t>(chosen >= 0 && chosen < last ? chosen : last) + 1);
        }
        case Op::same:
            return operand(0);
        case Op::second:
            return operand(1);
        case Op::stopped:
            return {0, constant<T>(value_of(operand(1).f))};
        case Op::lerp: {
            const T a = operand(0).f, b = operand(1).f;
            const T w = type_of(2).is_float()
                            ? operand(2).f
                            : constant<T>(static_cast<double>(operand(2).i) / (std::ldexp(1.0, type_of(2).bits()) - 1));
            static const BinaryFunction &plus = *binary_function("+"), &minus = *binary_function("-"),
                                        &times = *binary_function("*");
            return floating(apply_binary(plus, apply_binary(times, a, apply_binary(minus, constant<T>(1), w)),
                                         apply_binary(times, b, w)));
        }
        default: {
            const int64_t a = operand(0).i;
            return {wrapped(node.type, integer_operation(node.op, a, operand(1).i)), T{}};
        }
        }
    }

    static Value convert(const Halide::Type &to, const Halide::Type &from, const Value &x) {
        if (from.is_float() && to.is_float()) {
            Value made = x;
            set_value(made.f, rounded(to, value_of(x.f)));
            return made;
        }
        if (from.is_float()) {
            return {to.is_bool() ? value_of(x.f) != 0 : truncated(to, value_of(x.f)), T{}};
        }
        if (to.is_float()) {
            const double real =
                from.is_uint() ? static_cast<double>(static_cast<uint64_t>(x.i)) : static_cast<double>(x.i);
            return {0, constant<T>(rounded(to, real))};
        }
        return {to.is_bool() ? x.i != 0 : wrapped(to, x.i), T{}};
    }

    T element(Program &program, const Node &node) {
        const Values<T> &image = *program.images[static_cast<size_t>(node.index)];
        size_t position = 0, stride = 1;
        for (size_t d = 0; d < node.operands.size(); d++) {
            const int64_t at = value(program, node.operands[d]).i;
            const auto [first, last] = image.box[d];
            if (at < first || at > last) {
                throw InterpreterError("image " + program.tape.images[static_cast<size_t>(node.index)].name + " at " +
                                       std::to_string(at) + " in dimension " + std::to_string(d) + ", outside " +
                                       std::to_string(first) + ".." + std::to_string(last));
            }
            position += static_cast<size_t>(at - first) * stride;
            stride *= static_cast<size_t>(last - first + 1);
        }
        return image.values[position];
    }
};

}  // namespace sylvite::testing

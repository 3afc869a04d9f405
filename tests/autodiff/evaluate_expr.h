#pragma once

#include <Halide.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace sylvite::testing {

/// A number of any of Halide's types: floats in `real`, integers and conditions in `integer`.
struct Value {
    long double real = 0;
    int64_t integer = 0;
};

/// Thrown where undef() is computed.
struct Undefined {};

/// Exprs as a list of nodes, computed on demand, each node at most once between two changes of the variables.
class ExprProgram {
public:
    /// What the nodes cannot know: the values of Funcs, images and parameters.
    using Read = std::function<Value(const Halide::Internal::Call *call, const std::vector<int> &place)>;
    using Lookup = std::function<Value(const Halide::Internal::Variable *parameter)>;

    ExprProgram(bool is_exact, Read read, Lookup lookup) :
        is_exact_(is_exact), read_(std::move(read)), lookup_(std::move(lookup)) {}

    /// Adds an Expr without Lets; returns its number.
    int add(const Halide::Expr &e);
    void set_variable(const std::string &name, int value);
    /// Forgets what was computed from reads: something that is read has changed.
    void changed() { epoch_++; }
    Value value(int node);

private:
    struct Node {
        const Halide::Internal::BaseExprNode *expr;
        Value (ExprProgram::*compute)(const Node &node);
        Halide::Type type;
        std::vector<int> operands;
        Halide::Type operand_type;
        std::string function;  // of calls, without its type
        int slot = -1;         // of variables
        long epoch = -1;
        Value value{};
    };
    bool is_exact_;
    Read read_;
    Lookup lookup_;
    long epoch_ = 0;
    std::vector<Halide::Expr> held_;
    std::vector<Node> nodes_;
    std::map<const Halide::Internal::BaseExprNode *, int> numbers_;
    std::map<std::string, int> slots_;
    std::vector<int> variables_;

    int number_of(const Halide::Expr &e);
    void set_up_call(Node &node, const Halide::Internal::Call *call);
    Value round(Value value, Halide::Type type) const;
    Value of(const Node &node, int operand) { return value(node.operands[operand]); }
    Value constant(const Node &node);
    Value variable(const Node &node);
    Value parameter(const Node &node);
    Value cast(const Node &node);
    Value reinterpret(const Node &node);
    Value arithmetic(const Node &node);
    Value comparison(const Node &node);
    Value condition(const Node &node);
    Value select(const Node &node);
    Value mux(const Node &node);
    Value undefined(const Node &node);
    Value first(const Node &node);
    Value second(const Node &node);
    Value lerp(const Node &node);
    Value absolute(const Node &node);
    Value bits(const Node &node);
    Value function(const Node &node);
    Value read(const Node &node);
};

}  // namespace sylvite::testing

#include "interpreter_tape.h"

#include "packet_elements.h"

#include "frontend/array.h"

#include <limits>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace sylvite::testing {

using namespace Halide::Internal;
using Halide::Expr;
using Halide::Type;

namespace {

class Recorder {
public:
    explicit Recorder(std::map<std::string, int> variables) : variables_(std::move(variables)) {}

    Tape tape;

    int root(const Expr &e) {
        scopes_.assign(1, {});
        return node(e);
    }

private:
    // A node of an Expr is known within the scope in which it was met, and in those inside it.
    struct Scope {
        std::map<const IRNode *, int> nodes;
        bool hides = false;  // whether its Let has a name that stands for something else around it
    };
    std::map<std::string, int> variables_;  // their numbers
    std::map<std::string, int> lets_;       // their nodes
    std::vector<Scope> scopes_;

    int node(const Expr &e) {
        for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
            if (const auto known = scope->nodes.find(e.get()); known != scope->nodes.end()) {
                return known->second;
            }
            if (scope->hides) {
                break;
            }
        }
        const int result = record(e);
        scopes_.back().nodes[e.get()] = result;
        return result;
    }

    int add(Node node) {
        tape.nodes.push_back(std::move(node));
        return static_cast<int>(tape.nodes.size()) - 1;
    }

    [[noreturn]] static void refuse(const Expr &e) {
        std::ostringstream text;
        text << "no such operation: " << e;
        throw std::runtime_error(text.str());
    }

    int with(Op op, const Type &type, const std::vector<Expr> &operands, int index = 0, int component = 0) {
        Node made;
        made.op = op;
        made.type = type;
        for (const Expr &operand : operands) {
            made.operands.push_back(node(operand));
        }
        made.index = index;
        made.component = component;
        return add(std::move(made));
    }

    int named(const std::string &name, const Type &type, const std::vector<Expr> &operands) {
        const int made = with(operands.size() == 1 ? Op::unary : Op::binary, type, operands);
        Node &node = tape.nodes[static_cast<size_t>(made)];
        node.unary = operands.size() == 1 ? unary_function(name) : nullptr;
        node.binary = operands.size() == 2 ? binary_function(name) : nullptr;
        if (!node.unary && !node.binary) {
            throw std::runtime_error("no such operation: " + name);
        }
        return made;
    }

    int number(const Type &type, int64_t integer, double real) {
        Node made;
        made.type = type;
        made.integer = integer;
        made.real = real;
        return add(std::move(made));
    }

    template<typename Operation>
    bool arithmetic(const Expr &e, const char *name, Op integer, int &result) {
        const Operation *op = e.as<Operation>();
        if (op) {
            result =
                e.type().is_float() ? named(name, e.type(), {op->a, op->b}) : with(integer, e.type(), {op->a, op->b});
        }
        return op != nullptr;
    }

    template<typename Operation>
    bool relation(const Expr &e, Op which, int &result) {
        const Operation *op = e.as<Operation>();
        if (op) {
            result = with(which, e.type(), {op->a, op->b});
        }
        return op != nullptr;
    }

    int record(const Expr &e) {
        int result = 0;
        if (!e.type().is_scalar()) {
            refuse(e);
        }
        if (const IntImm *op = e.as<IntImm>()) {
            return number(e.type(), op->value, 0);
        }
        if (const UIntImm *op = e.as<UIntImm>()) {
            return number(e.type(), static_cast<int64_t>(op->value), 0);
        }
        if (const FloatImm *op = e.as<FloatImm>()) {
            return number(e.type(), 0, op->value);
        }
        if (arithmetic<Add>(e, "+", Op::add, result) || arithmetic<Sub>(e, "-", Op::sub, result) ||
            arithmetic<Mul>(e, "*", Op::mul, result) || arithmetic<Div>(e, "/", Op::div, result) ||
            arithmetic<Mod>(e, "%", Op::mod, result) || arithmetic<Min>(e, "min", Op::min, result) ||
            arithmetic<Max>(e, "max", Op::max, result) || relation<EQ>(e, Op::eq, result) ||
            relation<NE>(e, Op::ne, result) || relation<LT>(e, Op::lt, result) || relation<LE>(e, Op::le, result) ||
            relation<GT>(e, Op::gt, result) || relation<GE>(e, Op::ge, result) ||
            relation<And>(e, Op::logical_and, result) || relation<Or>(e, Op::logical_or, result)) {
            return result;
        }
        if (const Not *op = e.as<Not>()) {
            return with(Op::logical_not, e.type(), {op->a});
        }
        if (const Cast *op = e.as<Cast>()) {
            return with(Op::cast, e.type(), {op->value});
        }
        if (const Select *op = e.as<Select>()) {
            return with(Op::select, e.type(), {op->condition, op->true_value, op->false_value});
        }
        if (const Let *op = e.as<Let>()) {
            return let(op);
        }
        if (const Variable *op = e.as<Variable>()) {
            return variable(e, *op);
        }
        if (const Call *op = e.as<Call>()) {
            return call(e, *op);
        }
        refuse(e);
    }

    // Lets stand in one another's bodies, thousands of them in a second derivative: too deep to go in by calls.
    int let(const Let *op) {
        // Those with new names share a scope: what was met before such a name had a value does not use it.
        std::vector<std::pair<std::string, std::optional<int>>> outer;  // what the names stood for before
        const size_t scopes = scopes_.size();
        scopes_.emplace_back();
        Expr body;
        for (; op; op = body.as<Let>()) {
            const int value = node(op->value);
            const auto before = lets_.find(op->name);
            const bool is_let = before != lets_.end();
            outer.emplace_back(op->name, is_let ? std::optional<int>(before->second) : std::nullopt);
            lets_[op->name] = value;
            if (is_let || variables_.count(op->name)) {
                scopes_.push_back({{}, true});
            }
            body = op->body;
        }
        const int result = node(body);
        scopes_.resize(scopes);
        for (; !outer.empty(); outer.pop_back()) {
            if (const auto &[name, before] = outer.back(); before) {
                lets_[name] = *before;
            } else {
                lets_.erase(name);
            }
        }
        return result;
    }

    int variable(const Expr &e, const Variable &op) {
        if (op.param.defined() && !op.param.is_buffer()) {
            tape.parameters.push_back(op.param);
            return with(Op::scalar, e.type(), {}, static_cast<int>(tape.parameters.size()) - 1);
        }
        if (op.param.defined() || op.image.defined()) {
            return bound(e, op);
        }
        if (const auto let = lets_.find(op.name); let != lets_.end()) {
            return let->second;
        }
        const auto known = variables_.find(op.name);
        if (known == variables_.end()) {
            refuse(e);
        }
        return with(Op::variable, e.type(), {}, known->second);
    }

    // Halide's names for the bounds of images: in.min.0, in.extent.0.
    int bound(const Expr &e, const Variable &op) {
        const size_t last = op.name.rfind('.');
        const size_t first = last == std::string::npos || last == 0 ? std::string::npos : op.name.rfind('.', last - 1);
        const std::string what = first == std::string::npos ? "" : op.name.substr(first + 1, last - first - 1);
        if (what != "min" && what != "extent") {
            refuse(e);
        }
        tape.images.push_back(image_of(op.param, op.image));
        return with(what == "min" ? Op::low : Op::extent, e.type(), {}, static_cast<int>(tape.images.size()) - 1,
                    std::stoi(op.name.substr(last + 1)));
    }

    static Tape::Image image_of(const Halide::Parameter &parameter, const Halide::Buffer<> &buffer) {
        return parameter.defined() ? Tape::Image{parameter.name(), parameter.buffer()}
                                   : Tape::Image{buffer.name(), buffer};
    }

    int call(const Expr &e, const Call &op) {
        if (op.call_type == Call::Halide) {
            tape.functions.emplace_back(op.func);
            return with(Op::call, e.type(), op.args, static_cast<int>(tape.functions.size()) - 1, op.value_index);
        }
        if (op.call_type == Call::Image) {
            tape.images.push_back(image_of(op.param, op.image));
            return with(Op::element, e.type(), op.args, static_cast<int>(tape.images.size()) - 1);
        }
        if (op.is_intrinsic()) {
            return intrinsic(e, op);
        }
        if (const auto array = array_node(&op); array && array->kind == ArrayNode::Kind::Value) {
            return with(Op::same, e.type(), {op.args.back()});
        }
        for (const char *suffix : {"_f16", "_f32", "_f64"}) {
            if (op.call_type == Call::PureExtern && ends_with(op.name, suffix)) {
                return function(op.name.substr(0, op.name.size() - 4), e, op);
            }
        }
        refuse(e);
    }

    int function(const std::string &name, const Expr &e, const Call &op) {
        static const std::map<std::string, Op> tests{
            {"is_nan", Op::is_nan}, {"is_inf", Op::is_inf}, {"is_finite", Op::is_finite}};
        static const std::map<std::string, double> numbers{{"nan", std::numeric_limits<double>::quiet_NaN()},
                                                           {"inf", std::numeric_limits<double>::infinity()},
                                                           {"neg_inf", -std::numeric_limits<double>::infinity()}};
        if (const auto test = tests.find(name); test != tests.end()) {
            return with(test->second, e.type(), op.args);
        }
        if (const auto value = numbers.find(name); value != numbers.end()) {
            return number(e.type(), 0, value->second);
        }
        return named(name, e.type(), op.args);
    }

    int intrinsic(const Expr &e, const Call &op) {
        static const std::map<std::string, Op> same_for_all{
            {"likely", Op::same},
            {"likely_if_innermost", Op::same},
            {"promise_clamped", Op::same},
            {"unsafe_promise_clamped", Op::same},
            {"memoize_expr", Op::same},
            {"require", Op::second},
            {"if_then_else", Op::select},
            {"mux", Op::mux},
            {"lerp", Op::lerp},
            {"strict_eq", Op::eq},
            {"strict_lt", Op::lt},
            {"strict_le", Op::le},
        };
        static const std::map<std::string, Op> of_integers{
            {"abs", Op::abs},
            {"absd", Op::absd},
            {"div_round_to_zero", Op::div_round_to_zero},
            {"mod_round_to_zero", Op::mod_round_to_zero},
            {"bitwise_and", Op::bit_and},
            {"bitwise_or", Op::bit_or},
            {"bitwise_xor", Op::bit_xor},
            {"bitwise_not", Op::bit_not},
            {"shift_left", Op::shift_left},
            {"shift_right", Op::shift_right},
        };
        static const std::map<std::string, std::string> of_floats{
            {"strict_add", "+"}, {"strict_sub", "-"},   {"strict_mul", "*"},
            {"strict_div", "/"}, {"strict_min", "min"}, {"strict_max", "max"},
            {"abs", "abs"},      {"round", "round"},    {"saturating_cast", "saturating_cast"},
        };
        if (op.name == "return_second") {
            const bool stops = op.args[0].type().is_bool() && is_const_one(op.args[0]);
            return with(stops ? Op::stopped : Op::second, e.type(), op.args);
        }
        if (const auto found = same_for_all.find(op.name); found != same_for_all.end()) {
            if ((found->second == Op::lerp && !e.type().is_float()) ||
                (found->second == Op::select && op.args.size() != 3)) {
                refuse(e);
            }
            return with(found->second, e.type(), op.args);
        }
        if (e.type().is_float()) {
            if (op.name == "saturating_cast" && op.args[0].type().is_float()) {
                return with(Op::cast, e.type(), op.args);
            }
            if (const auto found = of_floats.find(op.name); found != of_floats.end()) {
                return named(found->second, e.type(), op.args);
            }
        } else if (const auto found = of_integers.find(op.name);
                   found != of_integers.end() && !op.args[0].type().is_float()) {
            return with(found->second, e.type(), op.args);
        }
        refuse(e);
    }
};

class FindReads : public IRGraphVisitor {
public:
    explicit FindReads(const Function &function) : name_(function.name()) {}
    bool found = false;

private:
    std::string name_;
    using IRGraphVisitor::visit;
    void visit(const Call *op) override {
        found = found || (op->call_type == Call::Halide && op->name == name_);
        IRGraphVisitor::visit(op);
    }
};

bool reads(const Expr &e, const Function &function) {
    FindReads find(function);
    e.accept(&find);
    return find.found;
}

template<typename Choice>
void list_contestants(const Expr &e, std::vector<Expr> &contestants) {
    if (const Choice *op = e.as<Choice>()) {
        list_contestants<Choice>(op->a, contestants);
        list_contestants<Choice>(op->b, contestants);
    } else {
        contestants.push_back(e);
    }
}

// Of what `value` is the maximum or minimum, `old` first; empty if it is none with one `old`.
std::vector<Expr> contestants_of(const Expr &value, const Expr &old, const Function &function) {
    std::vector<Expr> all, contestants{old};
    if (value.as<Max>()) {
        list_contestants<Max>(value, all);
    } else if (value.as<Min>()) {
        list_contestants<Min>(value, all);
    }
    for (const Expr &e : all) {
        if (!equal(e, old)) {
            contestants.push_back(e);
            if (reads(e, function)) {
                return {};
            }
        }
    }
    return contestants.size() == all.size() && all.size() > 1 ? contestants : std::vector<Expr>();
}

// Finds the maxima of a stage with an RDom.
void find_contestants(const Function &function, const Definition &definition, const PacketElement &exprs,
                      Recorder &recorder, Tape::Element &element) {
    const bool has_domain = !definition.schedule().rvars().empty();
    bool moves = reads(definition.predicate(), function);
    for (const Expr &arg : exprs.args) {
        moves = moves || reads(arg, function);
    }
    for (size_t c = 0; c < exprs.values.size(); c++) {
        const Expr &value = exprs.values[c];
        const Expr old = Call::make(function, exprs.args, static_cast<int>(c));
        element.keeps.push_back(equal(value, old));
        element.contestants.emplace_back();
        if (has_domain && !moves && value.type().is_float()) {
            for (const Expr &e : contestants_of(value, old, function)) {
                element.contestants.back().push_back(recorder.root(e));
            }
        }
    }
}

std::vector<Expr> without_lets(std::vector<Expr> exprs) {
    for (Expr &e : exprs) {
        e = substitute_in_all_lets(e);
    }
    return exprs;
}

}  // namespace

Tape tape_of(const Function &function, int stage) {
    const Definition &definition = stage == 0 ? function.definition() : function.update(stage - 1);
    std::map<std::string, int> variables;
    for (const std::string &name : function.args()) {
        variables.emplace(name, static_cast<int>(variables.size()));
    }
    const std::vector<ReductionVariable> &reduction = definition.schedule().rvars();
    for (const ReductionVariable &r : reduction) {
        variables.emplace(r.var, static_cast<int>(variables.size()));
    }
    Recorder recorder(variables);
    std::vector<Tape::Range> ranges;
    for (const ReductionVariable &r : reduction) {
        ranges.push_back({recorder.root(r.min), recorder.root(r.extent)});
    }
    std::vector<int> predicate;
    for (const Expr &e : definition.split_predicate()) {
        predicate.push_back(recorder.root(e));
    }
    std::vector<Tape::Element> elements;
    for (const PacketElement &exprs :
         packet_elements(without_lets(definition.args()), without_lets(definition.values()))) {
        elements.emplace_back();
        for (const Expr &e : exprs.args) {
            elements.back().args.push_back(recorder.root(e));
        }
        for (const Expr &e : exprs.values) {
            elements.back().values.push_back(recorder.root(e));
        }
        if (stage > 0) {
            find_contestants(function, definition, exprs, recorder, elements.back());
        }
    }
    Tape tape = std::move(recorder.tape);
    tape.ranges = std::move(ranges);
    tape.predicate = std::move(predicate);
    tape.elements = std::move(elements);
    return tape;
}

}  // namespace sylvite::testing

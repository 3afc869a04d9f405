#include "frontend/graph.h"
#include "frontend/names.h"
#include "frontend/print.h"

#include <array>
#include <charconv>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// How tightly operators bind; an operand that binds less than its place asks for is put in parentheses.
enum Binding { loosest, either, both, equality, order, sum, product, unary, tightest };

class Printer : public IRVisitor {
public:
    explicit Printer(const ShownNames &names) : names_(names) {}

    std::string text(const Expr &e, int at_least = loosest) {
        binding_ = tightest;
        e.accept(this);
        std::string result = std::move(text_);
        return binding_ < at_least ? "(" + result + ")" : result;
    }

private:
    const ShownNames &names_;
    std::string text_;        // of the node visited last
    int binding_ = tightest;  // of the operator at its top
    std::map<std::string, std::string> lets_;

    using IRVisitor::visit;

    void show(std::string text, int binding = tightest) {
        text_ = std::move(text);
        binding_ = binding;
    }

    std::string list(const std::vector<Expr> &args) {
        std::string result;
        for (const Expr &arg : args) {
            result += (result.empty() ? "" : ", ") + text(arg);
        }
        return result;
    }

    static std::string name_of(const Halide::Type &type) {
        std::ostringstream out;
        out << type;
        return out.str();
    }

    static std::string shown(const std::map<std::string, std::string> &names, const std::string &name,
                             const std::string &otherwise) {
        const auto found = names.find(name);
        return found == names.end() ? otherwise : found->second;
    }

    template<typename Op>
    void infix(const Op *op, const char *symbol, int binding) {
        // `a - (b - c)` and `a / (b / c)` need their parentheses; so do sums of floats, which do not associate.
        const std::string left = text(op->a, binding), right = text(op->b, binding + 1);
        show(left + symbol + right, binding);
    }

    template<typename Op>
    void call(const Op *op, const char *name) {
        const std::string left = text(op->a), right = text(op->b);
        show(std::string(name) + "(" + left + ", " + right + ")");
    }

    template<typename T>
    static std::string shortest(T value) {
        std::array<char, 64> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        std::string text(digits.data(), end);
        return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
    }

    void visit(const IntImm *op) override {
        const std::string digits = std::to_string(op->value);
        op->type == Halide::Int(32) ? show(digits, op->value < 0 ? sum : tightest)
                                    : show(name_of(op->type) + "(" + digits + ")");
    }
    void visit(const UIntImm *op) override {
        op->type.is_bool() ? show(op->value ? "true" : "false")
                           : show(name_of(op->type) + "(" + std::to_string(op->value) + ")");
    }
    void visit(const FloatImm *op) override {
        const int binding = std::signbit(op->value) ? sum : tightest;
        switch (op->type.bits()) {
        case 64:
            return show(shortest(op->value), binding);
        case 32:
            return show(shortest(static_cast<float>(op->value)) + "f", binding);
        default:
            return show(name_of(op->type) + "(" + shortest(static_cast<float>(op->value)) + ")");
        }
    }
    void visit(const StringImm *op) override { show("\"" + op->value + "\""); }
    void visit(const Cast *op) override { show(name_of(op->type) + "(" + text(op->value) + ")"); }
    void visit(const Reinterpret *op) override {
        show("reinterpret<" + name_of(op->type) + ">(" + text(op->value) + ")");
    }
    void visit(const Add *op) override { infix(op, " + ", sum); }
    void visit(const Sub *op) override { infix(op, " - ", sum); }
    void visit(const Mul *op) override { infix(op, "*", product); }
    void visit(const Div *op) override { infix(op, "/", product); }
    void visit(const Mod *op) override { infix(op, " % ", product); }
    void visit(const Min *op) override { call(op, "min"); }
    void visit(const Max *op) override { call(op, "max"); }
    void visit(const EQ *op) override { infix(op, " == ", equality); }
    void visit(const NE *op) override { infix(op, " != ", equality); }
    void visit(const LT *op) override { infix(op, " < ", order); }
    void visit(const LE *op) override { infix(op, " <= ", order); }
    void visit(const GT *op) override { infix(op, " > ", order); }
    void visit(const GE *op) override { infix(op, " >= ", order); }
    void visit(const And *op) override { infix(op, " && ", both); }
    void visit(const Or *op) override { infix(op, " || ", either); }
    void visit(const Not *op) override { show("!" + text(op->a, unary), unary); }
    void visit(const Select *op) override {
        show("select(" + list({op->condition, op->true_value, op->false_value}) + ")");
    }

    void visit(const Let *op) override {
        const std::string value = text(op->value);
        const std::string name = "t" + std::to_string(lets_.size());
        lets_[op->name] = name;
        show("let " + name + " = " + value + " in " + text(op->body), loosest);
    }

    void visit(const Variable *op) override {
        if (const auto let = lets_.find(op->name); let != lets_.end()) {
            return show(let->second);
        }
        const std::string otherwise =
            op->param.defined() || op->image.defined() ? plain_name(op->name) : plain_variable(op->name);
        show(shown(names_.variables, op->name, otherwise));
    }

    void visit(const Call *op) override {
        const std::string args = list(op->args);
        if (const auto image = names_.images.find(op->name); image != names_.images.end()) {
            return show(image->second + "[" + args + "]");
        }
        switch (op->call_type) {
        case Call::Halide: {
            const std::string name = shown(names_.functions, op->name, plain_name(op->name));
            const bool tuple = op->func.defined() && Function(op->func).outputs() > 1;
            return show(name + "(" + args + ")" + (tuple ? "[" + std::to_string(op->value_index) + "]" : ""));
        }
        case Call::Image:
            return show(plain_name(op->name) + "[" + args + "]");
        default:
            return show(without_type(op) + "(" + args + ")");
        }
    }

    // sin_f32 is sin; the type is that of the argument.
    static std::string without_type(const Call *op) {
        const std::string suffix = "_f" + std::to_string(op->type.bits());
        const bool typed = op->call_type == Call::PureExtern && op->name.ends_with(suffix);
        return op->name.substr(0, op->name.size() - (typed ? suffix.size() : 0));
    }

    // Nodes that lowering makes; they are not met in definitions.
    template<typename Node>
    void by_halide(const Node *op) {
        std::ostringstream out;
        out << Expr(op);
        show(out.str(), loosest);
    }
    void visit(const Load *op) override { by_halide(op); }
    void visit(const Ramp *op) override { by_halide(op); }
    void visit(const Broadcast *op) override { by_halide(op); }
    void visit(const Shuffle *op) override { by_halide(op); }
    void visit(const VectorReduce *op) override { by_halide(op); }
};

}  // namespace

std::string print(const Expr &expr, const ShownNames &names) { return Printer(names).text(expr); }

}  // namespace sylvite

#include "schedules/condition.h"

#include <charconv>

namespace sylvite {

namespace {

// Operators by how tightly they bind, loosest first; all associate to the left.
const std::vector<std::vector<std::string>> levels = {
    {"||"}, {"&&"}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/", "%"}};

// Deeper nesting than anyone writes; the parser recurses.
constexpr int max_depth = 50;

// Longer than anyone writes; a chain of operators is a tree as deep as it is long.
constexpr size_t max_length = 1000;

class Parser {
public:
    explicit Parser(const std::string &text) : text_(text) {}

    Formula all() {
        if (text_.size() > max_length) {
            throw FormulaError("the formula is longer than " + std::to_string(max_length) + " characters.", 0);
        }
        Formula formula = binary(0, 0);
        skip();
        if (at_ < text_.size()) {
            throw FormulaError("there is more than a formula.", offset());
        }
        return formula;
    }

private:
    const std::string &text_;
    size_t at_ = 0;

    int offset() const { return static_cast<int>(at_); }
    void skip() {
        while (at_ < text_.size() && text_[at_] == ' ') {
            at_++;
        }
    }
    bool accept(const std::string &word) {
        skip();
        if (text_.compare(at_, word.size(), word) != 0) {
            return false;
        }
        at_ += word.size();
        return true;
    }
    static bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

    Formula binary(size_t level, int depth) {
        if (level == levels.size()) {
            return unary(depth);
        }
        Formula left = binary(level + 1, depth);
        for (bool found = true; found;) {
            found = false;
            for (const std::string &word : levels[level]) {
                skip();
                const int at = offset();
                if (accept(word)) {
                    Formula right = binary(level + 1, depth);
                    left = Formula{word, at, {std::move(left), std::move(right)}};
                    found = true;
                    break;
                }
            }
        }
        return left;
    }

    Formula unary(int depth) {
        skip();
        const int at = offset();
        if (depth > max_depth) {
            throw FormulaError("the formula is nested too deeply.", at);
        }
        if (accept("!")) {
            return {"!1", at, {unary(depth + 1)}};
        }
        if (accept("-")) {
            return {"-1", at, {unary(depth + 1)}};
        }
        if (accept("(")) {
            Formula inner = binary(0, depth + 1);
            if (!accept(")")) {
                throw FormulaError("a ) is missing.", offset());
            }
            return inner;
        }
        std::string word;
        while (at_ < text_.size() && (is_letter(text_[at_]) || text_[at_] == '.')) {
            word += text_[at_++];
        }
        if (word.empty()) {
            throw FormulaError("a number or a name is missing.", at);
        }
        if (std::isdigit(static_cast<unsigned char>(word[0]))) {
            int value = 0;
            const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
            if (error != std::errc() || end != word.data() + word.size()) {
                throw FormulaError(word + " is not an integer of 32 bits.", at);
            }
        } else if (word.ends_with(".extent")) {
            std::string dimension;
            if (!accept("(")) {
                throw FormulaError("extent needs a dimension, as in u.extent(0).", offset());
            }
            while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) {
                dimension += text_[at_++];
            }
            if (dimension.empty() || dimension.size() > 2 || !accept(")")) {
                throw FormulaError("extent needs a dimension, as in u.extent(0).", offset());
            }
            word += "(" + dimension + ")";
        }
        return {word, at, {}};
    }
};

struct Operator {
    const char *word;
    bool on_conditions;
    Expr (*make)(Expr, Expr);
};

const Operator operators[] = {
    {"||", true, [](Expr a, Expr b) { return a || b; }},  {"&&", true, [](Expr a, Expr b) { return a && b; }},
    {"==", false, [](Expr a, Expr b) { return a == b; }}, {"!=", false, [](Expr a, Expr b) { return a != b; }},
    {"<=", false, [](Expr a, Expr b) { return a <= b; }}, {">=", false, [](Expr a, Expr b) { return a >= b; }},
    {"<", false, [](Expr a, Expr b) { return a < b; }},   {">", false, [](Expr a, Expr b) { return a > b; }},
    {"+", false, [](Expr a, Expr b) { return a + b; }},   {"-", false, [](Expr a, Expr b) { return a - b; }},
    {"*", false, [](Expr a, Expr b) { return a * b; }},   {"/", false, [](Expr a, Expr b) { return a / b; }},
    {"%", false, [](Expr a, Expr b) { return a % b; }},   {"!1", true, [](Expr a, Expr) { return !a; }},
    {"-1", false, [](Expr a, Expr) { return -a; }},
};

}  // namespace

Formula parse_formula(const std::string &text) { return Parser(text).all(); }

Expr to_expr(const Formula &formula, const FindName &find) {
    if (formula.operands.empty()) {
        if (std::isdigit(static_cast<unsigned char>(formula.word[0]))) {
            return Expr(std::stoi(formula.word));
        }
        return find(formula.word, formula.offset);
    }
    for (const Operator &op : operators) {
        if (op.word != formula.word) {
            continue;
        }
        std::vector<Expr> operands;
        for (const Formula &operand : formula.operands) {
            operands.push_back(to_expr(operand, find));
            if (operands.back().type().is_bool() != op.on_conditions) {
                throw FormulaError(std::string(op.on_conditions ? "a condition" : "a number") + " is needed here.",
                                   operand.offset);
            }
        }
        return op.make(operands[0], operands.back());
    }
    throw FormulaError("unknown operator " + formula.word + ".", formula.offset);
}

}  // namespace sylvite

#include "autodiff/ties.h"

#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

template<typename Choice>
void list_operands(const Expr &e, std::vector<Expr> &operands) {
    if (const Choice *op = e.as<Choice>()) {
        list_operands<Choice>(op->a, operands);
        list_operands<Choice>(op->b, operands);
    } else {
        operands.push_back(e);
    }
}

// What `value` is the maximum or minimum of besides `old`; empty if it is none, or reads the Func elsewhere.
std::vector<Expr> candidates(const Expr &value, const Expr &old, const Function &function) {
    std::vector<Expr> operands, others;
    if (value.as<Max>()) {
        list_operands<Max>(value, operands);
    } else if (value.as<Min>()) {
        list_operands<Min>(value, operands);
    }
    for (const Expr &e : operands) {
        if (!equal(e, old)) {
            others.push_back(e);
        }
        if (!equal(e, old) && reads(e, function)) {
            return {};
        }
    }
    return others.size() + 1 == operands.size() ? others : std::vector<Expr>();
}

std::vector<Expr> candidates(const StageForm &form, size_t c, const Function &function) {
    if (!form.domain.defined() || !form.values[c].type().is_float() || reads(form.predicate, function)) {
        return {};
    }
    for (const Expr &arg : form.args) {
        if (reads(arg, function)) {
            return {};
        }
    }
    return candidates(form.values[c], Call::make(function, form.args, static_cast<int>(c)), function);
}

Expr one_if(const Expr &condition) { return Halide::cast<int>(condition); }

// How many of a[0] ... are equal to y, of which a[0] stands for `count`.
Expr winners(const Operands &a, const Expr &y) {
    Expr sum = Halide::select(a[0] == y, a.back(), 0);
    for (size_t i = 1; i + 1 < a.size(); i++) {
        sum = sum + one_if(a[i] == y);
    }
    return sum;
}

// Operands: the old value, the candidates, and how many candidates before were equal to the old value.
std::vector<Partial> even_shares(const Operands &a, const Expr &y) {
    const Expr all = Halide::cast(y.type(), winners(a, y));
    const auto share = [&](const Expr &count) { return Halide::cast(y.type(), count) / all; };
    std::vector<Partial> partials{{share(a.back()), a[0] == y}};
    for (size_t i = 1; i + 1 < a.size(); i++) {
        partials.emplace_back(share(1), a[i] == y);
    }
    partials.emplace_back();
    return partials;
}

}  // namespace

std::optional<Function> with_counted_ties(const Function &function) {
    const int stages = static_cast<int>(function.updates().size());
    const size_t values = function.output_types().size();
    std::vector<StageForm> forms;
    std::vector<int> counted;  // components
    for (int stage = 1; stage <= stages; stage++) {
        forms.push_back(stage_form(function, stage));
    }
    for (size_t c = 0; c < values; c++) {
        for (const StageForm &form : forms) {
            if (!candidates(form, c, function).empty()) {
                counted.push_back(static_cast<int>(c));
                break;
            }
        }
    }
    if (counted.empty()) {
        return std::nullopt;
    }
    Func result(plain_name(function.name()));
    std::vector<Expr> initial = stage_form(function, 0).values;
    // In f16 the rounding of (n - 1) / n from winner to winner would add up, and there are no numbers beyond 65504.
    const auto widened = [](const Expr &e) { return Halide::cast(adjoint_type(e.type()), e); };
    for (const int c : counted) {
        initial[c] = widened(initial[c]);
    }
    initial.resize(values + counted.size(), 1);
    result.function().define(function.args(), initial);
    for (StageForm &form : forms) {
        for (size_t k = 0; k < counted.size(); k++) {
            const int c = counted[k];
            const Expr value = widened(form.values[c]);
            const Expr count = Call::make(result.function(), form.args, static_cast<int>(values + k));
            Operands operands = candidates(form, c, function);
            if (operands.empty()) {
                const bool is_old = equal(form.values[c], Call::make(function, form.args, c));
                form.values.push_back(is_old ? count : Expr(1));
                form.values[c] = value;
                continue;
            }
            std::transform(operands.begin(), operands.end(), operands.begin(), widened);
            operands.insert(operands.begin(), Call::make(result.function(), form.args, c));
            operands.push_back(count);
            form.values.push_back(winners(operands, value));
            form.values[c] = with_rule(value, operands, {"maximum", even_shares, {}, {}, ""});
        }
        for (std::vector<Expr> *exprs : {&form.args, &form.values}) {
            for (Expr &e : *exprs) {
                e = redirect_reads(e, function, result.function());
            }
        }
        form.predicate = redirect_reads(form.predicate, function, result.function());
        define_update(result.function(), without_own_predicate(form, result.function()));
    }
    return result.function();
}

}  // namespace sylvite

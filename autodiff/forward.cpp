#include "autodiff/reverse.h"

#include "autodiff/custom_rule.h"
#include "autodiff/packets.h"
#include "autodiff/ties.h"
#include "frontend/graph.h"

#include <map>
#include <set>

using namespace Halide::Internal;

namespace sylvite {

namespace {

// Tangent Funcs, producers first. A Func whose updates only add gets a tangent Func of its own; one whose updates read
// what they overwrite becomes one Func of (tangents, values), whose stages run in lockstep.
class Forward {
public:
    Forward(const std::vector<Func> &outputs, const std::vector<Tangent> &inputs) {
        std::vector<Function> functions;
        for (const Func &output : outputs) {
            functions.push_back(output.function());
        }
        for (const Tangent &tangent : inputs) {
            add_input(tangent);
        }
        require_distinct_names(functions_of(functions));
        for (const Function &function : differentiable_functions(functions)) {
            if (!tangents_.count(target_of(function).key)) {
                differentiate(function);
            }
        }
    }

    Func tangent(const Func &output) const {
        const auto it = tangents_.find(target_of(output.function()).key);
        if (it != tangents_.end()) {
            return it->second;
        }
        Func zero("d_" + plain_name(output.name()));
        std::vector<Expr> zeros;
        for (const Type &type : output.types()) {
            zeros.push_back(make_zero(type));
        }
        zero(output.args()) = zeros.size() == 1 ? Halide::Tuple(zeros[0]) : Halide::Tuple(zeros);
        return zero;
    }

private:
    std::map<std::string, Func> tangents_;  // by key; as many values as what they are the tangent of
    std::set<std::string> given_;           // the keys of the inputs

    void add_input(const Tangent &tangent) {
        const Input &x = tangent.input;
        const Func &v = tangent.tangent;
        _halide_user_assert(v.defined()) << "jvp() needs defined tangents; that of " << x.name()
                                         << " is not: define it first.";
        _halide_user_assert(v.dimensions() == x.dimensions() && v.outputs() == static_cast<int>(x.types().size()))
            << "jvp() needs tangents with the rank and number of values of their input; " << x.name() << " has "
            << x.dimensions() << " dimensions and " << x.types().size() << " values, its tangent " << v.dimensions()
            << " and " << v.outputs() << ": give it the arguments of the input.";
        for (size_t c = 0; c < x.types().size(); c++) {
            _halide_user_assert(x.types()[c].is_float() || x.types().size() > 1)
                << "jvp() needs float inputs; " << x.name() << " has type " << x.types()[c]
                << ": integers have no derivative.";
            _halide_user_assert(!x.types()[c].is_float() || v.types()[c].is_float())
                << "jvp() needs float tangents; that of " << x.name() << " has type " << v.types()[c] << ": cast it.";
        }
        _halide_user_assert(tangents_.emplace(x.target().key, v).second)
            << "jvp() needs one tangent per input; " << x.name() << " has two: add them up.";
        given_.insert(x.target().key);
    }

    // The tangent of value c of a stage; undefined if it is zero. `self` maps the Func's own reads to its tangent;
    // `result` is a read of the value, if there is one.
    Expr tangent_of(const StageForm &form, size_t c, const std::string &where, const std::string &self = "",
                    const Function *fused = nullptr, const Expr &result = Expr()) {
        const Type type = form.values[c].type();
        if (!type.is_float()) {
            return Expr();
        }
        std::vector<Expr> seeds(form.values.size());
        seeds[c] = make_one(type);
        const auto active = [&](const ReadTarget &read) { return tangents_.count(read.key) || read.key == self; };
        Expr sum;
        for (const Term &term : linear_form({form.values[c]}, {seeds[c]}, active, where, rule_for, result)) {
            const ReadTarget target = read_target(term.read);
            const std::vector<Expr> args = read_arguments(term.read);
            Expr moved;
            if (target.key == self && fused) {
                moved = Call::make(*fused, args, target.value_index);
            } else {
                const Func &tangent = tangents_.at(target.key);
                moved = Call::make(tangent.function(), args, target.value_index);
            }
            moved = Halide::cast(term.read.type(), moved);
            Expr product = product_of(term.coefficient, moved);
            sum = sum_of(sum, guarded(term.guard, Halide::cast(type, product)));
        }
        return sum;
    }

    // The tangent of a Func with a rule of the user's own.
    void differentiate(const RuledFunc &ruled) {
        const Function function = ruled.output.function();
        const HiddenByRule hidden = hidden_by_rule(function);
        for (const std::string &key : given_) {
            if (hidden.leaves.count(key) || hidden.functions.count(key)) {
                refuse_hidden(function, key);
            }
        }
        bool any = false;
        std::vector<Func> tangents;
        for (const Func &input : ruled.inputs) {
            any = any || tangents_.count(target_of(input.function()).key);
            tangents.push_back(tangent(input));
        }
        if (!any) {
            return;
        }
        _halide_user_assert(ruled.rule.jvp)
            << "jvp() needs a rule with a jvp for every Func; " << plain_name(function.name())
            << " has a vjp only: add one, or use reverse mode.";
        tangents_.emplace(target_of(function).key, ruled.jvp(tangents));
    }

    void differentiate(const Function &function) {
        if (const auto ruled = rule_of(function)) {
            differentiate(*ruled);
            return;
        }
        const std::string key = target_of(function).key;
        bool is_active = false;
        const Reads reads = reads_of(function);
        for (const Function &callee : reads.functions) {
            is_active = is_active || tangents_.count(target_of(callee).key);
        }
        for (const Halide::Parameter &parameter : reads.parameters) {
            is_active = is_active || tangents_.count(target_of(parameter).key);
        }
        for (const Halide::Buffer<> &buffer : reads.buffers) {
            is_active = is_active || tangents_.count(target_of(buffer).key);
        }
        bool any_float = false;
        for (const Type &type : function.output_types()) {
            any_float = any_float || type.is_float();
        }
        if (!is_active || !any_float) {
            return;
        }
        require_definition(function);
        bool accumulates = true;
        for (size_t stage = 1; stage <= function.updates().size(); stage++) {
            accumulates = accumulates && kind_of_update(function, static_cast<int>(stage)) == Update::accumulate;
        }
        const auto counted = with_counted_ties(function);
        const Func tangent = accumulates ? separate(function) : lockstep(counted ? *counted : function, function);
        if (tangent.defined()) {
            tangents_.emplace(key, tangent);
        }
    }

    Func separate(const Function &function) {
        Func tangent("d_" + plain_name(function.name()));
        bool any = false;
        std::vector<StageForm> stages;  // of the tangent
        for (size_t stage = 0; stage <= function.updates().size(); stage++) {
            StageForm form = stage_form(function, static_cast<int>(stage));
            std::vector<Expr> moved;
            for (size_t c = 0; c < form.values.size(); c++) {
                // Where nothing is added to it later, what the Func has kept need not be computed again.
                const Expr result = function.updates().empty() && form.values[c].type() == function.output_types()[c]
                                        ? Call::make(function, form.args, static_cast<int>(c))
                                        : Expr();
                Expr d = tangent_of(form, c, stage_text(function, static_cast<int>(stage)), "", nullptr, result);
                any = any || d.defined();
                moved.push_back(d.defined() ? d : make_zero(form.values[c].type()));
            }
            form.values = moved;
            stages.push_back(form);
        }
        if (!any) {
            return Func();
        }
        for (size_t stage = 0; stage < stages.size(); stage++) {
            auto &[args, values, predicate, domain] = stages[stage];
            if (stage == 0) {
                tangent.function().define(function.args(), values);
                continue;
            }
            bool adds = false;
            for (size_t c = 0; c < values.size(); c++) {
                adds = adds || !is_const_zero(values[c]);
                values[c] = Call::make(tangent.function(), args, static_cast<int>(c)) + values[c];
            }
            if (adds) {
                // The domain is given: a tangent that is the same in all iterations does not show it.
                tangent.function().define_update(args, values, domain);
            }
        }
        return tangent;
    }

    // `function` has the values of `original`, and maybe more.
    Func lockstep(const Function &function, const Function &original) {
        Func fused(plain_name(function.name()) + "_with_tangent");
        const int values = function.outputs();
        for (int stage = 0; stage <= static_cast<int>(function.updates().size()); stage++) {
            StageForm form = without_own_predicate(stage_form(function, stage), function);
            // Tangents stand first: they read the values, which do not read them.
            std::vector<Expr> both;
            const Function target = fused.function();
            for (int c = 0; c < values; c++) {
                std::vector<Expr> elements;
                for (const StageForm &element : elements_of(form, stage_text(function, stage))) {
                    const Expr d = tangent_of(element, c, stage_text(function, stage),
                                              stage == 0 ? "" : target_of(function).key, &target);
                    elements.push_back(d.defined() ? d : make_zero(form.values[c].type()));
                }
                both.push_back(packet_of(elements));
            }
            both.insert(both.end(), form.values.begin(), form.values.end());
            if (stage == 0) {
                fused.function().define(function.args(), both);
            } else {
                form.values = both;
                for (std::vector<Expr> *exprs : {&form.args, &form.values}) {
                    for (Expr &e : *exprs) {
                        e = redirect_reads(e, function, target, values);
                    }
                }
                define_update(target, form);
            }
        }
        Func tangent("d_" + plain_name(original.name()));
        std::vector<Expr> at, tangents;
        for (const std::string &arg : function.args()) {
            at.push_back(Variable::make(Halide::Int(32), arg));
        }
        for (int c = 0; c < original.outputs(); c++) {
            tangents.push_back(Halide::cast(original.output_types()[c], Call::make(fused.function(), at, c)));
        }
        tangent.function().define(function.args(), tangents);
        return tangent;
    }
};

}  // namespace

std::vector<Func> tangents_of(const std::vector<Func> &outputs, const std::vector<Tangent> &inputs) {
    for (const Func &output : outputs) {
        _halide_user_assert(output.defined())
            << "jvp() needs defined Funcs; " << plain_name(output.name()) << " is not: define it first.";
    }
    const Forward forward(outputs, inputs);
    std::vector<Func> tangents;
    for (const Func &output : outputs) {
        tangents.push_back(forward.tangent(output));
    }
    return tangents;
}

}  // namespace sylvite

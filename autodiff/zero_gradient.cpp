#include "autodiff/zero_gradient.h"

#include "autodiff/custom_rule.h"
#include "frontend/graph.h"
#include "frontend/names.h"
#include "frontend/print.h"
#include "frontend/remark.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

using namespace Halide::Internal;

namespace sylvite {

namespace {

using Kind = ArrayNode::Kind;

// What a derivative carries among the texts that Halide hands to tracing.
constexpr const char *derivative_tag = "sylvite derivative";

// An operation through which nothing is differentiated.
struct Cut {
    std::string stage;
    Expr at;
};

// A read, cut or not.
struct Edge {
    ReadTarget target;
    std::optional<Function> function;  // none of a parameter or buffer
    std::optional<Cut> cut;
};

// The direct children of an Expr.
class Children : public IRGraphVisitor {
public:
    std::vector<Expr> exprs;

private:
    void include(const Expr &e) override { exprs.push_back(e); }
};

std::vector<Expr> children(const Expr &e) {
    Children found;
    e.accept(&found);
    return found.exprs;
}

// Finds the reads in the Exprs of one stage. Every Expr is walked once as it counts, and once as it does not.
class StageReads {
public:
    StageReads(std::string stage, std::vector<Edge> &edges) : stage_(std::move(stage)), edges_(edges) {}

    // What `e` reads when a derivative goes through it.
    void differentiated(const Expr &e) { visit(written_out(e), Expr()); }

    // What it reads as an index or a condition. Floats in it became integers or truths somewhere.
    void other(const Expr &e) { visit(written_out(e), e); }

private:
    const std::string stage_;
    std::vector<Edge> &edges_;
    std::vector<Expr> written_out_;                  // keeps alive what is known by address
    std::unordered_map<const IRNode *, bool> seen_;  // whether it was walked without a cut

    const Expr &written_out(const Expr &e) { return written_out_.emplace_back(substitute_in_all_lets(e)); }

    // `cut` is the last operation on the way down from which nothing comes back.
    void visit(const Expr &e, const Expr &cut) {
        const auto [known, is_new] = seen_.emplace(e.get(), !cut.defined());
        if (!is_new) {
            if (known->second || cut.defined()) {
                return;
            }
            known->second = true;
        }
        const Call *call = e.as<Call>();
        if (const ReadTarget target = read_target(e); !target.key.empty()) {
            add(e, target, cut);
            for (const Expr &index : read_arguments(e)) {
                visit(index, e);
            }
        } else if (call && array_node(call)) {
            if (array_node(call)->kind == Kind::Value) {
                visit(call->args[1], cut);
            }
        } else if (!e.type().is_float()) {
            for (const Expr &child : children(e)) {
                visit(child, child.type().is_float() ? e : cut);
            }
        } else if (is_stopped(e)) {
            visit(call->args[1], e);
        } else {
            visit_operation(e, cut);
        }
    }

    void visit_operation(const Expr &e, const Expr &cut) {
        const Operation operation = operation_of(e);
        const Rule *rule = operation.rule ? operation.rule.get() : rule_for(operation.name);
        std::vector<Expr> rest = children(e);
        if (operation.name.empty() || !rule) {
            // Constants; what has no rule is refused when it is differentiated.
            for (const Expr &child : rest) {
                visit(child, cut);
            }
            return;
        }
        const std::vector<Partial> partials = rule->partials(operation.operands, e);
        std::set<const IRNode *> live;
        for (size_t i = 0; i < operation.operands.size() && i < partials.size(); i++) {
            if (partials[i].coefficient.defined()) {
                live.insert(operation.operands[i].get());
                visit(operation.operands[i], cut);
            }
        }
        for (const Expr &child : rest) {
            if (!live.count(child.get())) {
                visit(child, child.type().is_float() ? e : cut);
            }
        }
    }

    void add(const Expr &read, const ReadTarget &target, const Expr &cut) {
        Edge edge{target, std::nullopt, std::nullopt};
        const Call *call = read.as<Call>();
        if (call && call->func.defined()) {
            edge.function = Function(call->func);
        }
        // An integer was cut off where it was made.
        if (cut.defined() && read.type().is_float()) {
            edge.cut = Cut{stage_, cut};
        }
        edges_.push_back(edge);
    }
};

bool is_derivative(const Function &function) {
    const std::vector<std::string> &tags = function.get_trace_tags();
    return std::find(tags.begin(), tags.end(), derivative_tag) != tags.end();
}

// Searches from the outputs, ways with fewer cuts first. Nothing that a derivative reads is cut: it may be constant, at
// least in pieces, and rules have conditions and floors of their own.
class Search {
public:
    Search(const std::vector<Func> &outputs, std::string key) : key_(std::move(key)) {
        for (const Func &output : outputs) {
            for (int c = 0; c < output.outputs(); c++) {
                if (output.types()[c].is_float()) {
                    reach({target_of(output.function(), c), output.function(), std::nullopt}, {}, 0, false);
                }
            }
        }
    }

    // The way to the input, from the outputs on; empty where there is none.
    std::vector<Edge> way() {
        while (!open_.empty()) {
            const Place place = open_.front();
            open_.pop_front();
            if (!done_.insert(place).second) {
                continue;
            }
            const Found here = found_.at(place);
            if (place.target.key == key_) {
                return way_to(place);
            }
            if (here.edge.function) {
                const bool in_derivative = place.in_derivative || is_derivative(*here.edge.function);
                met_derivative_ = met_derivative_ || in_derivative;
                for (Edge &edge : reads_of_value(*here.edge.function, place.target.value_index)) {
                    if (in_derivative) {
                        edge.cut.reset();
                    }
                    reach(edge, place, here.cuts + (edge.cut ? 1 : 0), in_derivative);
                }
            }
        }
        return {};
    }

    // Whether the outputs are made of derivatives, once way() has found none.
    bool met_derivative() const { return met_derivative_; }

private:
    struct Place {
        ReadTarget target;
        bool in_derivative;
        auto operator<=>(const Place &) const = default;
    };
    struct Found {
        Edge edge;
        Place reader;
        int cuts;
    };
    const std::string key_;
    bool met_derivative_ = false;
    std::map<Place, Found> found_;
    std::set<Place> done_;
    std::deque<Place> open_;
    std::map<const ArrayNode *, std::pair<Array, Array>> states_;  // where a loop's states come from

    void reach(const Edge &edge, const Place &reader, int cuts, bool in_derivative) {
        const Place place{edge.target, in_derivative};
        const auto [known, is_new] = found_.emplace(place, Found{edge, reader, cuts});
        if (!is_new) {
            if (known->second.cuts <= cuts) {
                return;
            }
            known->second = {edge, reader, cuts};
        }
        if (edge.cut) {
            open_.push_back(place);
        } else {
            open_.push_front(place);
        }
    }

    std::vector<Edge> way_to(Place place) const {
        std::vector<Edge> edges;
        for (; !place.target.key.empty(); place = found_.at(place).reader) {
            edges.insert(edges.begin(), found_.at(place).edge);
        }
        return edges;
    }

    std::vector<Edge> reads_of_value(const Function &function, int component) {
        std::vector<Edge> edges;
        if (const auto node = array_node(function); node && node->kind != Kind::Value) {
            add_loop(*node, edges);
            return edges;
        }
        if (rule_of(function) || !function.has_pure_definition()) {
            add_all(function, edges);
            return edges;
        }
        for (int stage = 0; stage <= static_cast<int>(function.updates().size()); stage++) {
            const Definition &definition = stage == 0 ? function.definition() : function.update(stage - 1);
            std::string name = plain_name(function.name());
            if (stage > 0) {
                name += ".update(" + std::to_string(stage - 1) + ")";
            }
            StageReads reads(name, edges);
            reads.differentiated(definition.values()[component]);
            for (const Expr &arg : definition.args()) {
                reads.other(arg);
            }
            reads.other(definition.predicate());
            for (const ReductionVariable &r : definition.schedule().rvars()) {
                reads.other(r.min);
                reads.other(r.extent);
            }
        }
        return edges;
    }

    void add_array(const Array &array, std::vector<Edge> &edges) const {
        const Function function = array.func().function();
        edges.push_back({target_of(function), function, std::nullopt});
    }

    void add_loop(const ArrayNode &node, std::vector<Edge> &edges) {
        if (node.loop) {
            for (size_t i = 0; i < node.loop->state.size(); i++) {
                states_[node.loop->state[i].node().get()] = {node.loop->init[i], node.loop->next[i]};
            }
            add_array(node.loop->init[node.index], edges);
            add_array(node.loop->next[node.index], edges);
        } else if (const auto state = states_.find(&node); state != states_.end()) {
            add_array(state->second.first, edges);
            add_array(state->second.second, edges);
        }
    }

    // Of stages of which nothing is known here: rules of the user's own, and what is refused when it is differentiated.
    static void add_all(const Function &function, std::vector<Edge> &edges) {
        const Reads reads = reads_of(function);
        std::vector<Function> functions = reads.functions;
        if (const auto rule = rule_of(function)) {
            for (const Func &input : rule->inputs) {
                functions.push_back(input.function());
            }
            functions.push_back(rule->output.function());
        }
        for (const Function &callee : functions) {
            for (int c = 0; c < callee.outputs(); c++) {
                edges.push_back({target_of(callee, c), callee, std::nullopt});
            }
        }
        for (const Halide::Parameter &parameter : reads.parameters) {
            edges.push_back({target_of(parameter), std::nullopt, std::nullopt});
        }
        for (const Halide::Buffer<> &buffer : reads.buffers) {
            edges.push_back({target_of(buffer), std::nullopt, std::nullopt});
        }
    }
};

std::string name_of(const Edge &edge) {
    return edge.function ? plain_name(edge.function->name()) : edge.target.key.substr(edge.target.key.find(' ') + 1);
}

// What stands between a value and its derivative.
std::string kind_of(const Expr &e) {
    if (is_stopped(e)) {
        return "stop_gradient";
    }
    if (e.type().is_float()) {
        return operation_of(e).name;
    }
    if (e.as<Cast>()) {
        std::ostringstream text;
        text << "a cast to " << e.type();
        return text.str();
    }
    return e.type().is_bool() ? "a comparison" : "an integer";
}

std::string text_of(const Cut &cut) {
    constexpr size_t longest = 100;
    std::string text = print(is_stopped(cut.at) ? cut.at.as<Call>()->args[1] : cut.at);
    if (text.size() > longest) {
        text = text.substr(0, longest) + "...";
    }
    return "in " + cut.stage + " by " + kind_of(cut.at) + ", " + text;
}

}  // namespace

std::string why_zero(const std::vector<Func> &outputs, const Input &x) {
    std::vector<std::string> names;
    for (const Func &output : outputs) {
        names.push_back(plain_name(output.name()));
    }
    Search search(outputs, x.target().key);
    const std::vector<Edge> way = search.way();
    if (way.empty() && search.met_derivative()) {
        return "";
    }
    if (way.empty()) {
        return "The derivative of " + list_of(names) + " by " + x.name() + " is zero by construction: nothing in " +
               list_of(names) + " depends on " + x.name() + ".";
    }
    std::string through, cuts;
    for (size_t i = 0; i < way.size(); i++) {
        // Not the Func of Halide's that reads an ImageParam.
        const bool is_own = i + 1 < way.size() && name_of(way[i]) != name_of(way[i + 1]) + "_im";
        if (i > 0 && is_own && name_of(way[i]) != name_of(way[i - 1])) {
            through += (through.empty() ? " by way of " : ", ") + name_of(way[i]);
        }
        if (way[i].cut) {
            cuts += (cuts.empty() ? "" : " and ") + text_of(*way[i].cut);
        }
    }
    if (cuts.empty()) {
        return "";
    }
    const std::string output = name_of(way.front());
    return "The derivative of " + output + " by " + x.name() + " is zero by construction: " + output + " depends on " +
           x.name() + through + ", which is cut " + cuts + ".";
}

Func as_derivative(Func f) { return f.add_trace_tag(derivative_tag); }

void warn_if_zero(const std::vector<Func> &outputs, const Input &x) {
    if (const std::string why = why_zero(outputs, x); !why.empty()) {
        std::ostringstream place;
        if (*x.where().file) {
            place << x.where().file << ":" << x.where().line << ": ";
        }
        _halide_user_warning << place.str() << why << "\n";
    }
}

}  // namespace sylvite

#include "autodiff/boxes.h"

#include "autodiff/conditions.h"
#include "autodiff/known_sizes.h"
#include "frontend/graph.h"

#include <algorithm>

using namespace Halide::Internal;

namespace sylvite {

namespace {

Region region_of(const Box &box) {
    Region region;
    for (const Interval &interval : box.bounds) {
        if (interval.is_bounded()) {
            region.emplace_back(simplified(interval.min), simplified(interval.max - interval.min + 1));
        } else {
            region.emplace_back();
        }
    }
    return region;
}

Box box_of(const Region &region) {
    Box box;
    for (const Halide::Range &range : region) {
        box.push_back(range.min.defined() ? Interval(range.min, simplified(range.min + range.extent - 1))
                                          : Interval::everything());
    }
    return box;
}

// A region narrowed by conditions, which may leave nothing: then one place of the whole region. Where they narrow nothing it
// is as empty as it was.
Region not_empty(const Region &narrowed, const Region &whole) {
    Region region = narrowed;
    for (size_t d = 0; d < region.size(); d++) {
        if (!narrowed[d].min.defined() || !whole[d].min.defined() ||
            (equal(narrowed[d].min, whole[d].min) && equal(narrowed[d].extent, whole[d].extent))) {
            continue;
        }
        const Expr first = whole[d].min, last = simplified(whole[d].min + whole[d].extent - 1);
        const Expr min = narrowed[d].min, max = simplified(narrowed[d].min + narrowed[d].extent - 1);
        if (!provable(min <= last)) {
            region[d].min = Halide::min(min, last);
        }
        const Expr end = provable(max >= first) ? max : Halide::max(max, first);
        region[d].extent = simplified(end - region[d].min + 1);
    }
    return region;
}

// A statement that is run where all conditions hold: Halide narrows the bounds of variables by conditions of statements
// (not of selects), one comparison at a time.
Stmt under(const Expr &conditions, Stmt statement) {
    for (const Expr &condition : conjuncts(conditions)) {
        statement = IfThenElse::make(condition, statement);
    }
    return statement;
}

// The bounds of variables where a predicate holds.
Scope<Interval> narrowed(const Scope<Interval> &domain, const Expr &predicate) {
    std::vector<Expr> variables;
    Box whole;
    for (auto it = domain.cbegin(); it != domain.cend(); ++it) {
        variables.push_back(Variable::make(Halide::Int(32), it.name()));
        whole.push_back(it.value());
    }
    Scope<Interval> result;
    Region region = region_of(whole);
    const std::string name = "all_variables";
    const Stmt reads_all = Evaluate::make(Call::make(Halide::Int(32), name, variables, Call::Halide));
    const auto boxes = boxes_required(under(predicate, reads_all), domain);
    if (const auto box = boxes.find(name); box != boxes.end()) {
        region = not_empty(region_of(box->second), region);
    }
    size_t d = 0;
    const Box bounds = box_of(region);
    for (auto it = domain.cbegin(); it != domain.cend(); ++it) {
        result.push(it.name(), bounds[d].is_bounded() ? bounds[d] : it.value());
        d++;
    }
    return result;
}

bool has_predicate(const Definition &definition) {
    return definition.predicate().defined() && !is_const_one(definition.predicate());
}

// A dimension of a buffer that is read at an index without bounds is needed whole.
void bound_by_buffer(Region &box, const Halide::Parameter &parameter) {
    for (size_t d = 0; d < box.size(); d++) {
        if (!box[d].min.defined()) {
            const std::string name = parameter.name() + ".";
            box[d] = {Variable::make(Halide::Int(32), name + "min." + std::to_string(d), parameter),
                      Variable::make(Halide::Int(32), name + "extent." + std::to_string(d), parameter)};
        }
    }
}

void bound_by_buffer(Region &box, const Halide::Buffer<> &buffer) {
    for (int d = 0; d < static_cast<int>(box.size()); d++) {
        if (!box[d].min.defined()) {
            box[d] = {buffer.dim(d).min(), buffer.dim(d).extent()};
        }
    }
}

class InferBounds {
public:
    explicit InferBounds(const std::vector<Needed> &roots) {
        std::vector<Function> functions;
        for (const Needed &root : roots) {
            functions.push_back(root.function);
            merge(target_of(root.function).key, box_of(root.box));
        }
        functions = functions_of(functions);
        require_distinct_names(functions);
        std::vector<std::string> order;
        std::map<std::string, Function> environment;
        for (const Function &function : functions) {
            order.push_back(function.name());
            environment.emplace(function.name(), function);
        }
        bounds.values = compute_function_value_bounds(order, environment);
        for (auto function = functions.rbegin(); function != functions.rend(); ++function) {
            visit(*function);
        }
    }

    Bounds bounds;

private:
    std::map<std::string, Box> boxes_;

    void merge(const std::string &key, const Box &box) {
        auto [it, is_new] = boxes_.emplace(key, box);
        if (!is_new) {
            merge_boxes(it->second, box);
        }
    }

    void visit(const Function &function) {
        const std::string key = target_of(function).key;
        // What only stages without iterations read has no region, and needs nothing.
        const bool is_needed = function.dimensions() == 0 || boxes_.count(key) || array_node(function);
        Region &box = bounds.boxes[key];
        box = region_of(boxes_[key]);
        if (const auto node = array_node(function)) {
            box.clear();
            for (const Expr &extent : node->extents) {
                box.emplace_back(0, extent);
            }
        }
        const int stages = is_needed ? static_cast<int>(function.updates().size()) + 1 : 0;
        for (int stage = stages; stage-- > 1;) {
            if (runs_never(stage_definition(function, stage))) {
                continue;
            }
            const Region touched = region_touched(function, stage, box, bounds.values);
            for (size_t d = 0; d < box.size(); d++) {
                if (touched[d].min.defined()) {
                    box[d] = union_of({box[d]}, {touched[d]})[0];
                }
            }
        }
        std::map<std::string, std::string> keys;
        const Reads reads = reads_of(function);
        for (const Function &callee : reads.functions) {
            keys[callee.name()] = target_of(callee).key;
        }
        for (const Halide::Parameter &parameter : reads.parameters) {
            keys[parameter.name()] = target_of(parameter).key;
        }
        for (const Halide::Buffer<> &buffer : reads.buffers) {
            keys[buffer.name()] = target_of(buffer).key;
        }
        for (int stage = 0; stage < stages && function.has_pure_definition(); stage++) {
            const Definition &definition = stage_definition(function, stage);
            if (runs_never(definition)) {
                continue;
            }
            const Scope<Interval> domain = stage_domain(function, stage, box);
            const auto add = [&](const Expr &e, const Scope<Interval> &where) {
                for (const auto &[name, needed] : boxes_required(e, where, bounds.values)) {
                    if (auto it = keys.find(name); it != keys.end() && name != function.name()) {
                        merge(it->second, needed);
                    }
                }
            };
            std::vector<Expr> exprs = definition.values();
            exprs.insert(exprs.end(), definition.args().begin(), definition.args().end());
            const bool is_narrowed = has_predicate(definition);
            const Scope<Interval> inside = is_narrowed ? narrowed(domain, definition.predicate()) : Scope<Interval>();
            for (const Expr &e : exprs) {
                add(e, is_narrowed ? inside : domain);
            }
            add(definition.predicate(), domain);
        }
        for (const Halide::Parameter &parameter : reads.parameters) {
            Region &needed = bounds.boxes[target_of(parameter).key];
            needed = region_of(boxes_[target_of(parameter).key]);
            bound_by_buffer(needed, parameter);
        }
        for (const Halide::Buffer<> &buffer : reads.buffers) {
            Region &needed = bounds.boxes[target_of(buffer).key];
            needed = region_of(boxes_[target_of(buffer).key]);
            bound_by_buffer(needed, buffer);
        }
    }
};

}  // namespace

bool runs_never(const Definition &definition) {
    for (const ReductionVariable &r : definition.schedule().rvars()) {
        const auto extent = as_const_int(r.extent);
        if (extent && *extent <= 0) {
            return true;
        }
    }
    return false;
}

Bounds bounds_of(const std::vector<Needed> &roots) { return InferBounds(roots).bounds; }

namespace {

// Where `read` reads, for the points where `guard` holds.
Region region_where(const Expr &read, const Expr &guard, const Scope<Interval> &domain, const Bounds &bounds) {
    const Call *call = read.as<Call>();
    if (!call) {
        return {};
    }
    // Halide narrows the bounds of variables by the conditions of statements (not of selects), one comparison at a time.
    Stmt statement = Evaluate::make(read);
    for (const Expr &condition : conjuncts(guard)) {
        if (!depends_on_floats(condition)) {  // which bound no loop
            statement = IfThenElse::make(condition, statement);
        }
    }
    const std::map<std::string, Box> boxes = boxes_required(statement, domain, bounds.values);
    const auto box = boxes.find(call->name);
    return box == boxes.end() ? Region(call->args.size()) : region_of(box->second);
}

}  // namespace

Region region_read(const Expr &read, const Expr &guard, const Scope<Interval> &domain, const Bounds &bounds) {
    const Region whole = region_where(read, Expr(), domain, bounds);
    return guard.defined() ? not_empty(region_where(read, guard, domain, bounds), whole) : whole;
}

namespace {

class ReadInside : public IRGraphMutator {
public:
    ReadInside(const Bounds &bounds, const Scope<Interval> &domain) : bounds_(bounds), domain_(domain) {}

private:
    const Bounds &bounds_;
    const Scope<Interval> &domain_;

    // Where the target of a read may be read: what its Func needs. That may be nowhere, where nothing meets a predicate;
    // of an input, by itself or by the Func of an ImageParam, it is then where it has values.
    Region box_to_read(const Call &call) const {
        const auto needed = bounds_.boxes.find(read_target(&call).key);
        Region box = needed == bounds_.boxes.end() ? Region() : needed->second;
        if (std::all_of(box.begin(), box.end(), [](const Halide::Range &range) {
                return !range.min.defined() || provable(range.extent > 0);
            })) {
            return box;
        }
        const Call *input = &call;
        if (call.func.defined()) {
            const Function function(call.func);
            const bool is_copy = function.has_pure_definition() && function.updates().empty();
            input = is_copy ? function.values()[0].as<Call>() : nullptr;
            for (size_t d = 0; input && d < input->args.size(); d++) {
                const Variable *arg = input->args[d].as<Variable>();
                input = arg && d < function.args().size() && arg->name == function.args()[d] ? input : nullptr;
            }
        }
        if (!input || input->call_type != Call::Image) {
            return box;
        }
        Region whole(call.args.size());
        input->param.defined() ? bound_by_buffer(whole, input->param) : bound_by_buffer(whole, input->image);
        return whole;
    }

    using IRGraphMutator::visit;
    Expr visit(const Call *op) override {
        Expr mutated = IRGraphMutator::visit(op);
        const Call *call = mutated.as<Call>();
        const Region box = call ? box_to_read(*call) : Region();
        if (box.empty() || box.size() != call->args.size()) {
            return mutated;
        }
        std::vector<Expr> args = call->args;
        bool changed = false;
        for (size_t d = 0; d < args.size(); d++) {
            const Halide::Range &range = box[d];
            if (!range.min.defined()) {
                continue;
            }
            const Expr last = simplified(range.min + range.extent - 1);
            const Interval found = bounds_of_expr_in_scope(args[d], domain_, bounds_.values);
            if (!found.is_bounded() || !provable(found.min >= range.min) || !provable(found.max <= last)) {
                args[d] = Halide::clamp(args[d], range.min, last);
                changed = true;
            }
        }
        return changed ? Call::make(call->type, call->name, args, call->call_type, call->func, call->value_index,
                                    call->image, call->param)
                       : mutated;
    }
};

}  // namespace

Expr read_inside(const Expr &e, const Bounds &bounds, const Scope<Interval> &domain) {
    return ReadInside(bounds, domain).mutate(e);
}

Region region_touched(const Function &function, int stage, const Region &box, const FuncValueBounds &values) {
    const Definition &definition = stage_definition(function, stage);
    const Scope<Interval> domain = stage_domain(function, stage, box);
    const bool is_narrowed = has_predicate(definition);
    const Scope<Interval> narrow = is_narrowed ? narrowed(domain, definition.predicate()) : Scope<Interval>();
    const Scope<Interval> &inside = is_narrowed ? narrow : domain;
    Box touched;
    for (const Expr &e : definition.args()) {
        touched.push_back(bounds_of_expr_in_scope(e, inside, values));
    }
    const auto add = [&](const Expr &e, const Scope<Interval> &where) {
        const std::map<std::string, Box> boxes = boxes_required(e, where, values);
        if (const auto it = boxes.find(function.name()); it != boxes.end()) {
            merge_boxes(touched, it->second);
        }
    };
    std::vector<Expr> exprs = definition.values();
    exprs.insert(exprs.end(), definition.args().begin(), definition.args().end());
    for (const Expr &e : exprs) {
        add(e, inside);
    }
    add(definition.predicate(), domain);
    return region_of(touched);
}

Region union_of(const Region &a, const Region &b) {
    Box merged = box_of(a);
    merge_boxes(merged, box_of(b));
    return region_of(merged);
}

void require_bounded(const Region &box, const std::string &what, const std::string &reader) {
    for (size_t d = 0; d < box.size(); d++) {
        _halide_user_assert(box[d].min.defined() && box[d].extent.defined())
            << "vjp() needs bounded accesses; " << reader << " reads " << what << " in dimension " << d
            << " at an index without bounds: clamp() the index.";
    }
}

const Definition &stage_definition(const Function &function, int stage) {
    return stage == 0 ? function.definition() : function.update(stage - 1);
}

Scope<Interval> stage_domain(const Function &function, int stage, const Region &box) {
    Scope<Interval> domain;
    for (size_t d = 0; d < box.size(); d++) {
        domain.push(function.args()[d], box[d].min.defined()
                                            ? Interval(box[d].min, simplified(box[d].min + box[d].extent - 1))
                                            : Interval::everything());
    }
    for (const ReductionVariable &r : stage_definition(function, stage).schedule().rvars()) {
        domain.push(r.var, Interval(r.min, simplified(r.min + r.extent - 1)));
    }
    return domain;
}

std::string stage_text(const Function &function, int stage) {
    const std::string name = plain_name(function.name());
    return stage == 0 ? name : "update " + std::to_string(stage - 1) + " of " + name;
}

}  // namespace sylvite

#include "evaluate.h"

#include "evaluate_expr.h"
#include "packet_elements.h"

#include <algorithm>
#include <stdexcept>

namespace sylvite::testing {

using namespace Halide::Internal;

namespace {

Grid grid_of(const Halide::Buffer<> &buffer) {
    std::vector<int> mins, extents;
    for (int d = 0; d < buffer.dimensions(); d++) {
        mins.push_back(buffer.dim(d).min());
        extents.push_back(buffer.dim(d).extent());
    }
    Grid grid(mins, extents);
    const auto fill = [&](auto typed) {
        auto value = grid.values.begin();
        typed.for_each_value([&](auto x) { *value++ = static_cast<long double>(x); });
    };
    const Halide::Type type = buffer.type();
    if (type == Halide::Float(64)) {
        fill(Halide::Buffer<double>(buffer));
    } else if (type == Halide::Float(32)) {
        fill(Halide::Buffer<float>(buffer));
    } else if (type == Halide::Int(32)) {
        fill(Halide::Buffer<int>(buffer));
    } else {
        throw std::runtime_error("the evaluator knows no buffers of type " + Halide::type_to_c_type(type, false));
    }
    return grid;
}

}  // namespace

Grid::Grid(std::vector<int> mins, std::vector<int> extents) : mins(std::move(mins)), extents(std::move(extents)) {
    size_t size = 1;
    for (const int extent : this->extents) {
        size *= extent;
    }
    values.resize(size);
}

long double &Grid::at(const std::vector<int> &place) {
    size_t index = 0;
    for (size_t d = extents.size(); d-- > 0;) {
        const int i = place[d] - mins[d];
        if (i < 0 || i >= extents[d]) {
            throw std::out_of_range("read outside of an image");
        }
        index = index * extents[d] + i;
    }
    return values[index];
}

StageExprs stage_exprs(const Function &function, int stage) {
    const Definition &definition = stage == 0 ? function.definition() : function.update(stage - 1);
    StageExprs exprs{definition.args(), definition.values(), definition.predicate(), {}};
    for (std::vector<Halide::Expr> *list : {&exprs.args, &exprs.values}) {
        for (Halide::Expr &e : *list) {
            e = substitute_in_all_lets(e);
        }
    }
    for (const ReductionVariable &loop : definition.schedule().rvars()) {
        exprs.loops.push_back({loop.var, loop.min, loop.extent});
    }
    return exprs;
}

// The stages of Funcs as programs, and the elements that were computed.
class Evaluator::Machine {
public:
    explicit Machine(bool is_exact) : is_exact_(is_exact) {}

    void set(const std::string &parameter, const Grid &values) {
        parameters_.insert_or_assign(parameter, values);
        forget();
    }

    void replace(const Function &function, int stage, const StageExprs &exprs) {
        Stage &replaced = stages_of(function)[stage];
        replaced = Stage();
        set_up(replaced, function, stage, exprs);
        forget();
    }

    const std::vector<Value> &value(const Function &function, const std::vector<int> &place) {
        return after(function, function.updates().size(), place);
    }

private:
    using Elements = std::map<std::vector<int>, std::vector<Value>>;
    struct Stage {
        std::unique_ptr<ExprProgram> exprs;
        std::vector<std::string> pure;  // the variable of each dimension, empty where the place is computed
        struct Element {
            std::vector<int> args, values;
        };
        std::vector<Element> elements;  // of what is stored at once, in order
        int predicate = -1;
        std::vector<std::pair<int, int>> ranges;
        std::vector<std::string> loops;
        Elements done;                              // after this stage
        std::map<std::vector<int>, Elements> runs;  // of stages with loops, by the places of the pure dimensions
        Elements *running = nullptr;
    };
    bool is_exact_;
    std::map<std::string, Grid> parameters_;
    std::map<std::string, Grid> buffers_;
    std::map<std::string, std::vector<Stage>> functions_;

    std::vector<Stage> &stages_of(const Function &function) {
        const auto [it, is_new] = functions_.try_emplace(function.name());
        std::vector<Stage> &stages = it->second;
        if (is_new) {
            if (function.has_extern_definition() || !function.has_pure_definition()) {
                throw std::runtime_error("the evaluator needs a definition of " + function.name());
            }
            stages.resize(function.updates().size() + 1);
            for (size_t s = 0; s < stages.size(); s++) {
                set_up(stages[s], function, s, stage_exprs(function, static_cast<int>(s)));
            }
        }
        return stages;
    }

    void forget() {
        for (auto &[name, stages] : functions_) {
            for (Stage &stage : stages) {
                stage.done.clear();
                stage.runs.clear();
                stage.exprs->changed();
            }
        }
    }

    void set_up(Stage &stage, const Function &function, size_t number, const StageExprs &exprs) {
        stage.exprs = std::make_unique<ExprProgram>(
            is_exact_,
            [this, name = function.name(), number](const Call *call, const std::vector<int> &place) {
                return read(call, place, call->name == name ? number : 0);
            },
            [this](const Variable *parameter) { return value_of(parameter); });
        for (size_t d = 0; d < exprs.args.size(); d++) {
            const auto *variable = exprs.args[d].as<Variable>();
            const bool is_pure = variable && !variable->param.defined() && variable->name == function.args()[d];
            stage.pure.push_back(is_pure ? variable->name : "");
        }
        for (const PacketElement &element : packet_elements(exprs.args, exprs.values)) {
            stage.elements.emplace_back();
            for (const Halide::Expr &value : element.values) {
                stage.elements.back().values.push_back(stage.exprs->add(value));
            }
            for (const Halide::Expr &arg : element.args) {
                stage.elements.back().args.push_back(stage.exprs->add(arg));
            }
        }
        if (exprs.predicate.defined() && !is_const_one(exprs.predicate)) {
            stage.predicate = stage.exprs->add(exprs.predicate);
        }
        for (const StageExprs::Loop &loop : exprs.loops) {
            stage.loops.push_back(loop.name);
            stage.ranges.emplace_back(stage.exprs->add(loop.min), stage.exprs->add(loop.extent));
        }
    }

    Grid &grid_of(const Halide::Parameter &parameter, const Halide::Buffer<> &buffer) {
        if (parameter.defined()) {
            return parameters_.at(parameter.name());
        }
        auto it = buffers_.find(buffer.name());
        if (it == buffers_.end()) {
            it = buffers_.emplace(buffer.name(), testing::grid_of(buffer)).first;
        }
        return it->second;
    }

    // A scalar parameter, or a bound of an image: "in.min.0" or "in.extent.0".
    Value value_of(const Variable *variable) {
        Grid &grid = grid_of(variable->param, variable->image);
        if (variable->param.defined() && !variable->param.is_buffer()) {
            const long double value = grid.at({});
            return variable->type.is_float() ? Value{value, 0} : Value{0, static_cast<int64_t>(value)};
        }
        const size_t dot = variable->name.rfind('.');
        const int d = std::stoi(variable->name.substr(dot + 1));
        return {0, ends_with(variable->name.substr(0, dot), ".min") ? grid.mins[d] : grid.extents[d]};
    }

    // A read of a Func or image, by stage `inside` of itself if that is not 0.
    Value read(const Call *call, const std::vector<int> &place, size_t inside) {
        if (call->call_type == Call::Halide) {
            const Function function(call->func);
            return (inside ? before(function, inside, place) : value(function, place))[call->value_index];
        }
        const long double value = grid_of(call->param, call->image).at(place);
        return call->type.is_float() ? Value{value, 0} : Value{0, static_cast<int64_t>(value)};
    }

    // What a stage reads of its own Func.
    const std::vector<Value> &before(const Function &function, size_t stage, const std::vector<int> &place) {
        if (Elements *running = stages_of(function)[stage].running) {
            if (const auto it = running->find(place); it != running->end()) {
                return it->second;
            }
        }
        return after(function, stage - 1, place);
    }

    const std::vector<Value> &after(const Function &function, size_t number, const std::vector<int> &place) {
        Stage &stage = stages_of(function)[number];
        if (const auto it = stage.done.find(place); it != stage.done.end()) {
            return it->second;
        }
        if (number > 0 && !stage.loops.empty()) {
            const Elements &written = run(function, number, place);
            const auto it = written.find(place);
            return stage.done[place] = it != written.end() ? it->second : after(function, number - 1, place);
        }
        bind(stage, place);
        const bool is_run = stage.predicate < 0 || stage.exprs->value(stage.predicate).integer != 0;
        for (size_t k = stage.elements.size(); is_run && k-- > 0;) {  // the last one counts
            bool is_written = true;
            for (size_t d = 0; d < place.size() && is_written && number > 0; d++) {
                is_written = stage.exprs->value(stage.elements[k].args[d]).integer == place[d];
            }
            if (is_written) {
                const auto old = [&] {
                    return number > 0 ? after(function, number - 1, place)
                                      : std::vector<Value>(stage.elements[k].values.size());
                };
                return stage.done[place] = all_of(stage, stage.elements[k], old);
            }
        }
        return stage.done[place] = after(function, number - 1, place);
    }

    static void bind(Stage &stage, const std::vector<int> &place) {
        stage.exprs->changed();
        for (size_t d = 0; d < place.size(); d++) {
            if (!stage.pure[d].empty()) {
                stage.exprs->set_variable(stage.pure[d], place[d]);
            }
        }
    }

    // The values of an element, which leaves `old()` where one is undef().
    static std::vector<Value> all_of(Stage &stage, const Stage::Element &element,
                                     const std::function<std::vector<Value>()> &old) {
        std::vector<Value> values;
        for (const int node : element.values) {
            try {
                values.push_back(stage.exprs->value(node));
            } catch (const Undefined &) {
                values.push_back(old()[values.size()]);
            }
        }
        return values;
    }

    // What the loops of a stage write, where its pure dimensions are those of `place`.
    const Elements &run(const Function &function, size_t number, const std::vector<int> &place) {
        Stage &stage = stages_of(function)[number];
        std::vector<int> key;
        for (size_t d = 0; d < place.size(); d++) {
            key.push_back(stage.pure[d].empty() ? 0 : place[d]);
        }
        if (const auto it = stage.runs.find(key); it != stage.runs.end()) {
            return it->second;
        }
        Elements elements;
        stage.running = &elements;
        bind(stage, place);
        std::vector<int> mins, extents;
        bool is_empty = false;
        for (const auto &[min, extent] : stage.ranges) {
            mins.push_back(static_cast<int>(stage.exprs->value(min).integer));
            extents.push_back(static_cast<int>(stage.exprs->value(extent).integer));
            is_empty = is_empty || extents.back() <= 0;
        }
        std::vector<int> counter(mins.size());
        while (!is_empty) {
            stage.exprs->changed();
            for (size_t i = 0; i < counter.size(); i++) {
                stage.exprs->set_variable(stage.loops[i], mins[i] + counter[i]);
            }
            if (stage.predicate < 0 || stage.exprs->value(stage.predicate).integer != 0) {
                std::vector<std::pair<std::vector<int>, std::vector<Value>>> written;
                for (const Stage::Element &element : stage.elements) {
                    std::vector<int> to;
                    for (const int arg : element.args) {
                        to.push_back(static_cast<int>(stage.exprs->value(arg).integer));
                    }
                    written.emplace_back(to, all_of(stage, element, [&] { return before(function, number, to); }));
                }
                for (const auto &[to, values] : written) {
                    elements[to] = values;
                }
            }
            size_t i = 0;
            while (i < counter.size() && ++counter[i] == extents[i]) {
                counter[i++] = 0;
            }
            is_empty = i == counter.size();
        }
        stage.running = nullptr;
        return stage.runs[key] = std::move(elements);
    }
};

Evaluator::Evaluator(Arithmetic arithmetic) : machine_(std::make_unique<Machine>(arithmetic == Arithmetic::exact)) {}
Evaluator::~Evaluator() = default;

void Evaluator::set(const std::string &parameter, const Grid &values) { machine_->set(parameter, values); }

void Evaluator::replace(const Function &function, int stage, const StageExprs &exprs) {
    machine_->replace(function, stage, exprs);
}

long double Evaluator::operator()(const Func &func, const std::vector<int> &place, int component) {
    const Value value = machine_->value(func.function(), place)[component];
    return func.types()[component].is_float() ? value.real : static_cast<long double>(value.integer);
}

}  // namespace sylvite::testing

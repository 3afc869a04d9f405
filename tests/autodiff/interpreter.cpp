#include "interpreter.h"

#include "interpreter_expressions.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

namespace sylvite::testing {

using namespace Halide::Internal;

namespace {

// A point of few dimensions, quick to copy and to compare.
struct Place {
    static constexpr size_t most = 9;
    std::array<int, most> at{};
    bool operator==(const Place &) const = default;
};

struct PlaceHash {
    size_t operator()(const Place &place) const {
        size_t hash = 0;
        for (const int i : place.at) {
            hash = (hash ^ static_cast<size_t>(static_cast<unsigned>(i))) * 0x9e3779b97f4a7c15u;
            hash ^= hash >> 29;
        }
        return hash;
    }
};

}  // namespace

template<typename T>
class Interpreter<T>::Machine : public ExpressionMachine<T> {
public:
    std::map<std::string, Values<T>> bound;

    T at(const Function &function, const Point &point, int component) {
        Place place;
        if (point.size() != static_cast<size_t>(function.dimensions()) || point.size() > Place::most) {
            throw InterpreterError("no such operation: a point of another rank");
        }
        std::copy(point.begin(), point.end(), place.at.begin());
        FuncState &func = state_of(function);
        return func.values[values_at(func, place) + static_cast<size_t>(component)].f;
    }

private:
    using Base = ExpressionMachine<T>;
    using Base::value;
    using typename Base::Program;
    using typename Base::Value;

    struct FuncState;
    struct Stage : Program {
        FuncState *owner = nullptr;
        int number = 0;
        std::vector<bool> is_loop;  // by dimension: whether it is a pure variable of this stage
        std::vector<FuncState *> callees;
    };
    // Dimensions that are pure variables in all stages separate a Func into slices, which have nothing to do with each
    // other. In the others, and for each stage, those places count that were asked for after it: `asked`.
    struct Slice {
        std::vector<std::vector<std::set<int>>> asked;  // by stage and dimension
    };
    struct Restart {};
    using Table = std::unordered_map<Place, size_t, PlaceHash>;  // to the first of the values of a place
    struct FuncState {
        Function function;
        size_t dimensions = 0, outputs = 0;
        std::vector<std::unique_ptr<Stage>> stages;
        std::vector<bool> separates, is_mixed;  // by dimension: in all stages a loop; in some
        bool is_separate = false;               // whether all dimensions separate
        Table places;
        std::vector<Value> values;
        std::unordered_map<Place, Slice, PlaceHash> slices;
        // While a slice is worked on:
        Slice *slice = nullptr;
        Table now;
        std::vector<Value> now_values;
        std::vector<int> now_winners;  // of each value: how many were equal in the maximum that it is
    };
    std::map<std::string, std::unique_ptr<FuncState>> funcs_;
    std::map<std::string, Values<T>> constants_;

    FuncState &state_of(const Function &function) {
        std::unique_ptr<FuncState> &known = funcs_[function.name()];
        if (known) {
            return *known;
        }
        if (!function.has_pure_definition() || function.has_extern_definition() ||
            static_cast<size_t>(function.dimensions()) > Place::most) {
            throw InterpreterError("no such operation: the Func " + function.name());
        }
        known = std::make_unique<FuncState>();
        FuncState &func = *known;
        func.function = function;
        func.dimensions = static_cast<size_t>(function.dimensions());
        func.outputs = static_cast<size_t>(function.outputs());
        const int updates = static_cast<int>(function.updates().size());
        func.separates.assign(func.dimensions, true);
        func.is_mixed.assign(func.dimensions, false);
        for (int stage = 0; stage <= updates; stage++) {
            func.stages.push_back(program_of(func, stage));
            for (size_t d = 0; stage > 0 && d < func.dimensions; d++) {
                const bool is_loop = func.stages.back()->is_loop[d];
                func.separates[d] = func.separates[d] && is_loop;
                func.is_mixed[d] = func.is_mixed[d] || is_loop;
            }
        }
        func.is_separate = true;
        for (size_t d = 0; d < func.dimensions; d++) {
            func.is_mixed[d] = func.is_mixed[d] && !func.separates[d];
            func.is_separate = func.is_separate && func.separates[d];
        }
        return func;
    }

    std::unique_ptr<Stage> program_of(FuncState &func, int stage) {
        auto program = std::make_unique<Stage>();
        try {
            program->tape = tape_of(func.function, stage);
        } catch (const std::runtime_error &error) {
            throw InterpreterError(error.what());
        }
        const Tape &tape = program->tape;
        program->owner = &func;
        program->number = stage;
        for (size_t d = 0; d < func.dimensions; d++) {
            const std::vector<int> &args = tape.elements[0].args;
            const Node *arg = args.empty() ? nullptr : &tape.nodes[static_cast<size_t>(args[d])];
            program->is_loop.push_back(arg && arg->op == Op::variable && arg->index == static_cast<int>(d));
        }
        program->values.resize(tape.nodes.size());
        program->known_at.assign(tape.nodes.size(), 0);
        program->variables.assign(func.dimensions + tape.ranges.size(), 0);
        for (const Function &callee : tape.functions) {
            const bool is_self = callee.name() == func.function.name();
            program->callees.push_back(is_self ? &func : &state_of(callee));
        }
        for (const Tape::Image &image : tape.images) {
            program->images.push_back(&values_of(image.name, image.buffer));
        }
        for (const Halide::Parameter &parameter : tape.parameters) {
            program->scalars.push_back(scalar_of(parameter));
        }
        return program;
    }

    const Values<T> &values_of(const std::string &name, const Halide::Buffer<> &buffer) {
        if (const auto known = bound.find(name); known != bound.end()) {
            return known->second;
        }
        Values<T> &values = constants_[name];
        if (values.values.empty()) {
            if (!buffer.defined() || buffer.type() != Halide::Float(64)) {
                throw InterpreterError("no such operation: image " + name + " has no values of type double");
            }
            for (int d = 0; d < buffer.dimensions(); d++) {
                values.box.emplace_back(buffer.dim(d).min(), buffer.dim(d).max());
            }
            const Halide::Buffer<const double> typed = buffer;
            typed.for_each_element([&](const int *at) { values.values.push_back(constant<T>(typed(at))); });
        }
        return values;
    }

    Value scalar_of(const Halide::Parameter &parameter) {
        if (const auto known = bound.find(parameter.name()); known != bound.end()) {
            return {0, known->second.values.at(0)};
        }
        if (parameter.type() == Halide::Float(64)) {
            return {0, constant<T>(parameter.scalar<double>())};
        }
        if (parameter.type() == Halide::Int(32)) {
            return {parameter.scalar<int>(), T{}};
        }
        throw InterpreterError("no such operation: Param " + parameter.name() + " of another type");
    }

    // --- Stages ---

    // Where in func.values those of a place are.
    size_t values_at(FuncState &func, const Place &place) {
        if (const auto known = func.places.find(place); known != func.places.end()) {
            return known->second;
        }
        if (func.stages.size() == 1) {
            const size_t position = define(func, place);
            func.places[place] = position;
            return position;
        }
        update(func, place);
        return func.places.at(place);
    }

    // Appends the values of the pure definition.
    size_t define(FuncState &func, const Place &place) {
        Value made[16];
        pure(func, place, made);
        func.values.insert(func.values.end(), made, made + func.outputs);
        return func.values.size() - func.outputs;
    }

    void pure(FuncState &func, const Place &place, Value *made) {
        if (func.outputs > 16) {
            throw InterpreterError("no such operation: more than 16 values");
        }
        Stage &program = *func.stages[0];
        std::copy(place.at.begin(), place.at.begin() + static_cast<long>(func.dimensions), program.variables.begin());
        program.epoch++;
        for (size_t c = 0; c < func.outputs; c++) {
            made[c] = value(program, program.tape.elements[0].values[c]);
        }
    }

    // Runs all stages on the slice of `place`, again when a stage turns out to need more of earlier ones.
    void update(FuncState &func, const Place &place) {
        Place key;
        for (size_t d = 0; d < func.dimensions; d++) {
            key.at[d] = func.separates[d] ? place.at[d] : 0;
        }
        Slice own;
        Slice *slice = &own;
        bool is_new = true;
        if (!func.is_separate) {
            const auto [position, inserted] = func.slices.try_emplace(key);
            slice = &position->second;
            is_new = inserted;
        }
        if (is_new) {
            slice->asked.assign(func.stages.size(), std::vector<std::set<int>>(func.dimensions));
        }
        func.slice = slice;
        if (!ask(func, place, static_cast<int>(func.stages.size()) - 1) && !is_new) {
            func.places[place] = define(func, place);  // the slice is known, and this place was not written
            return;
        }
        for (bool is_done = false; !is_done;) {
            func.now.clear();
            func.now_values.clear();
            func.now_winners.clear();
            try {
                for (size_t stage = 1; stage < func.stages.size(); stage++) {
                    run(*func.stages[stage], place);
                }
                is_done = true;
            } catch (const Restart &) {
            }
        }
        state_at(func, place, static_cast<int>(func.stages.size()));
        for (const auto &[written, position] : func.now) {
            if (is_asked(func, written) && func.places.try_emplace(written, func.values.size()).second) {
                const auto first = func.now_values.begin() + static_cast<long>(position);
                func.values.insert(func.values.end(), first, first + static_cast<long>(func.outputs));
            }
        }
    }

    bool is_asked(const FuncState &func, const Place &place) const {
        for (size_t d = 0; d < func.dimensions; d++) {
            if (func.is_mixed[d] && !func.slice->asked.back()[d].count(place.at[d])) {
                return false;
            }
        }
        return true;
    }

    // Asks for a place as `stage` leaves it; whether that is new.
    bool ask(FuncState &func, const Place &place, int stage) {
        bool is_new = false;
        for (size_t d = 0; d < func.dimensions; d++) {
            for (int s = stage; func.is_mixed[d] && s >= 0; s--) {
                is_new = func.slice->asked[static_cast<size_t>(s)][d].insert(place.at[d]).second || is_new;
            }
        }
        return is_new;
    }

    // Where in func.now_values the values of a place are, during a stage.
    size_t state_at(FuncState &func, const Place &place, int stage) {
        if (stage < static_cast<int>(func.stages.size()) && ask(func, place, stage - 1)) {
            throw Restart();
        }
        const auto known = func.now.find(place);
        if (known != func.now.end()) {
            return known->second;
        }
        Value made[16];
        pure(func, place, made);
        const size_t position = func.now_values.size();
        func.now_values.insert(func.now_values.end(), made, made + func.outputs);
        func.now_winners.resize(func.now_values.size(), 1);
        func.now[place] = position;
        return position;
    }

    void run(Stage &program, const Place &place) {
        FuncState &func = *program.owner;
        std::vector<std::vector<int>> pure(func.dimensions, {0});
        for (size_t d = 0; d < func.dimensions; d++) {
            if (func.separates[d]) {
                pure[d] = {place.at[d]};
            } else if (program.is_loop[d]) {
                const std::set<int> &asked = func.slice->asked[static_cast<size_t>(program.number)][d];
                pure[d].assign(asked.begin(), asked.end());
            }
            if (pure[d].empty()) {
                return;
            }
        }
        program.epoch++;
        std::vector<std::pair<int64_t, int64_t>> ranges;
        for (const Tape::Range &range : program.tape.ranges) {
            const int64_t min = value(program, range.min).i;
            ranges.emplace_back(min, min + value(program, range.extent).i);
            if (ranges.back().first >= ranges.back().second) {
                return;
            }
        }
        std::vector<size_t> at(func.dimensions, 0);
        size_t d = 0;
        do {
            for (size_t e = 0; e < func.dimensions; e++) {
                program.variables[e] = pure[e][at[e]];
            }
            reduce(program, ranges);
            for (d = 0; d < func.dimensions && ++at[d] == pure[d].size(); d++) {
                at[d] = 0;
            }
        } while (d < func.dimensions);
    }

    void reduce(Stage &program, const std::vector<std::pair<int64_t, int64_t>> &ranges) {
        const size_t first = program.owner->dimensions;
        for (size_t r = 0; r < ranges.size(); r++) {
            program.variables[first + r] = static_cast<int>(ranges[r].first);
        }
        size_t r = 0;
        do {
            iterate(program);
            for (r = 0; r < ranges.size() && ++program.variables[first + r] == ranges[r].second; r++) {
                program.variables[first + r] = static_cast<int>(ranges[r].first);
            }
        } while (r < ranges.size());
    }

    void iterate(Stage &program) {
        program.epoch++;
        for (const int condition : program.tape.predicate) {
            if (!value(program, condition).i) {
                return;
            }
        }
        FuncState &func = *program.owner;
        struct Written {
            size_t position;
            Value made[16];
            int winners[16];
        };
        std::vector<Written> all;
        for (const Tape::Element &element : program.tape.elements) {
            Place place;
            for (size_t d = 0; d < func.dimensions; d++) {
                place.at[d] = static_cast<int>(value(program, element.args[d]).i);
            }
            Written written{state_at(func, place, program.number), {}, {}};
            for (size_t c = 0; c < func.outputs; c++) {
                const int old = func.now_winners[written.position + c];
                written.made[c] = value(program, element.values[c]);
                written.winners[c] =
                    element.keeps[c] ? old : share(program, element.contestants[c], old, written.made[c].f);
            }
            all.push_back(written);
        }
        for (const Written &written : all) {
            const auto position = static_cast<long>(written.position);
            std::copy(written.made, written.made + func.outputs, func.now_values.begin() + position);
            std::copy(written.winners, written.winners + func.outputs, func.now_winners.begin() + position);
        }
    }

    // Shares the derivatives of a maximum among those that are equal to it, of which the first stands for `before`.
    // Returns how many there are.
    int share(Program &program, const std::vector<int> &contestants, int before, T &maximum) {
        if (contestants.empty()) {
            return 1;
        }
        int winners = 0;
        for (size_t i = 0; i < contestants.size(); i++) {
            const bool wins = value_of(value(program, contestants[i]).f) == value_of(maximum);
            winners += wins ? (i == 0 ? before : 1) : 0;
        }
        maximum = constant<T>(value_of(maximum));
        for (size_t i = 0; i < contestants.size(); i++) {
            const T &x = value(program, contestants[i]).f;
            if (value_of(x) == value_of(maximum)) {
                add_share(maximum, static_cast<double>(i == 0 ? before : 1) / winners, x);
            }
        }
        return winners;
    }

    Value call(Program &of_stage, const Node &node) override {
        Stage &program = static_cast<Stage &>(of_stage);
        Place place;
        for (size_t d = 0; d < node.operands.size(); d++) {
            place.at[d] = static_cast<int>(value(program, node.operands[d]).i);
        }
        FuncState &callee = *program.callees[static_cast<size_t>(node.index)];
        const size_t component = static_cast<size_t>(node.component);
        if (&callee == program.owner) {
            const size_t position = state_at(callee, place, program.number);
            return callee.now_values[position + component];
        }
        const size_t position = values_at(callee, place);
        return callee.values[position + component];
    }
};

template<typename T>
Interpreter<T>::Interpreter() : machine_(std::make_unique<Machine>()) {}

template<typename T>
Interpreter<T>::~Interpreter() = default;

template<typename T>
void Interpreter<T>::bind(const std::string &name, Values<T> values) {
    machine_->bound[name] = std::move(values);
}

template<typename T>
T Interpreter<T>::at(const Halide::Func &func, const Point &point, int component) {
    return machine_->at(func.function(), point, component);
}

template<typename T>
long Interpreter<T>::work() const {
    return machine_->work;
}

template<typename T>
void Interpreter<T>::set_limit(long work) {
    machine_->limit = work;
}

template<typename T>
double Interpreter<T>::largest() const {
    return machine_->largest;
}

template class Interpreter<double>;
template class Interpreter<Dual>;
template class Interpreter<HyperDual>;

}  // namespace sylvite::testing

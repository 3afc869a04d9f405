#include "random_program.h"

#include "frontend/loop.h"

namespace sylvite::testing {

using Halide::cast;
using Halide::clamp;

namespace {

constexpr int m = 4;  // planes have m rows; no loop makes more than m steps
const Halide::Var x("x"), y("y");

enum class Rank { single, row, plane };

struct Known {
    Array array;
    Rank rank;
};

// What may be read at some place in the program.
struct Scope {
    std::vector<Known> arrays;
    Expr step;  // of the loop around; undefined outside
};

class Maker {
public:
    Maker(Choices &choices, int row) : c_(choices), n_(row), extent_(row) {
        if (chance(0.3)) {
            extent_ = parameter("n", row);
        }
    }

    RandomProgram make() {
        Scope scope;
        std::vector<ProgramInput> inputs;
        std::vector<std::string> names;
        const auto add = [&](const std::string &name, Rank rank) {
            const Array array = input<double>(name, extents(rank));
            scope.arrays.push_back({array, rank});
            inputs.emplace_back(array);
            names.push_back(name);
            sizes_[name] = sizes(rank);
        };
        add("a", Rank::row);
        add("b", Rank::row);
        add("xs", Rank::plane);
        add("s", Rank::single);
        const size_t given = scope.arrays.size();
        statements(scope, 0, 2 + c_.pick(2));

        Expr sum = read(scope.arrays[0], scope);
        for (size_t i = given; i < scope.arrays.size(); i++) {  // else a loop could be left out
            sum += weight() * read(scope.arrays[i], scope);
        }
        std::vector<ProgramOutput> outputs{{"y", row(sum)}};
        sizes_["y"] = sizes(Rank::row);
        const Known last = scope.arrays.back();
        if (chance(0.4)) {
            outputs.push_back({"z", last.array});
            sizes_["z"] = sizes(last.rank);
        }
        for (const auto &[name, parameter] : parameters_) {
            inputs.emplace_back(parameter);
        }
        return {Program("drawn", inputs, outputs), names, sizes_, integers_};
    }

private:
    Choices &c_;
    const int n_;  // the elements of a row
    Expr extent_;
    Sizes sizes_;
    Integers integers_;
    std::map<std::string, Halide::Param<int>> parameters_;
    int names_ = 0;

    bool chance(double p) { return c_.chance(p); }
    std::string name(const std::string &kind) { return kind + std::to_string(names_++); }
    Expr weight() { return Expr((1 + c_.pick(8)) / 4.0); }

    std::vector<Expr> extents(Rank rank) const {
        return rank == Rank::single ? std::vector<Expr>()
               : rank == Rank::row  ? std::vector<Expr>{extent_}
                                    : std::vector<Expr>{extent_, m};
    }
    std::vector<int> sizes(Rank rank) const {
        return rank == Rank::single ? std::vector<int>()
               : rank == Rank::row  ? std::vector<int>{n_}
                                    : std::vector<int>{n_, m};
    }

    // A constant or, with that value, an argument.
    Expr number(int value) {
        if (!chance(0.3)) {
            return value;
        }
        return parameter("k" + std::to_string(value), value);
    }

    Expr parameter(const std::string &called, int value) {
        integers_[called] = value;
        return parameters_.emplace(called, Halide::Param<int>(called)).first->second;
    }

    // --- values

    Expr place(const Expr &i) {
        switch (c_.pick(5)) {
        case 0:
            return clamp(i + 1, 0, extent_ - 1);
        case 1:
            return extent_ - 1 - i;
        case 2:
            return clamp(i - 1, 0, 1);
        default:
            return i;
        }
    }

    Expr read(const Known &known, const Scope &scope) {
        if (known.rank == Rank::single) {
            return known.array();
        }
        if (known.rank == Rank::row) {
            if (chance(0.2)) {
                Halide::Func total("total");
                total() += known.array(Halide::RDom(0, extent_)) * Expr(3.0 / n_);  // else long rows make chaos
                return total();
            }
            return known.array(place(x));
        }
        const Expr column = scope.step.defined() && chance(0.7) ? scope.step : Expr(c_.pick(m));
        return known.array(place(x), clamp(chance(0.2) ? m - 1 - column : column, 0, m - 1));
    }

    Expr value(const Scope &scope, int depth) {
        if (depth == 0 || chance(0.2)) {
            return read(scope.arrays[c_.pick(static_cast<int>(scope.arrays.size()))], scope);
        }
        const Expr first = value(scope, depth - 1);
        switch (c_.pick(6)) {
        case 0:
            return sin(weight() * first);
        case 1:
            return first * value(scope, depth - 1);
        case 2:
            return first / (2 + first * first);
        case 3:
            return scope.step.defined() ? Halide::select(scope.step % 2 == 0, first, value(scope, depth - 1))
                                        : exp(-first * first);
        case 4:
            return scope.step.defined() ? first * cast<double>(scope.step + 1) : first;
        default:
            return first - value(scope, depth - 1);
        }
    }

    Array row(const Expr &e) {
        Halide::Func f(name("row"));
        f(x) = e;
        return Array(f, extents(Rank::row));
    }

    // A new array of `must` and of what else there is, within [-2, 2].
    Array made_of(const Scope &scope, const Known *must, Rank rank) {
        const Expr e = sin(value(scope, 2)) + (must ? cos(read(*must, scope)) : make_zero());
        if (rank == Rank::row) {
            return row(e);
        }
        const bool is_plane = rank == Rank::plane;
        Halide::Func f(name(is_plane ? "plane" : "single"));
        if (is_plane) {
            f(x, y) = e * cos(cast<double>(y));
        } else {
            Halide::Func part("part");
            part(x) = e;
            f() += part(Halide::RDom(0, extent_)) / n_;
        }
        return Array(f, extents(rank));
    }

    static Expr make_zero() { return Halide::Internal::make_zero(Halide::Float(64)); }

    Known one_of(const Scope &scope, Rank rank) {
        std::vector<Known> fitting;
        for (const Known &known : scope.arrays) {
            if (known.rank == rank) {
                fitting.push_back(known);
            }
        }
        return fitting[c_.pick(static_cast<int>(fitting.size()))];
    }

    // --- statements: each adds to the scope

    void statements(Scope &scope, int depth, int how_many) {
        for (int i = 0; i < how_many; i++) {
            const int kinds = depth < 2 ? 8 : 3;
            switch (c_.pick(kinds)) {
            case 3:
            case 4:
                plain_loop(scope, depth);
                break;
            case 5:
                per_element(scope, depth);
                break;
            case 6:
                counted_while(scope, depth);
                break;
            case 7:
                chance(0.7) ? choice(scope, depth) : called(scope);
                break;
            default: {
                const Rank rank = c_.pick(4) == 0 ? Rank::single : c_.pick(4) == 0 ? Rank::plane : Rank::row;
                scope.arrays.push_back({made_of(scope, nullptr, rank), rank});
            }
            }
        }
    }

    std::vector<Known> first_states(const Scope &scope) {
        std::vector<Known> states{one_of(scope, Rank::row)};
        if (chance(0.4)) {
            states.push_back(one_of(scope, c_.pick(2) == 0 ? Rank::single : Rank::row));
        }
        if (chance(0.15)) {
            states.push_back(one_of(scope, Rank::plane));
        }
        return states;
    }

    static Arrays arrays_of(const std::vector<Known> &known) {
        Arrays arrays;
        for (const Known &one : known) {
            arrays.push_back(one.array);
        }
        return arrays;
    }

    // The next states: of each, of what the body makes, and of what there is outside.
    Arrays body(const Scope &outer, const Expr &step, const Arrays &state, const std::vector<Known> &like, int depth,
                Scope *inside = nullptr) {
        Scope scope{outer.arrays, step.defined() ? step : outer.step};
        std::vector<Known> now;
        for (size_t i = 0; i < like.size(); i++) {
            now.push_back({state[i], like[i].rank});
        }
        // Those that come last are the likeliest to be read by what follows; states and outer arrays alike.
        scope.arrays.insert(scope.arrays.begin() + c_.pick(2), now.begin(), now.end());
        const size_t given = scope.arrays.size();
        statements(scope, depth + 1, c_.pick(3));
        Arrays next;
        for (const Known &one : now) {
            next.push_back(made_of(scope, &one, one.rank));
        }
        for (size_t i = given; i < scope.arrays.size(); i++) {  // what was made is read
            next[0] = row(Expr(0.5) * next[0](x) + weight() * sin(read(scope.arrays[i], scope)));
        }
        if (inside) {
            *inside = scope;
        }
        return next;
    }

    Memory memory(bool is_counted) {
        switch (c_.pick(6)) {
        case 0:
            return Memory::store_all;
        case 1:
            return Memory::recompute;
        case 2:
            return is_counted ? Memory::sqrt : Memory::binomial(2);
        case 3:
            return Memory::binomial(1 + c_.pick(3));
        default:
            return {};
        }
    }

    void add(Scope &scope, const Arrays &results, const std::vector<Known> &like) {
        for (size_t i = 0; i < like.size(); i++) {
            scope.arrays.push_back({results[i], like[i].rank});
        }
    }

    void plain_loop(Scope &scope, int depth) {
        const std::vector<Known> states = first_states(scope);
        const Expr steps = number(c_.pick(m + 1));
        LoopOptions options{.name = name("loop"), .memory = memory(true)};
        const LoopBody step = [&](const Expr &t, const Arrays &state) { return body(scope, t, state, states, depth); };
        add(scope, loop(steps, arrays_of(states), step, options), states);
    }

    void per_element(Scope &scope, int depth) {
        const std::vector<Known> states = first_states(scope);
        const Known elements = one_of(scope, Rank::plane);
        const Expr steps = chance(0.5) ? Expr(m) : number(c_.pick(m + 1));
        LoopOptions options{.name = name("scan")};
        options.capacity = m;
        const ScanBody step = [&](const Expr &t, const Arrays &state, const Arrays &now) {
            Scope inner = scope, inside;
            inner.arrays.push_back({now[0], Rank::row});
            const Arrays next = body(inner, t, state, states, depth, &inside);
            const Array output = row(sin(next[0](place(x))) * now[0](x));
            return Scanned{next, {output}};
        };
        const Scanned scanned = scan(steps, arrays_of(states), {elements.array}, step, options);
        add(scope, scanned.state, states);
        scope.arrays.push_back({scanned.outputs[0], Rank::plane});
    }

    // A state counts the steps.
    void counted_while(Scope &scope, int depth) {
        std::vector<Known> states = first_states(scope);
        const double last = c_.pick(m) - 0.5;
        Halide::Func zero(name("zero"));
        zero() = make_zero();
        Arrays init = arrays_of(states);
        init.push_back(Array(zero, {}));
        LoopOptions options{.name = name("while"), .memory = memory(false)};
        options.capacity = m;
        const WhileResult result =
            while_loop([&](const Arrays &state) { return state.back()() < Expr(last); }, init,
                       [&](const Expr &t, const Arrays &state) {
                           Arrays next = body(scope, t, Arrays(state.begin(), state.end() - 1), states, depth);
                           Halide::Func count(name("count"));
                           count() = state.back()() + 1;
                           next.push_back(Array(count, {}));
                           return next;
                       },
                       options);
        add(scope, result.state, states);
    }

    void choice(Scope &scope, int depth) {
        const std::vector<Known> states = first_states(scope);
        const Expr parity = scope.step.defined() ? scope.step : number(c_.pick(2));
        const auto arm = [&](const Arrays &state) { return body(scope, Expr(), state, states, depth); };
        add(scope,
            branch(parity % 2 == c_.pick(2), arrays_of(states), arm,
                   chance(0.3) ? BranchBody([](const Arrays &state) { return state; }) : BranchBody(arm),
                   {.name = name("branch")}),
            states);
    }

    void called(Scope &scope) {
        const Array p = input<double>("p", {extent_}), q = input<double>("q", {extent_});
        Scope own{{{p, Rank::row}, {q, Rank::row}}, Expr()};
        const Array once = row(sin(value(own, 2)) + p(x) * q(place(x)));
        std::vector<ProgramInput> inputs{p, q};
        std::vector<CallArgument> arguments{one_of(scope, Rank::row).array, one_of(scope, Rank::row).array};
        if (const auto size = parameters_.find("n"); size != parameters_.end()) {
            inputs.emplace_back(size->second);
            arguments.emplace_back(size->second);
        }
        scope.arrays.push_back({call(Program(name("callee"), inputs, {{"r", once}}), arguments)[0], Rank::row});
    }
};

}  // namespace

RandomProgram random_program(Choices &choices, int row) { return Maker(choices, row).make(); }

}  // namespace sylvite::testing

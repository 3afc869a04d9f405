// Programs of nested loops made at random, against plain C++ that runs them step by step.

#include "frontend/print.h"
#include "targets/compile.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <random>

namespace sylvite {

namespace {

using Halide::Buffer;

const Halide::Var x("x");
constexpr int n = 5, deepest = 3;

// All values are whole numbers from 0 to 1020: products of two and sums of many are exact as floats.
constexpr double modulus = 1021;
using Row = std::vector<double>;

double wrap(double value) { return std::fmod(value, modulus); }
Expr wrap(const Expr &value) { return value % static_cast<float>(modulus); }

// A number or an array, twice: for the program, and as the value that it has in the present step of the loops around it.
struct Number {
    Expr expr;
    std::function<double()> now;
};
struct Value {
    Array array;
    std::function<Row()> now;
};

// Element i of what a stage computes from the values that it reads.
using Element = std::function<double(const std::vector<Row> &read, int i)>;

std::vector<Row> now(const std::vector<Value> &values) {
    std::vector<Row> rows;
    for (const Value &value : values) {
        rows.push_back(value.now());
    }
    return rows;
}

// A loop as plain C++ runs it. States are read by the values of the body while it runs.
struct PlainLoop {
    int steps = 0;
    std::vector<Value> init, next;
    int step = 0;
    std::vector<Row> state;

    // The states at the start of each step, and those after the last.
    std::vector<std::vector<Row>> run() {
        const auto outer_step = step;
        const auto outer_state = state;  // of a run that is under way further out
        std::vector<std::vector<Row>> states{now(init)};
        for (int t = 0; t < steps; t++) {
            step = t;
            state = states.back();
            states.push_back(now(next));
        }
        step = outer_step;
        state = outer_state;
        return states;
    }
};

class RandomProgram {
public:
    explicit RandomProgram(unsigned seed) : random_(seed) {
        for (const auto &[name, factor] : {std::pair("a", 1), std::pair("b", 3)}) {
            Row row;
            for (int i = 0; i < n; i++) {
                row.push_back(factor * i + 2);
            }
            values_.push_back({input<float>(name, {n}), [row] { return row; }});
        }
        const size_t inputs = values_.size();
        for (int i = 0; i < 3; i++) {
            if (below(3) > 0) {
                const std::vector<Value> results = random_loop(values_);
                values_.insert(values_.end(), results.begin(), results.end());
            } else {
                values_.push_back(random_stage(values_, {1.f, [] { return 1.0; }}));
            }
        }
        for (size_t i = inputs; i < values_.size(); i++) {
            if (i + 1 == values_.size() || below(2) == 0) {
                outputs_.push_back(values_[i]);
            }
        }
    }

    Program program() const {
        std::vector<ProgramOutput> outputs;
        for (size_t i = 0; i < outputs_.size(); i++) {
            outputs.push_back({"out" + std::to_string(i), outputs_[i].array});
        }
        // derived(): chance leaves states without a use, which Program() refuses.
        return Program::derived("random_loops", {values_[0].array, values_[1].array}, outputs);
    }

    // Compiles and runs the program; its outputs must be those of plain C++.
    void check() const {
        const auto buffer_of = [](const Row &row) {
            Buffer<float> buffer(n);
            std::copy(row.begin(), row.end(), buffer.begin());
            return buffer;
        };
        NamedArguments arguments{{"a", buffer_of(values_[0].now())}, {"b", buffer_of(values_[1].now())}};
        std::vector<Buffer<float>> results;
        for (size_t i = 0; i < outputs_.size(); i++) {
            arguments.emplace_back("out" + std::to_string(i), results.emplace_back(n));
        }
        compile(program(), find_target("x86-64"))(arguments);
        for (size_t i = 0; i < outputs_.size(); i++) {
            EXPECT_EQ(Row(results[i].begin(), results[i].end()), outputs_[i].now()) << "out" << i;
        }
    }

private:
    std::mt19937 random_;
    int depth_ = 0, stages_ = 0;
    std::vector<Value> values_, outputs_;

    int below(size_t end) { return static_cast<int>(random_() % end); }
    const Value &any(const std::vector<Value> &values) { return values[below(values.size())]; }

    // Few names, so that stages and kernels must be told apart by more than those.
    Value stage(const Expr &e, const std::vector<Value> &read, const Element &element) {
        Func f("f" + std::to_string(stages_++ % 3));
        f(x) = wrap(e);
        return {Array(f, {n}), [=] {
                    const std::vector<Row> rows = now(read);
                    Row row;
                    for (int i = 0; i < n; i++) {
                        row.push_back(wrap(element(rows, i)));
                    }
                    return row;
                }};
    }

    Value random_stage(const std::vector<Value> &known, const Number &number) {
        const Value p = any(known), q = any(known), o = any(known);
        using Rows = std::vector<Row>;
        const int k = below(n);
        switch (below(6)) {
        case 0:
            return stage(p.array(x) + q.array(x) * 2.f + static_cast<float>(k), {p, q},
                         [=](const Rows &rows, int i) { return rows[0][i] + rows[1][i] * 2 + k; });
        case 1:
            return stage(p.array(x) + q.array((x + k) % n), {p, q},
                         [=](const Rows &rows, int i) { return rows[0][i] + rows[1][(i + k) % n]; });
        case 2:
            return stage(p.array(x) + number.expr, {p},
                         [=](const Rows &rows, int i) { return rows[0][i] + number.now(); });
        case 3:
            return stage(p.array(x) * q.array(x) + o.array(n - 1 - x), {p, q, o},
                         [](const Rows &rows, int i) { return rows[0][i] * rows[1][i] + rows[2][n - 1 - i]; });
        case 4: {
            Func sum("sum");
            Halide::RDom r(0, n, "r");
            sum(x) = p.array(x);
            sum(x) += q.array(r);
            return stage(sum(x) + number.expr, {p, q}, [=](const Rows &rows, int i) {
                return std::accumulate(rows[1].begin(), rows[1].end(), rows[0][i] + number.now());
            });
        }
        default:
            return stage(p.array(x), {p}, [](const Rows &rows, int i) { return rows[0][i]; });
        }
    }

    // What a step of a loop computes: stages and loops. Returns those; `seen` gets them too.
    std::vector<Value> random_body(std::vector<Value> &seen, const Number &step) {
        std::vector<Value> made;
        for (int count = 1 + below(4); count > 0; count--) {
            const std::vector<Value> more =
                depth_ < deepest && below(5) < 2 ? random_loop(seen) : std::vector<Value>{random_stage(seen, step)};
            seen.insert(seen.end(), more.begin(), more.end());
            made.insert(made.end(), more.begin(), more.end());
        }
        return made;
    }

    // The results of a loop of up to four states, and at times what is made of a history.
    std::vector<Value> random_loop(const std::vector<Value> &outer) {
        const auto plain = std::make_shared<PlainLoop>();
        const size_t states = 1 + below(4);
        plain->steps = below(5);
        Arrays init;
        for (size_t i = 0; i < states; i++) {
            // Mostly what was made last: the states of the loop around this one.
            const size_t from = below(4) ? outer.size() - std::min<size_t>(outer.size(), 4) : 0;
            plain->init.push_back(outer[from + below(outer.size() - from)]);
            init.push_back(plain->init.back().array);
        }
        const auto body = [&](Expr t, const Arrays &state) {
            const Number step{Halide::cast<float>(t), [plain] { return static_cast<double>(plain->step); }};
            std::vector<Value> seen = outer, own;
            for (size_t i = 0; i < states; i++) {
                own.push_back({state[i], [plain, i] { return plain->state[i]; }});
            }
            for (int twice = 0; twice < 2; twice++) {  // read more often than what is further out
                seen.insert(seen.end(), own.begin(), own.end());
            }
            const std::vector<Value> made = random_body(seen, step);
            Arrays next;
            for (size_t i = 0; i < states; i++) {
                const int kind = below(6);
                plain->next.push_back(kind < 3 ? any(made) : kind < 5 ? any(own) : any(seen));
                next.push_back(plain->next.back().array);
            }
            return next;
        };
        depth_++;
        const Arrays ends = loop(plain->steps, init, body, {.name = below(2) ? "often" : "seldom"});
        depth_--;

        std::vector<Value> results;
        for (size_t i = 0; i < states; i++) {
            results.push_back({ends[i], [plain, i] { return plain->run().back()[i]; }});
        }
        if (plain->steps > 0 && below(3) == 0) {
            results.push_back(sum_of_history(plain, ends, below(states)));
        }
        return results;
    }

    // The states of all steps, each weighted by the number of its step.
    Value sum_of_history(const std::shared_ptr<PlainLoop> &plain, const Arrays &ends, int state) {
        const Array all = history(ends[state]);
        Func sum("all_steps");
        Halide::RDom t(0, plain->steps, "t");
        sum(x) = 0.f;
        sum(x) += all(x, t) * Halide::cast<float>(t + 1);
        return stage(sum(x), {}, [=](const std::vector<Row> &, int i) {
            const auto states = plain->run();
            double total = 0;
            for (int step = 0; step < plain->steps; step++) {
                total += states[step][state][i] * (step + 1);
            }
            return total;
        });
    }
};

TEST(RandomLoops, ComputeWhatPlainCodeDoes) {
    for (unsigned i = 1; i <= 25; i++) {
        SCOPED_TRACE("seed " + std::to_string(seed_of(i)));
        const RandomProgram random(seed_of(i));
        try {
            random.check();
        } catch (const Halide::Error &error) {
            ADD_FAILURE() << error.what();
        }
        if (HasFailure()) {
            FAIL() << print(random.program());
        }
    }
}

}  // namespace

}  // namespace sylvite

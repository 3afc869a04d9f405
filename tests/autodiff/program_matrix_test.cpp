// The table of what is checked of programs, constructs of control flow by derivatives, by ways to keep memory and by ways
// to run: docs/checked_programs.md.

#include "program_matrix.h"

#include "autodiff/program.h"
#include "autodiff/vmap.h"
#include "autoscheduler/autoschedule.h"
#include "interpreter.h"
#include "tests/support/golden.h"
#include "tests/support/run_on_targets.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <sstream>

using namespace sylvite;
using namespace sylvite::testing;

namespace {

using Nest = std::vector<const Construct *>;
using Keeps = std::vector<Keep>;

// --- Values, and what must come out: found by an interpreter in hyper-dual numbers from the unrolled program ---

using Named = std::map<std::string, std::vector<double>>;

constexpr int n = World::size, batch = 2;
const std::vector<std::string> wrt{"a", "b", "u", "rows"}, mapped{"a", "b", "u"};

bool is_mapped(const std::string &input) { return std::find(mapped.begin(), mapped.end(), input) != mapped.end(); }

// Of each element of a batch: the values of the inputs around `centre` plus, of a and b, the number of the element.
std::vector<Named> random_values(unsigned seed, double centre, double width, bool apart) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> draw(centre - width, centre + width);
    std::vector<Named> all(batch);
    for (int element = 0; element < batch; element++) {
        for (const std::string &name : wrt) {
            std::vector<double> &values = all[element][name];
            values.resize(name == "rows" ? n * World::steps : n);
            for (double &value : values) {
                value = draw(random) + (apart && (name == "a" || name == "b") ? element : 0);
            }
        }
        all[element]["rows"] = all[0]["rows"];
    }
    return all;
}

const std::vector<Named> points = random_values(1, 1, 0.1, true), directions = random_values(2, 0, 1, false);
const std::vector<double> weights{0.7, -1.3, 0.4, 1.1, 0.6, -0.9};  // of the outputs, in reverse: n an element

// The outputs of jvp, vjp and hvp, and of jvp of vjp, of one element.
Named expected_of(const Nest &nest, int element) {
    const Func y = matrix_func(nest, element);
    const Named &point = points[element], &direction = directions[element];
    Named expected;
    for (const std::string &by : wrt) {
        for (size_t k = 0; k < point.at(by).size(); k++) {
            Interpreter<HyperDual> interpreter;
            for (const std::string &name : wrt) {
                Values<HyperDual> values{{{0, n - 1}}, {}};
                if (name == "rows") {
                    values.box.emplace_back(0, World::steps - 1);
                }
                for (size_t i = 0; i < point.at(name).size(); i++) {
                    values.values.push_back(
                        {point.at(name)[i], name == by && i == k ? 1.0 : 0.0, direction.at(name)[i], 0});
                }
                interpreter.bind(name, std::move(values));
            }
            expected["y"].clear();
            expected["d_y"].clear();
            double adjoint = 0, d_adjoint = 0, loss = 0, slope = 0, curvature = 0;
            for (int i = 0; i < n; i++) {
                const HyperDual at = interpreter.at(y, {i});
                const double weight = weights[element * n + i];
                expected["y"].push_back(at.f);
                expected["d_y"].push_back(at.d2);
                adjoint += weight * at.d1;
                d_adjoint += weight * at.d12;
                loss += at.f * at.f;
                slope += 2 * at.f * at.d1;
                curvature += 2 * (at.d1 * at.d2 + at.f * at.d12);
            }
            expected["adjoint_" + by].push_back(adjoint);
            expected["d_adjoint_" + by].push_back(d_adjoint);
            expected["loss"] = {loss};
            expected["d_loss_d_" + by].push_back(slope);
            expected["hvp_" + by].push_back(curvature);
        }
    }
    return expected;
}

// The same of all elements of a batch, which share what is not mapped.
Named expected_of_all(const Named &first, const Named &second) {
    Named all = first;
    for (const auto &[name, values] : second) {
        if (is_mapped(name.substr(name.rfind('_') + 1)) || name.ends_with("y")) {
            all[name].insert(all[name].end(), values.begin(), values.end());
        } else {
            for (size_t i = 0; i < values.size(); i++) {
                all[name][i] += values[i];
            }
        }
    }
    return all;
}

// --- Derivatives ---

struct Mode {
    const char *name;
    bool is_batch;
    std::function<Program(const Nest &nest, const Keeps &keep)> make;
};

Program of_all(const Nest &nest, const Keeps &keep) { return vmap(matrix_program(nest, keep), mapped, batch); }

const Mode forward{"jvp", false, [](const Nest &nest, const Keeps &k) { return jvp(matrix_program(nest, k), wrt); }},
    // Holds what vjp gives, and d_y, what jvp gives; most nests are compiled but once for all.
    both{"jvp of vjp", false,
         [](const Nest &nest, const Keeps &k) { return jvp(vjp(matrix_program(nest, k), wrt), wrt); }},
    second{"hvp", false, [](const Nest &nest, const Keeps &k) { return hvp(matrix_program(nest, k, true), wrt); }},
    reverse_of_all{"vjp of vmap", true, [](const Nest &nest, const Keeps &k) { return vjp(of_all(nest, k), wrt); }},
    both_of_all{"jvp of vjp of vmap", true,
                [](const Nest &nest, const Keeps &k) { return jvp(vjp(of_all(nest, k), wrt), wrt); }};

// --- Programs, run ---

struct Way {
    const char *name;
    std::function<test::Results(const Program &program, const NamedArguments &arguments)> run;
};

// Without Halide's assertions, which are most of what there is to compile of kernels as small as these; sums are rounded
// as they are written, whatever loops they stand in.
TargetRow without_assertions(TargetRow row) {
    row.halide += "-no_asserts-no_bounds_query-strict_float";
    return row;
}

const Way with_assertions{"JIT, with assertions",
                          [](const Program &program, const NamedArguments &arguments) {
                              return test::run_here(program, find_target("x86-64"), {}, arguments);
                          }},
    in_process{"JIT",
               [](const Program &program, const NamedArguments &arguments) {
                   return test::run_here(program, without_assertions(find_target("x86-64")), {}, arguments);
               }},
    as_library{"static library",
               [](const Program &program, const NamedArguments &arguments) {
                   return test::run_library(program, without_assertions(find_target("x86-64")), {}, arguments,
                                            test::Tools().compiler, "");
               }},
    on_lavapipe{"Vulkan (lavapipe)", [](const Program &program, const NamedArguments &arguments) {
                    const TargetRow vulkan = without_assertions(find_target("vulkan"));
                    return test::run_here(program, vulkan, autoschedule(program, vulkan), arguments);
                }};

// Everything that a program reads, by the names that derivatives give to their inputs, and room for its outputs.
NamedArguments arguments_of(const Program &program, bool is_batch) {
    const auto buffer_of = [&](const std::string &name) {
        const std::string of = name.substr(name.rfind('_') + 1);
        std::vector<int> extents{n};
        if (of == "rows") {
            extents.push_back(World::steps);
        } else if (is_batch) {
            extents.push_back(batch);
        }
        return Halide::Buffer<double>(of == "loss" ? std::vector<int>() : extents);
    };
    NamedArguments arguments;
    for (const ProgramInput &input : program.inputs()) {
        const std::string &name = input.name(), of = name.substr(name.rfind('_') + 1);
        if (!input.is_array()) {
            arguments.emplace_back(name, name == "n" ? n : World::steps);
            continue;
        }
        Halide::Buffer<double> buffer = buffer_of(name);
        std::vector<double> values = weights;
        if (name != "adjoint_y") {
            const std::vector<Named> &from = name == of ? points : directions;
            values = from[0].at(of);
            values.insert(values.end(), from[1].at(of).begin(), from[1].at(of).end());
        }
        std::copy_n(values.begin(), buffer.number_of_elements(), buffer.data());
        arguments.emplace_back(name, buffer);
    }
    for (const ProgramOutput &output : program.outputs()) {
        arguments.emplace_back(output.name, buffer_of(output.name));
    }
    return arguments;
}

// What is wrong with results, or nothing. `same_as`, if it is given, must be met bit by bit.
std::string compare(const test::Results &results, const Named &expected, const test::Results &same_as) {
    std::ostringstream wrong;
    for (const auto &[name, got] : results) {
        const std::vector<double> &want = expected.at(name);
        double size = 0;
        for (const double value : want) {
            size = std::max(size, std::abs(value));
        }
        const auto *values = static_cast<const double *>(got.data());
        for (size_t i = 0; i < got.number_of_elements(); i++) {
            if (!(std::abs(values[i] - want.at(i)) <= 1e-10 * size)) {
                wrong << name << "[" << i << "] is " << values[i] << " and must be " << want[i] << "; ";
            }
            if (!same_as.empty() && static_cast<const double *>(same_as.at(name).data())[i] != values[i]) {
                wrong << name << "[" << i << "] differs from that with all states kept; ";
            }
        }
    }
    return wrong.str();
}

std::string text_of(const Keeps &keep) {
    std::string text;
    for (const Keep k : keep) {
        text += (text.empty() ? "" : " in that ") + std::string(to_string(k));
    }
    return text;
}

std::string name_of(const Nest &nest) {
    return nest.size() == 1 ? nest[0]->name : nest[1]->name + " in " + nest[0]->name;
}

// --- The table ---

class Table {
public:
    void begin(const Nest &nest) {
        nest_ = nest;
        expected_ = expected_of(nest, 0);
        expected_of_all_ = ::expected_of_all(expected_, expected_of(nest, 1));
        page_ << "| " << name_of(nest) << " |";
    }

    // A program of this row; `same_as`, if it is given, must be met bit by bit and is set if it is empty.
    void check(const Mode &mode, const Keeps &keep, const Way &way, test::Results *same_as = nullptr) {
        const std::string what = name_of(nest_) + ", " + mode.name + ", " + text_of(keep) + ", " + way.name;
        std::string wrong;
        try {
            const Program program = mode.make(nest_, keep);
            const test::Results results = way.run(program, arguments_of(program, mode.is_batch));
            wrong =
                compare(results, mode.is_batch ? expected_of_all_ : expected_, same_as ? *same_as : test::Results());
            if (same_as && same_as->empty()) {
                *same_as = results;
            }
        } catch (const Halide::Error &error) {
            wrong = error.what();
        }
        EXPECT_EQ(wrong, "") << what;
        (wrong.empty() ? right_ : wrong_)++;
        cell_ += wrong.empty();
    }

    // A cell holds how many of its checks are right, all of them as a rule.
    void end_cell() {
        page_ << " " << (cell_ ? std::to_string(cell_) : "-") << " |";
        cell_ = 0;
    }
    void end(const std::string &remark = "") { page_ << (remark.empty() ? "" : " " + remark + " |") << "\n"; }

    std::string page() const { return page_.str(); }
    int right() const { return right_; }
    int wrong() const { return wrong_; }

private:
    std::ostringstream page_;
    Nest nest_;
    Named expected_, expected_of_all_;
    int right_ = 0, wrong_ = 0, cell_ = 0;
};

// Which ways to keep states the loops of pairs have: such that each meets each other one, and each construct outside and
// inside. What meets for the first time comes first, two ways before a construct and a way, then what met least.
class Design {
public:
    Keeps next(const Nest &nest) {
        Keeps best;
        std::pair<int, int> least{0, 0};
        for (const Keeps &keep : choices(nest)) {
            std::pair<int, int> met{0, 0};
            for (const Meeting &meeting : meetings(nest, keep)) {
                const int times = met_.count(meeting) ? met_.at(meeting) : 0;
                met.first -= times > 0 ? 0 : meeting.first.starts_with("way") ? 2 : 1;
                met.second += times;
            }
            if (best.empty() || met < least) {
                best = keep;
                least = met;
            }
        }
        for (const Meeting &meeting : meetings(nest, best)) {
            met_[meeting]++;
        }
        return best;
    }

    // What is possible of a nest, and never met.
    std::string missing(const Nest &nest) const {
        std::string text;
        for (const Keeps &keep : choices(nest)) {
            for (const Meeting &meeting : meetings(nest, keep)) {
                text += met_.count(meeting) ? "" : meeting.first + " and " + meeting.second + "; ";
            }
        }
        return text;
    }

private:
    using Meeting = std::pair<std::string, std::string>;
    std::map<Meeting, int> met_;

    static std::vector<Keeps> choices(const Nest &nest) {
        const auto &outer = nest[0]->keeps, &inner = nest[1]->keeps;
        std::vector<Keeps> all;
        for (const Keep of_outer : outer) {
            for (const Keep of_inner : inner) {
                all.push_back({of_outer, of_inner});
            }
            if (inner.empty()) {
                all.push_back({of_outer});
            } else if (of_outer == Keep::budget) {
                all.push_back({of_outer, Keep::unsaid});  // which shares the budget
            }
        }
        for (const Keep of_inner : outer.empty() ? inner : std::vector<Keep>()) {
            all.push_back({of_inner});
        }
        return all;
    }

    static std::vector<Meeting> meetings(const Nest &nest, const Keeps &keep) {
        const std::string outer = "outside " + nest[0]->name, inner = "inside " + nest[1]->name;
        if (keep.size() == 2) {
            const std::string first = to_string(keep[0]), second = to_string(keep[1]);
            std::vector<Meeting> all{{"way outside " + first, "inside " + second}, {outer, first}};
            if (keep[1] != Keep::unsaid) {
                all.emplace_back(inner, second);
            }
            return all;
        }
        return keep.empty() ? std::vector<Meeting>()
                            : std::vector<Meeting>{{nest[0]->keeps.empty() ? inner : outer, to_string(keep[0])}};
    }
};

void check_alone(const Construct &c, size_t number, Table &table) {
    table.begin({&c});
    table.check(forward, {}, with_assertions);
    table.end_cell();
    std::vector<Keeps> all;
    for (const Keep keep : c.keeps) {
        all.push_back({keep});
    }
    if (all.empty()) {
        all.emplace_back();
    }
    test::Results of_store_all;
    for (const Keeps &keep : all) {
        table.check(both, keep, in_process, keep == Keeps{Keep::reversible} ? nullptr : &of_store_all);
    }
    table.end_cell();
    const auto in_turn = [&] { return all[number++ % all.size()]; };
    table.check(second, in_turn(), in_process);
    table.end_cell();
    for (const Keeps &keep : all) {
        table.check(reverse_of_all, keep, in_process);
    }
    table.check(both_of_all, in_turn(), in_process);
    table.end_cell();
    table.check(both, in_turn(), as_library);
    table.end_cell();
    table.check(both, in_turn(), on_lavapipe);
    table.check(reverse_of_all, in_turn(), on_lavapipe);
    table.end_cell();
    table.end();
}

// What not all pairs are checked for is checked of diagonals of their table, which have each construct once outside and once
// inside.
void check_pair(const Nest &nest, size_t diagonal, Design &design, Table &table) {
    static const std::map<size_t, std::pair<const Mode &, const Way &>> more{
        {0, {reverse_of_all, in_process}}, {1, {both, as_library}},           {2, {reverse_of_all, in_process}},
        {4, {both, on_lavapipe}},          {5, {reverse_of_all, in_process}}, {7, {reverse_of_all, in_process}}};
    table.begin(nest);
    Keeps keep = design.next(nest);
    std::string kept = text_of(keep);
    table.check(both, keep, in_process);
    table.end_cell();
    const auto found = more.find(diagonal);
    if (found != more.end()) {
        keep = design.next(nest);
        kept += keep.empty() ? "" : "; " + text_of(keep);
    }
    for (const auto &[mode, way] : {std::pair<const Mode &, const Way &>(reverse_of_all, in_process),
                                    std::pair<const Mode &, const Way &>(both, as_library),
                                    std::pair<const Mode &, const Way &>(both, on_lavapipe)}) {
        if (found != more.end() && &found->second.first == &mode && &found->second.second == &way) {
            table.check(mode, keep, way);
        }
        table.end_cell();
    }
    table.end(kept.empty() ? "-" : kept);
}

std::string head(const std::vector<std::string> &columns) {
    std::string cells = "\n|", line = "\n|";
    for (const std::string &column : columns) {
        cells += " " + column + " |";
        line += "---|";
    }
    return cells + line + "\n";
}

TEST(ProgramMatrix, IsRightInEveryCell) {
    Table alone, nested;
    std::vector<const Construct *> in_pairs;
    for (size_t i = 0; i < constructs().size(); i++) {
        check_alone(constructs()[i], i, alone);
        if (constructs()[i].in_pairs) {
            in_pairs.push_back(&constructs()[i]);
        }
    }
    Design design;
    const size_t count = in_pairs.size();
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            check_pair({in_pairs[i], in_pairs[j]}, (j + count - i) % count, design, nested);
        }
    }
    for (const Construct *outer : in_pairs) {
        for (const Construct *inner : in_pairs) {
            EXPECT_EQ(design.missing({outer, inner}), "") << "ways to keep states that do not meet";
        }
    }
    const std::string page =
        R"(# Programs that are checked

Made by the tests, which compute each cell; `./dev update-golden` writes it anew. A cell says how many programs were right.
Each has arrays that its bodies capture, a number of steps and extents that are known at run time only, and a kernel that
is not linear in anything. All elements of its derivatives by four arrays are compared, to 1e-10 in f64, with those of the
same program unrolled into a chain of Funcs, which an interpreter evaluates in hyper-dual numbers; it shares no code with
the derivatives or the compiler. So both modes agree with one another, and with differences in the limit.

- **jvp of vjp** is one program that holds the values, the derivative in both modes and the second, forward over reverse.
  Alone, a loop has each way to keep states: `store_all`, `sqrt`, `budget`, `binomial(2)`, `recompute`, `reversible`;
  results are equal bit by bit, up to the last, whose inverse rounds. `while_loop` has no `sqrt` and no `budget`, which
  need a bound of the steps and are refused. What has no steps, or one, keeps nothing.
- **jvp**, **hvp**: the programs that these make. Nothing is kept for jvp; of hvp a loop has one of the ways, in turn.
- **vmap**: for two elements, of which the second makes another number of steps where data decide on it, and takes the
  other arm of branches; all but `rows` differ. The vjp of that, alone in each way, and jvp of vjp of it in one, in turn.
- **static library**, **Vulkan**: jvp of vjp in one of the ways, in turn, and on Vulkan vjp of vmap too.

Of pairs each has jvp of vjp. The rest is checked of diagonals of their table, vmap of four, libraries and Vulkan of one each,
in which each construct stands once outside and once inside; other cells have `-`. Two loops, one within the other, have ways
of their own to keep states: those of jvp of vjp stand first, those of what else is checked second. In all pairs together each way outside meets each one inside, and each construct each way it can have, outside
and inside; `unsaid` shares the budget around it. What has no steps is one construct in pairs, the loop. Kernels are compiled
without Halide's assertions but for jvp alone, as most of the time of the test would be spent on them, and with `strict_float`.
)" + head({"Alone", "jvp", "jvp of vjp", "hvp", "vmap", as_library.name, on_lavapipe.name}) +
        alone.page() +
        head({"One within the other", "jvp of vjp", "vmap", as_library.name, on_lavapipe.name, "states kept by"}) +
        nested.page();
    std::cout << "counted: programs: " << alone.right() + nested.right() << " derivatives of "
              << constructs().size() + count * count << " nests of control flow right, "
              << alone.wrong() + nested.wrong() << " wrong\n";
    expect_document("docs/checked_programs.md", page);
}

}  // namespace

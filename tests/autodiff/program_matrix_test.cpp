// The table of what is checked of programs, constructs of control flow by derivatives, by ways to keep memory and by ways
// to run: docs/checked_programs.md.

#include "program_matrix.h"

#include "autodiff/program.h"
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

struct Policy {
    const char *name;
    Memory memory;
};
const std::vector<Policy> policies{{"store_all", Memory::store_all},
                                   {"sqrt", Memory::sqrt},
                                   {"binomial(2)", Memory::binomial(2)},
                                   {"recompute", Memory::recompute}};

// --- Values, and what must come out: found by an interpreter in dual numbers from the unrolled program ---

using Named = std::map<std::string, std::vector<double>>;

const std::map<std::string, std::vector<int>> sizes{
    {"a", {World::n}}, {"b", {World::n}}, {"u", {World::n}}, {"rows", {World::n, World::steps}}};

Named random_values(unsigned seed, double low, double high) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> draw(low, high);
    Named values;
    for (const auto &[name, extents] : sizes) {
        values[name].resize(extents.size() == 1 ? World::n : World::n * World::steps);
        for (double &value : values[name]) {
            value = draw(random);
        }
    }
    return values;
}

const Named point = random_values(1, 0.9, 1.1), first = random_values(2, -1, 1);
const std::vector<double> weights{0.7, -1.3, 0.4};  // of the outputs, in reverse

template<typename T, typename Make>
void bind(Interpreter<T> &interpreter, const Make &make) {
    for (const auto &[name, extents] : sizes) {
        Values<T> values;
        for (const int extent : extents) {
            values.box.emplace_back(0, extent - 1);
        }
        for (size_t i = 0; i < point.at(name).size(); i++) {
            values.values.push_back(make(name, i));
        }
        interpreter.bind(name, std::move(values));
    }
}

// The outputs of the programs jvp, vjp and hvp make of it.
Named expected_of(const Nest &nest) {
    const Func y = matrix_func(nest, false), loss = matrix_func(nest, true);
    Named expected;
    Interpreter<Dual> forward;
    bind(forward, [](const std::string &name, size_t i) { return Dual{point.at(name)[i], first.at(name)[i]}; });
    for (int i = 0; i < World::n; i++) {
        const Dual at = forward.at(y, {i});
        expected["y"].push_back(at.f);
        expected["d_y"].push_back(at.d);
    }
    for (const auto &[input, values] : point) {
        for (size_t k = 0; k < values.size(); k++) {
            const auto is_it = [&, input = input](const std::string &name, size_t i) {
                return name == input && i == k;
            };
            Interpreter<Dual> one;
            bind(one, [&](const std::string &name, size_t i) {
                return Dual{point.at(name)[i], is_it(name, i) ? 1.0 : 0.0};
            });
            double adjoint = 0;
            for (int i = 0; i < World::n; i++) {
                adjoint += weights[i] * one.at(y, {i}).d;
            }
            expected["adjoint_" + input].push_back(adjoint);
            Interpreter<HyperDual> two;
            bind(two, [&](const std::string &name, size_t i) {
                return HyperDual{point.at(name)[i], is_it(name, i) ? 1.0 : 0.0, first.at(name)[i], 0};
            });
            const HyperDual at = two.at(loss, {});
            expected["loss"] = {at.f};
            expected["d_loss_d_" + input].push_back(at.d1);
            expected["hvp_" + input].push_back(at.d12);
        }
    }
    return expected;
}

// --- Programs, run ---

struct Mode {
    const char *name;
    bool of_loss;
    Program (*derivative)(const Program &program, const std::vector<std::string> &wrt, SourceLine where);
};
const std::vector<Mode> modes{{"jvp", false, jvp}, {"vjp", false, vjp}, {"hvp", true, hvp}};

struct Way {
    const char *name;
    std::function<test::Results(const Program &program, const NamedArguments &arguments)> run;
};

test::Results run_on_lavapipe(const Program &program, const NamedArguments &arguments) {
    const TargetRow &vulkan = find_target("vulkan");
    return test::run_here(program, vulkan, autoschedule(program, vulkan), arguments);
}

const Way in_process{"JIT", [](const Program &program, const NamedArguments &arguments) {
                         return test::run_here(program, find_target("x86-64"), {}, arguments);
                     }};
const std::vector<Way> other_ways{{"static library",
                                   [](const Program &program, const NamedArguments &arguments) {
                                       return test::run_library(program, find_target("x86-64"), {}, arguments,
                                                                test::Tools().compiler, "");
                                   }},
                                  {"Vulkan (lavapipe)", run_on_lavapipe}};

Program derivative_of(const Nest &nest, const std::vector<Memory> &memory, const Mode &mode) {
    return mode.derivative(
        matrix_program(nest, {.type = Halide::Float(64), .unrolled = false, .memory = memory}, mode.of_loss),
        {"a", "b", "u", "rows"}, SourceLine());
}

// Everything that a program reads, by the names that derivatives give to their inputs, and room for its outputs.
NamedArguments arguments_of(const Program &program) {
    const auto buffer_of = [](const std::string &name, const std::vector<double> *values) {
        const auto input = sizes.find(name.substr(name.rfind('_') + 1));
        Halide::Buffer<double> buffer(input != sizes.end() && name != "d_y" ? input->second
                                      : name == "loss"                      ? std::vector<int>{}
                                                                            : std::vector<int>{World::n});
        for (size_t i = 0; values && i < values->size(); i++) {
            buffer.data()[i] = (*values)[i];
        }
        return buffer;
    };
    NamedArguments arguments;
    for (const ProgramInput &input : program.inputs()) {
        const std::string &name = input.name(), of = name.substr(name.rfind('_') + 1);
        if (name == "count") {
            arguments.emplace_back(name, World::steps);
        } else {
            arguments.emplace_back(name, buffer_of(name, name == "adjoint_y" ? &weights
                                                         : name == of        ? &point.at(of)
                                                                             : &first.at(of)));
        }
    }
    for (const ProgramOutput &output : program.outputs()) {
        arguments.emplace_back(output.name, buffer_of(output.name, nullptr));
    }
    return arguments;
}

// What is wrong with a derivative, or nothing. `same_as`, if it is given, must be met bit by bit; it is set.
std::string check(const Program &program, const Way &way, const Named &expected, test::Results *same_as = nullptr) {
    test::Results results;
    try {
        results = way.run(program, arguments_of(program));
    } catch (const Halide::Error &error) {
        return error.what();
    }
    std::ostringstream wrong;
    for (const auto &[name, got] : results) {
        const std::vector<double> &want = expected.at(name);
        double size = 0;
        for (const double value : want) {
            size = std::max(size, std::abs(value));
        }
        for (size_t i = 0; i < want.size(); i++) {
            const double value = static_cast<const double *>(got.data())[i];
            if (!(std::abs(value - want[i]) <= 1e-10 * size)) {
                wrong << name << "[" << i << "] is " << value << " and must be " << want[i] << "; ";
            }
            if (same_as && !same_as->empty() && static_cast<const double *>(same_as->at(name).data())[i] != value) {
                wrong << name << "[" << i << "] differs from that with all states kept; ";
            }
        }
    }
    if (same_as && same_as->empty()) {
        *same_as = results;
    }
    return wrong.str();
}

// --- The table ---

class Table {
public:
    // What a cell holds: how many of its checks are right, all of them as a rule.
    void begin(const std::string &row) { page_ << "| " << row << " |"; }
    void add(const std::string &what, const std::string &wrong) {
        EXPECT_EQ(wrong, "") << what;
        (wrong.empty() ? right_ : wrong_)++;
        cell_ += wrong.empty();
    }
    void end_cell() {
        page_ << " " << cell_ << " |";
        cell_ = 0;
    }
    void skip_cell() { page_ << " - |"; }
    void end() { page_ << "\n"; }

    std::string page() const { return page_.str(); }
    int right() const { return right_; }
    int wrong() const { return wrong_; }

private:
    std::ostringstream page_;
    int right_ = 0, wrong_ = 0, cell_ = 0;
};

std::string name_of(const Nest &nest) {
    return nest.size() == 1 ? nest[0]->name : nest[1]->name + " in " + nest[0]->name;
}

// The ways to keep memory of a nest: all of them if it is one loop. Of two loops each has one, in turn through all pairs of
// constructs; a first entry without any stands for keeping all states.
std::vector<std::vector<Memory>> memories_of(const Nest &nest, size_t turn) {
    if (std::none_of(nest.begin(), nest.end(), [](const Construct *c) { return c->keeps_states; })) {
        return {{}};
    }
    const auto policy = [](size_t i) { return policies[i % policies.size()].memory; };
    if (nest.size() > 1) {
        return {{policy(turn), policy(turn / policies.size())}};
    }
    std::vector<std::vector<Memory>> all;
    for (const Policy &p : policies) {
        all.push_back({p.memory});
    }
    return all;
}

void check_row(const Nest &nest, size_t turn, Table &table) {
    const Named expected = expected_of(nest);
    table.begin(name_of(nest));
    for (const Mode &mode : modes) {
        if (mode.of_loss && nest.size() > 1 && turn % 4 != 0) {  // these are long to compile
            table.skip_cell();
            continue;
        }
        test::Results of_store_all;
        for (const std::vector<Memory> &memory : memories_of(nest, turn)) {
            const bool is_reverse = mode.derivative != jvp;
            table.add(name_of(nest) + ", " + mode.name, check(derivative_of(nest, memory, mode), in_process, expected,
                                                              is_reverse ? &of_store_all : nullptr));
            if (!is_reverse) {
                break;  // nothing is kept
            }
        }
        table.end_cell();
    }
    if (nest.size() == 1) {
        for (const Way &way : other_ways) {
            for (const Mode &mode : modes) {
                table.add(name_of(nest) + ", " + mode.name + ", " + way.name,
                          check(derivative_of(nest, {}, mode), way, expected));
            }
            table.end_cell();
        }
    }
    table.end();
}

std::string head(const std::string &first, const std::vector<std::string> &more) {
    std::string cells = "\n| " + first + " |", line = "\n|---|";
    for (const Mode &mode : modes) {
        cells += std::string(" ") + mode.name + " |";
        line += "---|";
    }
    for (const std::string &column : more) {
        cells += " " + column + " |";
        line += "---|";
    }
    return cells + line + "\n";
}

TEST(ProgramMatrix, IsRightInEveryCell) {
    Table alone, nested;
    for (const Construct &c : constructs()) {
        check_row({&c}, 0, alone);
    }
    size_t turn = 0;
    for (const Construct &outer : constructs()) {
        for (const Construct &inner : constructs()) {
            check_row({&outer, &inner}, turn++, nested);
        }
    }
    std::string names;
    for (const Policy &policy : policies) {
        names += (names.empty() ? "`" : ", `") + std::string(policy.name) + "`";
    }
    std::vector<std::string> ways;
    for (const Way &way : other_ways) {
        ways.emplace_back(way.name);
    }
    const std::string page =
        "# Programs that are checked\n\n"
        "Made by the tests, which compute each cell; `./dev update-golden` writes it anew. A cell says how many "
        "programs "
        "were right.\n"
        "Each has arrays that its bodies capture, a number of steps that is known at run time only, and a kernel that "
        "is "
        "not linear in\n"
        "anything. All elements of its derivatives are compared, to 1e-10 in f64, with those of the same program "
        "unrolled "
        "into a chain of\n"
        "Funcs, which an interpreter evaluates in dual and hyper-dual numbers; it shares no code with the derivatives "
        "or "
        "the compiler.\n\n"
        "Reverse derivatives of loops are taken once for each way to keep memory: " +
        names +
        ". They\n"
        "are equal bit by bit where the loop is alone. Of two loops, one within the other, each has one of the ways, "
        "in turn. Second "
        "derivatives "
        "of nests of two\n"
        "are checked of every fourth nest, to save time.\n" +
        head("Alone", ways) + alone.page() + head("One within the other", {}) + nested.page();
    std::cout << "counted: programs: " << alone.right() + nested.right() << " derivatives of "
              << constructs().size() * (constructs().size() + 1) << " nests of control flow right, "
              << alone.wrong() + nested.wrong() << " wrong\n";
    expect_document("docs/checked_programs.md", page);
}

}  // namespace

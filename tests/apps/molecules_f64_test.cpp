// The molecules program in f64: its order, its energy over a long time, its gradient.

#include "apps/molecules/molecules.h"
#include "apps/molecules/start.h"
#include "apps/support/files.h"
#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "targets/compile.h"
#include "tests/apps/molecules_plain.h"

#include <gtest/gtest.h>

#include <random>

namespace sylvite::apps {
namespace {

using Halide::Buffer;
using Row = PlainAtoms::Row;

const Type f64 = Halide::Float(64);

/// `schedule` is a file of the app; what it leaves open is found.
Executable compiled(const Program &program, const std::string &schedule = "") {
    const TargetRow &target = find_target("x86-64-avx2");
    AutoscheduleOptions options;
    if (!schedule.empty()) {
        const std::string file = SYLVITE_SOURCE_DIR "/apps/molecules/" + schedule;
        options.keep = parse_schedule(read_file(file), file);
    }
    return compile(program, target, autoschedule(program, target, options));
}

/// 27 atoms, one cell, lists of all that are near.
struct Small {
    static constexpr int atoms = 27;
    Buffer<double> place{atoms, 3}, velocity{atoms, 3}, potential{2}, seen{atoms, 3};
    Buffer<double> loss = Buffer<double>::make_scalar(), place_end{atoms, 3}, velocity_end{atoms, 3}, energy{2};
    Buffer<int> checks{3};
    World world;

    Small() {
        world.atoms = atoms, world.side = 3.3f, world.cutoff = 1.6f, world.skin = 1.2f;
        const Motions start = on_lattice(atoms, world.side, 0.1f, 0.5f, 1);
        const Motions other = on_lattice(atoms, world.side, 0.1f, 0.5f, 2);
        std::copy(start.place.begin(), start.place.end(), place.begin());
        std::copy(start.velocity.begin(), start.velocity.end(), velocity.begin());
        std::copy(other.place.begin(), other.place.end(), seen.begin());
        potential(0) = 1, potential(1) = 1;
    }

    NamedArguments arguments(int steps, double step_length) {
        return {{"place", place},
                {"velocity", velocity},
                {"potential", potential},
                {"seen", seen},
                {"side", double(world.side)},
                {"cutoff", double(world.cutoff)},
                {"skin", double(world.skin)},
                {"cells", 1},
                {"cell_room", 32},
                {"list_room", 26},
                {"atoms", int(atoms)},
                {"steps", steps},
                {"every", 10},
                {"step_length", step_length},
                {"loss", loss},
                {"place_end", place_end},
                {"velocity_end", velocity_end},
                {"energy", energy},
                {"checks", checks}};
    }

    void run(const Executable &program, int steps, double step_length) {
        program.run(arguments(steps, step_length));
        ASSERT_LE(checks(1), 26);
        ASSERT_EQ(checks(2), 0);
    }
};

const Executable &forward() {
    static const Executable program = compiled(molecules(f64, false), "molecules_forward.sched");
    return program;
}

// What makes no sense means the least that does, or shows in the checks.
TEST(MoleculesF64, SizesOfAnyKindAreNoSilentError) {
    Small small;
    const auto run_with = [&](const std::string &name, const auto &value) {
        NamedArguments arguments = small.arguments(3, 0.002);
        *std::find_if(arguments.begin(), arguments.end(), [&](const auto &a) { return a.name == name; }) = {name,
                                                                                                            value};
        forward().run(arguments);
        return small.place_end(0, 0);
    };
    const double moved = run_with("every", 1);
    EXPECT_NE(moved, small.place(0, 0));
    EXPECT_EQ(small.checks(2), 0);
    for (const int less : {0, -5}) {
        EXPECT_EQ(run_with("every", less), moved);
        EXPECT_EQ(run_with("cells", less), moved);
        EXPECT_EQ(small.checks(2), 0);
    }
    run_with("cells", 2);
    EXPECT_EQ(small.checks(2), Small::atoms) << "lists reach farther than a cell";
    run_with("cutoff", 1.7);
    EXPECT_EQ(small.checks(2), Small::atoms) << "more than half the side";
    EXPECT_EQ(run_with("steps", -1), small.place(0, 0));
}

// The error after a time is that of the step squared.
TEST(MoleculesF64, VerletIsOfSecondOrder) {
    Small small;
    std::vector<Buffer<double>> ends;
    for (const int steps : {20, 40, 80, 1280}) {
        small.run(forward(), steps, 0.08 / steps);
        ends.push_back(small.place_end.copy());
    }
    std::vector<double> errors;
    for (size_t i = 0; i + 1 < ends.size(); i++) {
        double sum = 0;
        ends[i].for_each_element([&](int a, int c) { sum += std::pow(ends[i](a, c) - ends.back()(a, c), 2); });
        errors.push_back(std::sqrt(sum));
    }
    EXPECT_NEAR(std::log2(errors[0] / errors[1]), 2, 0.05);
    EXPECT_NEAR(std::log2(errors[1] / errors[2]), 2, 0.05);
}

TEST(MoleculesF64, EnergyDoesNotDriftOverTenThousandSteps) {
    Small small;
    std::vector<double> energies;
    for (int i = 0; i <= 10; i++) {
        small.run(forward(), i == 0 ? 0 : 1000, 0.002);
        energies.push_back((small.energy(0) + small.energy(1)) / Small::atoms);
        small.place.copy_from(small.place_end);
        small.velocity.copy_from(small.velocity_end);
    }
    for (const double energy : energies) {
        EXPECT_NEAR(energy, energies[0], 1e-3);
    }
    const PlainAtoms plain(small.world);
    EXPECT_NEAR(small.energy(0), plain.energy(Row(small.place.begin(), small.place.end())), 1e-9);
}

// By a formula of fourth order, along random directions in all inputs at once.
TEST(MoleculesF64, GradientAgreesWithDifferences) {
    const Executable program =
        compiled(grad(molecules(f64, false), {"potential", "place", "velocity"}), "molecules_grad.sched");
    // A drop, for where a pair crosses the cutoff the loss has a kink in its slope. Part of it is an image away.
    Small small;
    small.world.side = 30, small.world.cutoff = 14;
    for (int i = 0; i < Small::atoms; i += 4) {
        small.place(i, 1) += 30;
    }
    const int steps = 50;
    Buffer<double> by_potential(2), by_place(Small::atoms, 3), by_velocity(Small::atoms, 3);
    NamedArguments arguments = small.arguments(steps, 0.004);
    std::mt19937 random(3);
    std::normal_distribution<double> normal;
    small.seen.for_each_element([&](int i, int c) { small.seen(i, c) = small.place(i, c) + 0.1 * normal(random); });
    for (const NamedArgument &output : NamedArguments{
             {"d_loss_d_potential", by_potential}, {"d_loss_d_place", by_place}, {"d_loss_d_velocity", by_velocity}}) {
        arguments.push_back(output);
    }
    program.run(arguments);
    ASSERT_EQ(small.checks(2), 0);
    for (int trial = 0; trial < 3; trial++) {
        Row direction(2 + 6 * Small::atoms);
        double product = 0, norm = 0;
        size_t at = 0;
        for (Buffer<double> *slope : {&by_potential, &by_place, &by_velocity}) {
            slope->for_each_value([&](double value) {
                direction[at] = normal(random);
                product += value * direction[at++];
                norm = std::hypot(norm, value);
            });
        }
        const auto loss = [&](double h) {
            Row x(small.place.begin(), small.place.end()), v(small.velocity.begin(), small.velocity.end());
            World world = small.world;
            world.step_length = 0.004f;
            PlainAtoms plain(world);
            plain.step_length = 0.004;
            plain.epsilon = 1 + h * direction[0], plain.sigma = 1 + h * direction[1];
            for (size_t i = 0; i < x.size(); i++) {
                x[i] += h * direction[2 + i], v[i] += h * direction[2 + x.size() + i];
            }
            return plain.loss(x, v, steps, Row(small.seen.begin(), small.seen.end()));
        };
        const double h = 2e-5;
        const double difference = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h);
        EXPECT_NEAR(product, difference, 1e-9 * norm) << "of norm " << norm;
    }
}

// What the rule says of forces is what their definition says, which adds to the neighbours of each atom.
TEST(MoleculesF64, RuleOfForcesIsTheirDerivative) {
    const int n = 6;
    const Array place = input(f64, "place", {n, 3}), potential = input(f64, "potential", {2}),
                found = input<int>("found", {n, n});
    const Cube cube{Expr(3.0), Expr(1.45)};
    const Neighbours all{found, n, n - 1};
    const std::vector<ProgramInput> inputs{place, potential, found};
    const auto derivatives = [&](const Func &forces) {
        return vjp(Program("forces", inputs, {{"force", Array(forces, {n, 3})}}), {"place", "potential"});
    };
    Buffer<double> where(n, 3), parameters(2), adjoint(n, 3);
    Buffer<int> lists(n, n);
    std::mt19937 random(4);
    std::uniform_real_distribution<double> uniform(-0.2, 0.2);
    where.for_each_element([&](int i, int c) { where(i, c) = (i >> c & 1) * 1.2 + 0.3 * i + uniform(random); });
    adjoint.for_each_value([&](double &value) { value = uniform(random); });
    parameters(0) = 1.2, parameters(1) = 0.9;
    lists.for_each_element([&](int i, int k) { lists(i, k) = k == 0 ? n - 1 : k - 1 < i ? k - 1 : k; });
    std::vector<Buffer<double>> slopes;
    for (const Func &forces : {defined_forces(place, potential, all, cube), forces(place, potential, all, cube)}) {
        Buffer<double> force(n, 3), by_place(n, 3), by_potential(2);
        compiled(derivatives(forces))
            .run({{"place", where},
                  {"potential", parameters},
                  {"found", lists},
                  {"adjoint_force", adjoint},
                  {"force", force},
                  {"adjoint_place", by_place},
                  {"adjoint_potential", by_potential}});
        slopes.insert(slopes.end(), {by_place, by_potential});
    }
    for (const int which : {0, 1}) {
        const Buffer<double> &by_definition = slopes[which], &by_rule = slopes[2 + which];
        double largest = 0;
        by_definition.for_each_value([&](double value) { largest = std::max(largest, std::abs(value)); });
        EXPECT_GT(largest, 0.1);
        by_definition.for_each_element(
            [&](const int *at) { EXPECT_NEAR(by_rule(at), by_definition(at), 1e-12 * largest) << which; });
    }
}

}  // namespace
}  // namespace sylvite::apps

// Energy and forces of the molecules app, and their reverse derivative, in f32 on the targets that can be run here.

#include "apps/molecules/molecules.h"
#include "apps/molecules/start.h"
#include "autodiff/program.h"
#include "autoscheduler/autoschedule.h"
#include "tests/support/run_on_targets.h"

namespace sylvite::apps {
namespace {

using Halide::Buffer;

class MoleculesOn : public testing::TestWithParam<TargetRow> {};

TEST_P(MoleculesOn, ForcesAndTheirDerivative) {
    const int n = 64;
    const Type f32 = Halide::Float(32);
    const Program program = vjp(molecules_forces(f32), {"potential"});
    const auto schedule_for = [&](const TargetRow &row) { return autoschedule(program, row); };
    World world;
    world.atoms = n, world.side = 4.4f, world.cutoff = 2.1f;
    const Coordinates start = on_lattice(n, world.side, 0.1f, 0, 1).place;
    Simulator simulator(world);
    const Lists lists = simulator.lists(start);
    Buffer<float> place(n, 3), potential(2), adjoint_energy = Buffer<float>::make_scalar(), adjoint_field(n, 4),
                                             energy = Buffer<float>::make_scalar(), field(n, 4), by_potential(2);
    Buffer<int> found(n, 1 + lists.room);
    std::copy(start.begin(), start.end(), place.begin());
    std::copy(lists.found.begin(), lists.found.end(), found.begin());
    potential(0) = 1, potential(1) = 1, adjoint_energy() = 1;
    adjoint_field.for_each_element([&](int i, int c) { adjoint_field(i, c) = 0.01f * static_cast<float>(i % 7 - c); });
    const NamedArguments arguments = {{"place", place},
                                      {"potential", potential},
                                      {"found", found},
                                      {"side", world.side},
                                      {"cutoff", world.cutoff},
                                      {"list_room", lists.room},
                                      {"atoms", n},
                                      {"adjoint_energy", adjoint_energy},
                                      {"adjoint_field", adjoint_field},
                                      {"energy", energy},
                                      {"field", field},
                                      {"adjoint_potential", by_potential}};
    const TargetRow &baseline = find_target("x86-64"), &row = GetParam();
    test::check_on_target(row, program, schedule_for(row), arguments,
                          test::run_here(program, baseline, schedule_for(baseline), arguments), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Targets, MoleculesOn, testing::Values(find_target("x86-64-avx512"), find_target("vulkan")),
                         [](const auto &info) { return info.param.name == "vulkan" ? "Vulkan" : "Avx512"; });

}  // namespace
}  // namespace sylvite::apps

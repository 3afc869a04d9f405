// Energy and forces of the molecules app, and a trajectory with its gradient, in f32 on the targets that can be run here.

#include "apps/molecules/molecules.h"
#include "apps/molecules/start.h"
#include "autodiff/program.h"
#include "tests/apps/on_targets.h"

namespace sylvite::apps {
namespace {

using Halide::Buffer;

class MoleculesOn : public OnTargets {};

const Type f32 = Halide::Float(32);

/// `atoms` in a cube that is just large enough for their cutoff.
World world_of(int atoms, float side, float cutoff) {
    World world;
    world.atoms = atoms, world.side = side, world.cutoff = cutoff;
    return world;
}

TEST_P(MoleculesOn, ForcesAndTheirDerivative) {
    const int n = 64;
    const World world = world_of(n, 4.4f, 2.1f);
    const Coordinates start = on_lattice(n, world.side, 0.1f, 0, 1).place;
    const Lists lists = Simulator(world).lists(start);
    Buffer<float> adjoint_energy = Buffer<float>::make_scalar(), adjoint_field(n, 4);
    adjoint_energy() = 1;
    adjoint_field.for_each_element([&](int i, int c) { adjoint_field(i, c) = 0.01f * static_cast<float>(i % 7 - c); });
    check(vjp(molecules_forces(f32), {"potential"}),
          {{"place", array_of(start, {n, 3})},
           {"potential", array_of<float>({1, 1}, {2})},
           {"found", array_of(lists.found, {n, 1 + lists.room})},
           {"side", world.side},
           {"cutoff", world.cutoff},
           {"list_room", lists.room},
           {"atoms", n},
           {"adjoint_energy", adjoint_energy},
           {"adjoint_field", adjoint_field},
           {"energy", Buffer<float>::make_scalar()},
           {"field", Buffer<float>(n, 4)},
           {"adjoint_potential", Buffer<float>(2)}},
          1e-4);
}

// Seven steps with lists that are made three times.
TEST_P(MoleculesOn, GradientOfATrajectory) {
    const int n = 27;
    const World world = world_of(n, 3.3f, 1.6f);
    const Motions start = on_lattice(n, world.side, 0.1f, 0.7f, 1);
    Coordinates seen = start.place;
    for (size_t i = 0; i < seen.size(); i++) {
        seen[i] += 0.01f * static_cast<float>(i % 5);
    }
    check(grad(molecules(f32, false), {"potential", "place", "velocity"}),
          {{"place", array_of(start.place, {n, 3})},
           {"velocity", array_of(start.velocity, {n, 3})},
           {"potential", array_of<float>({1, 1}, {2})},
           {"seen", array_of(seen, {n, 3})},
           {"side", world.side},
           {"cutoff", world.cutoff},
           {"skin", world.skin},
           {"cells", 1},
           {"cell_room", 32},
           {"list_room", 26},
           {"atoms", n},
           {"steps", 7},
           {"every", 3},
           {"step_length", world.step_length},
           {"loss", Buffer<float>::make_scalar()},
           {"place_end", Buffer<float>(n, 3)},
           {"velocity_end", Buffer<float>(n, 3)},
           {"energy", Buffer<float>(2)},
           {"checks", Buffer<int>(3)},
           {"d_loss_d_potential", Buffer<float>(2)},
           {"d_loss_d_place", Buffer<float>(n, 3)},
           {"d_loss_d_velocity", Buffer<float>(n, 3)}},
          1e-4);
}

INSTANTIATE_TEST_SUITE_P(Targets, MoleculesOn, app_targets(), name_of_target);

}  // namespace
}  // namespace sylvite::apps

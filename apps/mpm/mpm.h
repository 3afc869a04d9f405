#pragma once

#include "apps/mpm/matrix.h"
#include "apps/mpm/sizes.h"
#include "apps/support/squashed.h"
#include "frontend/program.h"

#include <cmath>

namespace sylvite::apps {

/// The laws of a box 1 m wide, in two or three dimensions; axis 1 points up. Lengths are in m, times in s; solid particles
/// have a mass of 1 and, for their stress, a volume of 1.
struct World {
    int dimensions;
    float step;          // s
    float gravity;       // m/s^2
    float stiffness;     // both of Lame's parameters of solids, and the bulk modulus of fluids
    float sideways;      // share of its pressure that a fluid has along axes other than the first
    float clock;         // rad/s, of the waves that an actuator's signal is made of
    float strength;      // of actuators, which push along the last axis
    Expr cells = {};     // of the grid, each way
    Expr friction = {};  // of walls, after Coulomb; below 0 they hold what touches them
};

/// Those of DiffTaichi's diffmpm and diffmpm3d.
inline World world_of(int dimensions) {
    return dimensions == 2 ? World{2, 1e-3f, 3.8f, 10, 0.1f, 20, 4} : World{3, 2e-3f, 10, 10, 1, 40, 5};
}

/// Particles by number: where they are and how fast they move (particles, d), how the velocity changes around them in 1/s,
/// and how they are deformed, both (particles, d, d).
struct Particles {
    Array place, velocity, affine, deformation;
};

/// What particles are made of: `material` (particles) is 0 for fluids and 1 for solids, `actuator` (particles) the number of
/// the actuator that they belong to, or -1.
struct Matter {
    Array material, actuator;
};

/// The nodes of the grid around particle p: corner(p) is the first of three along each axis, offset(p) how far the particle
/// is from there, in cells, and weight(p, k) the quadratic B-splines of node k along each axis.
struct Nodes {
    Func corner, offset, weight;
};

inline Vector vector_at(const Array &array, int dimensions, const Expr &p) {
    Vector v;
    for (int i = 0; i < dimensions; i++) {
        v.push_back(array(p, i));
    }
    return v;
}

inline Matrix matrix_at(const Array &array, int dimensions, const Expr &p) {
    Matrix m(dimensions, {});
    for (int j = 0; j < dimensions; j++) {
        for (int i = 0; i < dimensions; i++) {
            m.elements.push_back(array(p, i, j));
        }
    }
    return m;
}

/// Vars name0, name1, ...
inline std::vector<Halide::Var> numbered(const std::string &name, int count) {
    std::vector<Halide::Var> vars;
    for (int i = 0; i < count; i++) {
        vars.emplace_back(name + std::to_string(i));
    }
    return vars;
}

/// Element (i, j), which are Vars.
inline Expr element(const Matrix &m, const Expr &i, const Expr &j) {
    Vector columns;
    for (int c = 0; c < m.n; c++) {
        columns.push_back(mux(i, m.column(c)));
    }
    return mux(j, columns);
}

/// The values of a Tuple.
inline Vector values_at(const Func &func, const std::vector<Expr> &at) { return Halide::Tuple(func(at)).as_vector(); }

/// What each actuator is told at a time, from -1 to 1: waves by their weights (actuators, waves), and a bias (actuators).
inline Array signal_at(const World &world, const Array &weights, const Array &bias, const Expr &time) {
    using namespace mpm_sizes;
    const Halide::Var a("a");
    const Halide::RDom wave(0, waves, "wave");
    const Expr shift = Halide::Internal::make_const(weights.type(), 2 * M_PI / waves);
    Func wish("wish"), signal("signal");
    wish(a) = bias(a);
    wish(a) += weights(a, wave) * sin(world.clock * time + shift * wave);
    signal(a) = squashed(wish(a));
    return Array(signal, bias.extents());
}

inline Nodes nodes_around(const World &world, const Array &place) {
    const Halide::Var p("p"), k("k");
    Nodes nodes{Func("corner"), Func("offset"), Func("weight")};
    Vector corner, offset, weight;
    for (const Expr &x : vector_at(place, world.dimensions, p)) {
        corner.push_back(clamp(Halide::cast<int>(x * world.cells - 0.5f), 0, world.cells - 3));
        offset.push_back(x * world.cells - corner.back());
    }
    nodes.corner(p) = Halide::Tuple(corner);
    nodes.offset(p) = Halide::Tuple(offset);
    for (const Expr &o : values_at(nodes.offset, {p})) {
        const Expr before = 1.5f - o, beyond = o - 0.5f;
        weight.push_back(mux(k, {before * before / 2, 0.75f - (o - 1) * (o - 1), beyond * beyond / 2}));
    }
    nodes.weight(p, k) = Halide::Tuple(weight);
    return nodes;
}

/// How particles are deformed after the step, F' = (1 + dt C) F. Of a fluid only the volume counts.
inline Func deformed(const World &world, const Particles &now, const Matter &matter) {
    const Halide::Var p("p");
    const int d = world.dimensions;
    const Matrix f = matrix_at(now.deformation, d, p);
    const Matrix moved = f + world.step * (matrix_at(now.affine, d, p) * f);
    Vector spread(d, Halide::cast(f(0, 0).type(), 1));
    spread[0] = spread[1] = sqrt(determinant(moved));
    Func deformed("deformed");
    deformed(p) = Halide::Tuple(select(matter.material(p) == 0, diagonal(spread), moved).elements);
    return deformed;
}

/// Cauchy's stress where the deformation is F, with J = det F. Solids in two dimensions are corotated, 2 mu (F - R) F^T +
/// lambda (J - 1) J; in three they are Neo-Hooke's, mu (F F^T - 1) + lambda log J. Fluids push back by J - 1. An actuator adds
/// F A F^T.
inline Matrix stress(const World &world, const Matrix &f, const Expr &is_fluid, const Expr &push) {
    const int d = world.dimensions;
    const Expr j = determinant(f), zero = Halide::cast(j.type(), 0);
    const Matrix one = diagonal(Vector(d, zero + 1));
    const Matrix shear = d == 2 ? 2 * ((f - rotation_of(f)) * transposed(f)) : f * transposed(f) - one;
    const Matrix solid = world.stiffness * (shear + (d == 2 ? (j - 1) * j : log(j)) * one);
    Vector pressure(d, world.sideways * world.stiffness * (j - 1)), active(d, zero);
    pressure[0] = world.stiffness * (j - 1);
    active[d - 1] = push;
    return select(is_fluid, diagonal(pressure), solid) + f * diagonal(active) * transposed(f);
}

/// A particle and the node k of those around it: the node's weight, and the way there from the particle, in cells.
struct Pair {
    Expr weight;
    Vector way;
};
inline Pair pair_of(const Nodes &nodes, const Expr &p, const std::vector<Expr> &k) {
    Pair pair{nodes.weight(p, k[0])[0], {}};
    for (size_t axis = 0; axis < k.size(); axis++) {
        pair.weight = axis == 0 ? pair.weight : pair.weight * nodes.weight(p, k[axis])[axis];
        pair.way.push_back(k[axis] - nodes.offset(p)[axis]);
    }
    return pair;
}

/// Node k of those around particle p.
inline std::vector<Expr> node_of(const Nodes &nodes, const Expr &p, const std::vector<Expr> &k) {
    std::vector<Expr> node;
    for (size_t axis = 0; axis < k.size(); axis++) {
        node.push_back(nodes.corner(p)[axis] + k[axis]);
    }
    return node;
}

/// 1 / dx, in 1/m.
inline Expr size_of(const World &world, const Particles &now) { return Halide::cast(now.place.type(), world.cells); }

/// The momentum and, last, the mass that particles give to the nodes of the grid: w (m v + (m C - 4 dt / dx^2 stress) r) and
/// w m, where r goes from the particle to the node.
inline Func given(const World &world, const Particles &now, const Matter &matter, const Nodes &nodes,
                  const Func &deformed, const Array &signal) {
    const int d = world.dimensions;
    const Halide::Var p("p");
    const Expr is_fluid = matter.material(p) == 0, actuator = matter.actuator(p);
    const Expr mass = select(is_fluid, mpm_sizes::fluid_mass, 1.f);
    const Expr size = size_of(world, now);
    Func push("push"), momentum("momentum"), pull("pull"), share("share"), grid("grid");
    push(p) = select(actuator < 0, Halide::cast(signal.type(), 0),
                     world.strength * signal(clamp(actuator, 0, signal.extents()[0] - 1)));
    const Matrix force = 4 * world.step * size * stress(world, Matrix(d, values_at(deformed, {p})), is_fluid, push(p));
    Vector movement;
    for (int axis = 0; axis < d; axis++) {
        movement.push_back(mass * now.velocity(p, axis));
    }
    momentum(p) = Halide::Tuple(movement);
    pull(p) = Halide::Tuple((mass / size * matrix_at(now.affine, d, p) - force).elements);

    const std::vector<Halide::Var> k = numbered("k", d);
    const Pair pair = pair_of(nodes, p, {k.begin(), k.end()});
    Vector values = Matrix(d, values_at(pull, {p})) * pair.way;
    for (int axis = 0; axis < d; axis++) {
        values[axis] = pair.weight * (momentum(p)[axis] + values[axis]);
    }
    values.push_back(pair.weight * mass);
    std::vector<Halide::Var> place = k;
    place.insert(place.begin(), p);
    share(place) = Halide::Tuple(values);

    Halide::Region all(d, Halide::Range(0, 3));
    all.emplace_back(0, now.place.extents()[0]);
    const Halide::RDom each(all, "each");
    std::vector<Expr> which;
    for (int axis = 0; axis < d; axis++) {
        which.emplace_back(each[axis]);
    }
    const std::vector<Expr> node = node_of(nodes, each[d], which);
    std::vector<Expr> from = which;
    from.insert(from.begin(), each[d]);
    grid(numbered("i", d)) = Halide::Tuple(Vector(d + 1, Halide::cast(now.place.type(), 0)));
    grid(node) = Halide::Tuple(sum_of(values_at(grid, node), values_at(share, from)));
    return grid;
}

/// The velocity of nodes after gravity and walls: what moves into one loses that, and of the rest as much as friction takes.
inline Func velocity_of(const World &world, const Func &grid) {
    const int d = world.dimensions;
    const std::vector<Halide::Var> node = numbered("i", d);
    const Vector sums = values_at(grid, {node.begin(), node.end()});
    Vector v;
    for (int axis = 0; axis < d; axis++) {
        v.push_back(sums[axis] / (sums[d] + 1e-10f));
    }
    v[1] -= world.step * world.gravity;
    for (int axis = 0; axis < d; axis++) {
        const Expr low = node[axis] < mpm_sizes::wall && v[axis] < 0;
        const Expr high = node[axis] > world.cells - mpm_sizes::wall && v[axis] > 0;
        const Expr into = abs(v[axis]), zero = Halide::cast(v[axis].type(), 0);
        Vector along = v;
        along[axis] = zero;
        Expr square = 1e-20f;
        for (const Expr &e : along) {
            square += e * e;
        }
        const Expr kept = select(world.friction < 0, zero, max(zero, 1 - world.friction * into / sqrt(square)));
        for (int i = 0; i < d; i++) {
            v[i] = select(low || high, kept * along[i], v[i]);
        }
    }
    Func velocity("grid_velocity");
    velocity(node) = Halide::Tuple(v);
    return velocity;
}

/// The particles after the step: v = sum w v_k, C = 4 / dx^2 sum w v_k r^T over the nodes around them, x := x + dt v.
inline Particles moved(const World &world, const Particles &now, const Nodes &nodes, const Func &deformed,
                       const Func &velocity) {
    const int d = world.dimensions;
    const Halide::Var p("p"), i("i"), j("j");
    const std::vector<Halide::Var> k = numbered("k", d);
    Func taken("taken"), received("received");
    std::vector<Halide::Var> place = k;
    place.insert(place.begin(), p);
    taken(place) = Halide::Tuple(values_at(velocity, node_of(nodes, p, {k.begin(), k.end()})));

    const Halide::RDom each(Halide::Region(d, Halide::Range(0, 3)), "each");
    std::vector<Expr> at;
    for (int axis = 0; axis < d; axis++) {
        at.emplace_back(each[axis]);
    }
    const Pair pair = pair_of(nodes, p, at);
    at.insert(at.begin(), p);
    Vector terms;
    for (const Expr &v : values_at(taken, at)) {
        terms.push_back(pair.weight * v);
    }
    for (int column = 0; column < d; column++) {
        for (int axis = 0; axis < d; axis++) {
            terms.push_back(terms[axis] * pair.way[column]);
        }
    }
    received(p) = Halide::Tuple(Vector(terms.size(), Halide::cast(now.place.type(), 0)));
    received(p) = Halide::Tuple(sum_of(values_at(received, {p}), terms));

    Func next_place("place"), next_velocity("velocity"), affine("affine"), deformation("deformation");
    const Vector got = values_at(received, {p});
    next_velocity(p, i) = mux(i, Vector(got.begin(), got.begin() + d));
    next_place(p, i) = now.place(p, i) + world.step * next_velocity(p, i);
    affine(p, i, j) = 4 * size_of(world, now) * element(Matrix(d, {got.begin() + d, got.end()}), i, j);
    deformation(p, i, j) = element(Matrix(d, values_at(deformed, {p})), i, j);
    return {Array(next_place, now.place.extents()), Array(next_velocity, now.velocity.extents()),
            Array(affine, now.affine.extents()), Array(deformation, now.deformation.extents())};
}

/// Where the particles are after `steps` steps from rest at `place` (particles, d), and the loss, minus how far to the right
/// the solid ones are on average. Sizes are given at run time; `type` is that of all floats.
inline Program mpm(int dimensions, Type type) {
    const Halide::Param<int> particles("particles"), actuators("actuators"), cells("cells"), steps("steps");
    const Halide::Param<float> friction("friction");
    const int d = dimensions;
    World world = world_of(d);
    world.cells = cells;
    world.friction = Halide::cast(type, friction);
    const Array start = input(type, "place", {particles, d}),
                weights = input(type, "weights", {actuators, mpm_sizes::waves}),
                bias = input(type, "bias", {actuators});
    const Matter matter{input<int>("material", {particles}), input<int>("actuator", {particles})};
    const Halide::Var p("p"), i("i"), j("j");
    Func rest("velocity"), still("affine"), whole("deformation"), loss("loss"), solids("solids"), reached("reached");
    rest(p, i) = Halide::cast(type, 0);
    still(p, i, j) = Halide::cast(type, 0);
    whole(p, i, j) = Halide::cast(type, select(i == j, 1, 0));

    const auto step = [&](const Expr &t, const Arrays &state) {
        const Particles now{state[0], state[1], state[2], state[3]};
        const Array signal = signal_at(world, weights, bias, Halide::cast(type, t) * world.step);
        const Nodes nodes = nodes_around(world, now.place);
        const Func after = deformed(world, now, matter);
        const Func grid = given(world, now, matter, nodes, after, signal);
        const Particles next = moved(world, now, nodes, after, velocity_of(world, grid));
        return Arrays{next.place, next.velocity, next.affine, next.deformation};
    };
    const Arrays last = loop(
        steps, {start, Array(rest, {particles, d}), Array(still, {particles, d, d}), Array(whole, {particles, d, d})},
        LoopBody(step), {.name = "particles", .memory = Memory::sqrt});
    const Halide::RDom each(0, particles, "each");
    const Expr is_solid = matter.material(each) != 0;
    solids() += select(is_solid, 1, 0);
    reached() += select(is_solid, last[0](each, 0), 0);
    loss() = -reached() / max(solids(), 1);
    return Program(
        "mpm", {start, matter.material, matter.actuator, weights, bias, friction, particles, actuators, cells, steps},
        {{"loss", Array(loss, {})}, {"formed", last[0]}});
}

}  // namespace sylvite::apps

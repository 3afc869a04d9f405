"""The molecules workloads in JAX: a worker that measure.py drives. Arguments: `forces` or `trajectory`, atoms, steps, the file
that programs/molecules_sylvite.cpp writes, and `plain` or `checkpoint`. The lists of neighbours are given, and serve for all steps."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from worker import lines, real, serve

WORKLOAD, ATOMS, STEPS, FILE, CHECKPOINT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5] == "checkpoint"
ROWS = lines(FILE)
SIDE, CUTOFF, _, DT = ROWS[0]
PLACE, VELOCITY, SEEN = np.reshape(ROWS[1:4], (3, 3, ATOMS))
FOUND = ROWS[4].astype(np.int32).reshape(-1, ATOMS)
# Coordinate by coordinate and neighbour by neighbour of an atom: the fastest of several ways to write this for XLA.
COUNT, NEIGHBOURS = FOUND[0], np.ascontiguousarray(FOUND[1:].T)
IS_NEIGHBOUR = np.arange(len(FOUND) - 1) < COUNT[:, None]
POTENTIAL = np.array([1, 1], real)


def energy(place, potential):
    epsilon, sigma = potential
    ways = [x[:, None] - x[NEIGHBOURS] for x in place]
    ways = [way - SIDE * jnp.round(way * (1 / SIDE)) for way in ways]
    squared = ways[0] * ways[0] + ways[1] * ways[1] + ways[2] * ways[2]
    acts = IS_NEIGHBOUR & (squared < CUTOFF * CUTOFF)
    squared = jnp.where(acts, squared, 1)
    near, edge = (sigma * sigma / squared)**3, (sigma * sigma / CUTOFF**2)**3
    pairs = 4 * epsilon * (near * near - near + (6 * edge * edge - 3 * edge) * squared / CUTOFF**2 -
                           (7 * edge * edge - 4 * edge))
    return jnp.sum(jnp.where(acts, pairs, 0)) / 2


def force(place, potential):
    return -jax.grad(energy)(place, potential)


def trajectory(place, velocity, potential):
    def step(state, _):
        x, v, f = state
        v = v + DT / 2 * f
        x = x + DT * v
        f = force(x, potential)
        return (x, v + DT / 2 * f, f), None

    state = (place, velocity, force(place, potential))
    (x, v, _), _ = jax.lax.scan(jax.checkpoint(step) if CHECKPOINT else step, state, None, length=STEPS)
    return jnp.sum(jnp.square(x - SEEN)) / ATOMS, x


def norm(parts):
    return np.sqrt(sum(float(np.sum(np.square(np.asarray(part, np.float64)))) for part in parts))


def main():
    inputs = tuple(jnp.asarray(a) for a in (PLACE, VELOCITY, POTENTIAL))
    if WORKLOAD == "forces":
        value = jax.jit(energy).lower(inputs[0], inputs[2]).compile()
        both = jax.jit(jax.value_and_grad(energy)).lower(inputs[0], inputs[2]).compile()
        serve({"forward": lambda: value(inputs[0], inputs[2]).block_until_ready(),
               "gradient": lambda: norm(jax.block_until_ready(both(inputs[0], inputs[2]))[1:])}, lambda: [])
        return
    forward = jax.jit(lambda *a: energy(trajectory(*a)[1], a[2])).lower(*inputs).compile()
    gradient = jax.jit(jax.value_and_grad(lambda *a: trajectory(*a)[0], (0, 1, 2))).lower(*inputs).compile()
    serve({"forward": lambda: forward(*inputs).block_until_ready(),
           "gradient": lambda: norm(jax.block_until_ready(gradient(*inputs))[1])},
          lambda: [gradient(*inputs)[1][i] for i in (2, 0, 1)])


main()

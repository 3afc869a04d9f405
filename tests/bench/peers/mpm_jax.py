"""The mpm workloads in JAX: a worker that measure.py drives. Arguments: steps, `plain` or `checkpoint`, and the file with the
scene, of solids, and the controls that programs/mpm_sylvite.cpp writes."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from worker import lines, real, serve

STEPS, CHECKPOINT, ROWS = int(sys.argv[1]), sys.argv[2] == "checkpoint", lines(sys.argv[3])
E, OMEGA, STRENGTH, WAVES, WALL = 10, 20, 4, 4, 3
DT, GRAVITY, LEAST_MASS = np.float32(1e-3), np.float32(3.8), np.float32(1e-10)
N, PLACE, ACTUATOR = int(ROWS[0][0]), ROWS[1].reshape(2, -1).T, ROWS[3].astype(np.int32)
ACTUATORS = ROWS[4].size // (WAVES + 1)
CONTROLS = (ROWS[4][:-ACTUATORS].reshape(WAVES, ACTUATORS), ROWS[4][-ACTUATORS:])
NODES = np.stack(np.meshgrid(np.arange(3), np.arange(3), indexing="ij"), -1).reshape(9, 2)
INDEX = np.arange(N)
LOW, HIGH = INDEX < WALL, INDEX > N - WALL


def walls(v):
    """What moves into a wall is held."""
    for low, high, axis in ((LOW[:, None], HIGH[:, None], 0), (LOW, HIGH, 1)):
        into = (low & (v[..., axis] < 0)) | (high & (v[..., axis] > 0))
        v = jnp.where(into[..., None], 0, v)
    return v


def step(controls, state, t):
    x, v, c, f = state
    weights, bias = controls
    waves = jnp.sin(OMEGA * (t * DT) + 2 * np.pi / WAVES * jnp.arange(WAVES, dtype=real))
    push = jnp.where(ACTUATOR < 0, 0, STRENGTH * jnp.tanh(waves @ weights + bias)[ACTUATOR])

    base = (x * N - 0.5).astype(jnp.int32)
    fx = x * N - base
    w = jnp.stack([0.5 * (1.5 - fx) ** 2, 0.75 - (fx - 1) ** 2, 0.5 * (fx - 0.5) ** 2])  # (3, p, 2)
    weight = w[NODES[:, 0], :, 0] * w[NODES[:, 1], :, 1]  # (9, p)
    node = base + NODES[:, None]  # (9, p, 2)
    way = (NODES[:, None] - fx) / N

    f = f + DT * c @ f
    j = f[:, 0, 0] * f[:, 1, 1] - f[:, 0, 1] * f[:, 1, 0]
    cos, sin = f[:, 0, 0] + f[:, 1, 1], f[:, 1, 0] - f[:, 0, 1]
    scale = 1 / jnp.sqrt(cos * cos + sin * sin)
    r = jnp.stack([jnp.stack([cos * scale, -sin * scale], -1), jnp.stack([sin * scale, cos * scale], -1)], -2)
    ft = jnp.swapaxes(f, 1, 2)
    stress = 2 * E * (f - r) @ ft + (E * (j - 1) * j)[:, None, None] * np.eye(2, dtype=real)
    stress = stress + push[:, None, None] * f[:, :, 1:] * ft[:, 1:, :]
    affine = c - DT * 4 * N * N * stress

    momentum = weight[..., None] * (v + jnp.einsum("pij,kpj->kpi", affine, way))
    given = jnp.concatenate([momentum, weight[..., None]], -1)
    grid = jnp.zeros((N, N, 3), real).at[node[..., 0], node[..., 1]].add(given)
    gv = grid[..., :2] / (grid[..., 2:] + LEAST_MASS)
    gv = walls(gv - np.array([0, DT * GRAVITY], np.float32))

    taken = weight[..., None] * gv[node[..., 0], node[..., 1]]
    v = taken.sum(0)
    c = 4 * N * N * jnp.einsum("kpi,kpj->pij", taken, way)
    return (x + DT * v, v, c, f), None


def loss(controls):
    def one(state, t):
        return step(controls, state, t)

    p = len(PLACE)
    start = (PLACE, np.zeros((p, 2), real), np.zeros((p, 2, 2), real),
             np.broadcast_to(np.eye(2, dtype=real), (p, 2, 2)))
    ts = jnp.arange(STEPS, dtype=real)
    (x, _, _, _), _ = jax.lax.scan(jax.checkpoint(one) if CHECKPOINT else one, start, ts)
    return -jnp.mean(x[:, 0])


def main():
    controls = tuple(jnp.asarray(part) for part in CONTROLS)
    forward = jax.jit(loss).lower(controls).compile()
    gradient = jax.jit(jax.value_and_grad(loss)).lower(controls).compile()

    def norm():
        _, parts = jax.block_until_ready(gradient(controls))
        return np.sqrt(sum(float(np.sum(np.square(np.asarray(part, np.float64)))) for part in parts))

    serve({"forward": lambda: -forward(controls).block_until_ready(), "gradient": norm}, lambda: gradient(controls)[1])


main()

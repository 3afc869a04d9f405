"""The mpm workload in JAX: a worker that measure.py drives. Arguments: cells, steps, `plain` or `checkpoint`, and the file
with the scene and the controls that programs/mpm_sylvite.cpp writes."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from worker import serve

N, STEPS, CHECKPOINT = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "checkpoint"
DT, GRAVITY, E, OMEGA, STRENGTH, WAVES, WALL = 1e-3, 3.8, 10, 20, 4, 4, 3
with open(sys.argv[4], encoding="ascii") as file:
    ROWS = [np.array(line.split(), np.float32) for line in file]
PLACE = ROWS[0].reshape(2, -1).T
ACTUATOR = ROWS[1].astype(np.int32)
ACTUATORS = ROWS[2].size // (WAVES + 1)
CONTROLS = (ROWS[2][:-ACTUATORS].reshape(WAVES, ACTUATORS), ROWS[2][-ACTUATORS:])
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
    waves = jnp.sin(OMEGA * (t * DT) + 2 * np.pi / WAVES * jnp.arange(WAVES, dtype=jnp.float32))
    push = STRENGTH * jnp.tanh(waves @ weights + bias)[ACTUATOR]

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
    stress = 2 * E * (f - r) @ ft + (E * (j - 1) * j)[:, None, None] * np.eye(2, dtype=np.float32)
    stress = stress + push[:, None, None] * f[:, :, 1:] * ft[:, 1:, :]
    affine = c - DT * 4 * N * N * stress

    momentum = weight[..., None] * (v + jnp.einsum("pij,kpj->kpi", affine, way))
    given = jnp.concatenate([momentum, weight[..., None]], -1)
    grid = jnp.zeros((N, N, 3), jnp.float32).at[node[..., 0], node[..., 1]].add(given)
    gv = grid[..., :2] / (grid[..., 2:] + 1e-10)
    gv = walls(gv - np.array([0, DT * GRAVITY], np.float32))

    taken = weight[..., None] * gv[node[..., 0], node[..., 1]]
    v = taken.sum(0)
    c = 4 * N * N * jnp.einsum("kpi,kpj->pij", taken, way)
    return (x + DT * v, v, c, f), None


def loss(controls):
    def one(state, t):
        return step(controls, state, t)

    p = len(PLACE)
    start = (PLACE, np.zeros((p, 2), np.float32), np.zeros((p, 2, 2), np.float32),
             np.broadcast_to(np.eye(2, dtype=np.float32), (p, 2, 2)))
    ts = jnp.arange(STEPS, dtype=jnp.float32)
    (x, _, _, _), _ = jax.lax.scan(jax.checkpoint(one) if CHECKPOINT else one, start, ts)
    return -jnp.mean(x[:, 0])


def main():
    controls = tuple(jnp.asarray(part) for part in CONTROLS)
    forward = jax.jit(loss).lower(controls).compile()
    gradient = jax.jit(jax.value_and_grad(loss)).lower(controls).compile()

    def norm():
        _, parts = jax.block_until_ready(gradient(controls))
        return np.sqrt(sum(float(np.sum(np.square(np.asarray(part, np.float64)))) for part in parts))

    serve({"forward": lambda: -forward(controls).block_until_ready(), "gradient": norm}, lambda: [])


main()

"""The springs workload in JAX: a worker that measure.py drives. Arguments: steps, `plain` or `checkpoint`, and the file
with the robot and its weights that programs/springs_sylvite.cpp writes."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from worker import serve

STEPS, CHECKPOINT = int(sys.argv[1]), sys.argv[2] == "checkpoint"
DT, GRAVITY, DAMPING, GROUND, HIDDEN, SIGNALS = 0.004, -4.8, 15, 0.1, 32, 10
with open(sys.argv[3], encoding="ascii") as file:
    ROWS = [np.array(line.split(), np.float32) for line in file]
PLACE = ROWS[0].reshape(2, -1)
A, B = ROWS[1].astype(np.int32).reshape(2, -1)
LENGTH, STIFFNESS, REACH = ROWS[2:5]
WEIGHTS = (ROWS[5].reshape(SIGNALS, HIDDEN), ROWS[6].reshape(2, -1, HIDDEN), ROWS[7].reshape(2, -1, HIDDEN),
           ROWS[8].reshape(2, HIDDEN), ROWS[9], ROWS[10].reshape(HIDDEN, -1), ROWS[11])
GOAL = np.array([0.9, 0.2], np.float32)


def step(weights, state, t):
    clock, posture, motion, way, hidden_bias, muscle, muscle_bias = weights
    x, v = state
    centre = jnp.mean(x, 1)
    sines = jnp.sin(10 * (t * DT) + 2 * np.pi / SIGNALS * jnp.arange(SIGNALS, dtype=jnp.float32))
    inner = (hidden_bias + sines @ clock + (GOAL - centre) @ way +
             0.05 * (jnp.tensordot(x - centre[:, None], posture, 2) + jnp.tensordot(v, motion, 2)))
    told = jnp.tanh(jnp.tanh(inner) @ muscle + muscle_bias)
    along = x[:, A] - x[:, B]
    length = jnp.sqrt(jnp.sum(along * along, 0)) + 1e-4
    impulse = DT * (length - LENGTH * (1 + REACH * told)) * STIFFNESS / length * along
    free = np.exp(-DT * DAMPING) * v + np.array([[0], [DT * GRAVITY]], np.float32)
    free = free.at[:, A].add(-impulse).at[:, B].add(impulse)
    lands = (x[1] + DT * free[1] < GROUND) & (free[1] < -1e-4)
    time = jnp.where(lands, -(x[1] - GROUND) / jnp.where(lands, free[1], 1), DT)
    return (x + time * free, jnp.where(lands, 0, free)), None


def loss(weights):
    def one(state, t):
        return step(weights, state, t)

    ts = jnp.arange(STEPS, dtype=jnp.float32)
    (x, _), _ = jax.lax.scan(jax.checkpoint(one) if CHECKPOINT else one, (PLACE, jnp.zeros_like(PLACE)), ts)
    return -x[0, 0]


def main():
    weights = tuple(jnp.asarray(part) for part in WEIGHTS)
    forward = jax.jit(loss).lower(weights).compile()
    gradient = jax.jit(jax.value_and_grad(loss)).lower(weights).compile()

    def norm():
        _, parts = jax.block_until_ready(gradient(weights))
        return np.sqrt(sum(float(np.sum(np.square(np.asarray(part, np.float64)))) for part in parts))

    serve({"forward": lambda: -forward(weights).block_until_ready(), "gradient": norm}, lambda: [])


main()

"""The springs workloads in JAX: a worker that measure.py drives. Arguments: `robot` or `net`, steps, `plain` or
`checkpoint`, and the file with what there is that programs/springs_sylvite.cpp writes."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from worker import lines, real, serve

WORKLOAD, STEPS, CHECKPOINT, ROWS = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "checkpoint", lines(sys.argv[4])
HIDDEN, SIGNALS = 32, 10
DT, GRAVITY, GROUND, ATTENTION, FALLING, SHORTEST = np.array([0.004, -4.8, 0.1, 0.05, -1e-4, 1e-4], np.float32)
KEPT = np.float32(np.exp(np.float64(-DT * 15)))  # of velocities
PLACE = ROWS[0].reshape(2, -1)
A, B = ROWS[1].astype(np.int32).reshape(2, -1)
LENGTH, STIFFNESS, REACH = ROWS[2:5]
GOAL = np.array([0.9, 0.2], np.float32)


def told(weights, x, v, t):
    clock, posture, motion, way, hidden_bias, muscle, muscle_bias = weights
    centre = jnp.mean(x, 1)
    sines = jnp.sin(10 * (t * DT) + 2 * np.pi / SIGNALS * jnp.arange(SIGNALS, dtype=real))
    inner = (hidden_bias + sines @ clock + (GOAL - centre) @ way +
             ATTENTION * (jnp.tensordot(x - centre[:, None], posture, 2) + jnp.tensordot(v, motion, 2)))
    return jnp.tanh(jnp.tanh(inner) @ muscle + muscle_bias)


def moved(x, v, wanted, stiffness):
    """A step of springs whose lengths at rest are `wanted`."""
    along = x[:, A] - x[:, B]
    length = jnp.sqrt(jnp.sum(along * along, 0)) + SHORTEST
    impulse = DT * (length - wanted) * stiffness / length * along
    free = KEPT * v + np.array([[0], [DT * GRAVITY]], np.float32)
    free = free.at[:, A].add(-impulse).at[:, B].add(impulse)
    lands = (x[1] + DT * free[1] < GROUND) & (free[1] < FALLING)
    time = jnp.where(lands, -(x[1] - GROUND) / jnp.where(lands, free[1], 1), DT)
    return x + time * free, jnp.where(lands, 0, free)


def last_place(step):
    ts = jnp.arange(STEPS, dtype=real)
    (x, _), _ = jax.lax.scan(jax.checkpoint(step) if CHECKPOINT else step, (PLACE, jnp.zeros_like(PLACE)), ts)
    return x


def robot_loss(weights):
    def step(state, t):
        x, v = state
        return moved(x, v, LENGTH * (1 + REACH * told(weights, x, v, t)), STIFFNESS), None

    return -last_place(step)[0, 0]


def net_loss(springs):
    def step(state, t):
        return moved(*state, *springs), None

    return jnp.mean(jnp.sum((last_place(step) - ROWS[5].reshape(2, -1)) ** 2, 0))


def robot_weights():
    n, m = PLACE.shape[1], LENGTH.size
    shapes = (SIGNALS, HIDDEN), (2, n, HIDDEN), (2, n, HIDDEN), (2, HIDDEN), (HIDDEN,), (HIDDEN, m), (m,)
    return tuple(row.reshape(shape) for row, shape in zip(ROWS[5:], shapes))


def main():
    loss, wrt = (robot_loss, robot_weights()) if WORKLOAD == "robot" else (net_loss, (LENGTH, STIFFNESS))
    wrt = tuple(jnp.asarray(part) for part in wrt)
    forward = jax.jit(loss).lower(wrt).compile()
    gradient = jax.jit(jax.value_and_grad(loss)).lower(wrt).compile()

    def norm():
        _, parts = jax.block_until_ready(gradient(wrt))
        return np.sqrt(sum(float(np.sum(np.square(np.asarray(part, np.float64)))) for part in parts))

    serve({"forward": lambda: forward(wrt).block_until_ready(), "gradient": norm}, lambda: gradient(wrt)[1])


main()

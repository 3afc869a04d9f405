"""The workloads of programs/ode_workloads.cpp in JAX: a worker that measure.py drives. Arguments: the workload; how it is
differentiated: forward, reverse, or checkpoint, reverse with a checkpoint a step."""

import sys

import jax
import jax.numpy as jnp

from loops_jax import van_der_pol
from worker import noise, real, serve

NEWTON = 4


def euler(theta, starts, keep):
    return van_der_pol(theta, starts[:, 0], starts[:, 1], keep)


def kvaerno():
    g = 0.43
    for _ in range(6):
        g -= (((g - 3) * g + 1.5) * g - 1 / 6) / ((3 * g - 6) * g + 1.5)
    return [[g, g], [(-4 * g * g + 6 * g - 1) / (4 * g), (1 - 2 * g) / (4 * g), g],
            [(6 * g - 1) / (12 * g), -1 / ((24 * g - 12) * g), (-6 * g * g + 6 * g - 1) / (6 * g - 3), g]]


def adaptive(theta, starts, _):
    until, tolerance = real(5), real(1e-4)

    def slope(y):
        x, v = y
        return jnp.array([v, theta[0] * (1 - x * x) * v - theta[1] * x])

    def stage(share, w, h, d):
        def residual(d):
            return d - h * slope(w + share * d)

        for _ in range(NEWTON):
            r = residual(d)
            (a, b), (c, e) = jax.jacfwd(residual)(d)
            change = -jnp.array([e * r[0] - b * r[1], a * r[1] - c * r[0]]) / (a * e - b * c)
            d = d + change
        return d, share * jnp.abs(change)

    def part_of_allowed(values, y):
        return jax.lax.stop_gradient(jnp.sqrt(jnp.mean((values / (tolerance * (1 + jnp.abs(y)))) ** 2)))

    def step(state):
        t, h, y = state
        is_last = t + h >= until
        h = jnp.where(is_last, until - t, h)
        slopes, changes, ends = [h * slope(y)], 0, []
        for row in kvaerno():
            w = y + sum(real(a) * d for a, d in zip(row, slopes))
            d, change = stage(real(row[-1]), w, h, slopes[-1])
            slopes.append(d)
            changes += change
            ends.append(w + real(row[-1]) * d)
        error = part_of_allowed(ends[-1] - ends[-2], y)
        is_solved = (part_of_allowed(changes, y) < 0.1) & (error < 1e6)
        is_good = is_solved & (error <= 1)
        factor = jnp.where(is_solved, jnp.clip(0.9 * jnp.maximum(error, 1e-6) ** (-1 / 3), 0.2, 5), 0.2)
        t = jnp.where(is_good, jnp.where(is_last, until, t + h), t)
        return t, jax.lax.stop_gradient(h * factor), jnp.where(is_good, ends[-1], y)

    def one(start):
        steepness = jnp.sqrt(jnp.mean((slope(start) / (1 + jnp.abs(start))) ** 2))
        first = jax.lax.stop_gradient(jnp.minimum(until, tolerance ** (1 / 3) / jnp.maximum(steepness, 1 / until)))
        return jax.lax.while_loop(lambda s: (s[0] < until) & (s[0] + s[1] > s[0]), step,
                                  (jnp.zeros((), real), first, start))[2][0]

    return jnp.mean(jax.vmap(one)(starts) ** 2)


WORKLOADS = {"euler": euler, "adaptive": adaptive}


def main():
    workload, mode = WORKLOADS[sys.argv[1]], sys.argv[2]
    starts, theta = jnp.asarray(noise((1024, 2), -2, 2, 0)), jnp.asarray(noise((2,), 0.5, 1.5, 1))

    def function(theta, starts):
        return workload(theta, starts, jax.checkpoint if mode == "checkpoint" else lambda step: step)

    def forward_mode(theta, starts):
        return function(theta, starts), jax.jacfwd(function)(theta, starts)

    derivative = forward_mode if mode == "forward" else jax.value_and_grad(function)
    forward = jax.jit(function).lower(theta, starts).compile()
    gradient = jax.jit(derivative).lower(theta, starts).compile()
    serve({
        "forward": lambda: jax.block_until_ready(forward(theta, starts)),
        "gradient": lambda: jax.block_until_ready(gradient(theta, starts))[0],
    }, lambda: gradient(theta, starts))


main()

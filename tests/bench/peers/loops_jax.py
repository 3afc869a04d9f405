"""The workloads of programs/loops_workloads.cpp in JAX: a worker that measure.py drives. Argument: the workload."""

import sys

import jax
import jax.numpy as jnp

from worker import noise, real, serve


def oscillators(p, start):
    h = jnp.float32(1e-3)

    def step(state, _):
        u, v = state
        u = u + h * v
        return (u, v - h * p * u), None

    (u, _), _ = jax.lax.scan(step, (start, start), None, length=1_000_000)
    return jnp.sum(u)


def wave(c, start, seen):
    n = start.shape[0]
    row, column = jnp.zeros((1, n), jnp.float32), jnp.zeros((n, 1), jnp.float32)

    def step(state, _):
        now, before = state
        around = (jnp.concatenate([now[1:], row]) + jnp.concatenate([row, now[:-1]]) +
                  jnp.concatenate([now[:, 1:], column], 1) + jnp.concatenate([column, now[:, :-1]], 1) - 4 * now)
        return (2 * now - before + c * around, now), None

    (last, _), _ = jax.lax.scan(step, (start, start), None, length=256)
    return jnp.mean((last - seen) ** 2)


def van_der_pol(theta, place, speed, keep=lambda step: step):
    """`keep` may wrap a step, as jax.checkpoint does."""
    dt = real(0.01)

    def one(place, speed):
        def residual(z, z0):
            x, v = z
            rate = jnp.array([v, theta[0] * (1 - x * x) * v - theta[1] * x])
            return z - z0 - dt * rate

        def step(z0, _):
            z = z0
            for _ in range(4):
                r = residual(z, z0)
                (a, b), (c, d) = jax.jacfwd(residual)(z, z0)
                z = z - jnp.array([d * r[0] - b * r[1], a * r[1] - c * r[0]]) / (a * d - b * c)
            return z, None

        return jax.lax.scan(keep(step), jnp.array([place, speed]), None, length=500)[0][0]

    return jnp.mean(jax.vmap(one)(place, speed) ** 2)


# Workload: the function, its inputs as (shape, low, high) in the order of Sylvite's program, the number of the one that
# it is differentiated by, which is its first argument, and how.
WORKLOADS = {
    "oscillators": (oscillators, [((8,), 0.5, 1), ((8,), 0.5, 1)], 1, jax.value_and_grad),
    "wave": (wave, [((256, 256), -1, 1), ((256, 256), 0.1, 0.2), ((256, 256), -1, 1)], 1, jax.value_and_grad),
    "van_der_pol": (van_der_pol, [((1024,), -2, 2), ((1024,), -2, 2), ((2,), 0.5, 1.5)], 2,
                    lambda f: lambda wrt, *others: (f(wrt, *others), jax.jacfwd(f)(wrt, *others))),
}


def main():
    function, shapes, wrt, derivative = WORKLOADS[sys.argv[1]]
    inputs = [jnp.asarray(noise(shape, low, high, seed)) for seed, (shape, low, high) in enumerate(shapes)]
    inputs.insert(0, inputs.pop(wrt))
    forward = jax.jit(function).lower(*inputs).compile()
    gradient = jax.jit(derivative(function)).lower(*inputs).compile()
    serve({
        "forward": lambda: jax.block_until_ready(forward(*inputs)),
        "gradient": lambda: jax.block_until_ready(gradient(*inputs))[0],
    }, lambda: gradient(*inputs))


if __name__ == "__main__":
    main()

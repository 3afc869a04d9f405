"""The wave workload in JAX: a worker that measure.py drives, with the answers of programs/worker.h."""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

N, STEPS = int(sys.argv[1]), int(sys.argv[2])
K = 0.2


# Of eight forms that were tried (shifts by jnp.pad, concatenation or convolution, jax.checkpoint, unrolled scans) this
# one has the quickest gradient.
def step(state, _):
    now, before = state
    row, column = jnp.zeros((1, N), jnp.float32), jnp.zeros((N, 1), jnp.float32)
    around = (jnp.concatenate([now[1:], row]) + jnp.concatenate([row, now[:-1]]) +
              jnp.concatenate([now[:, 1:], column], 1) + jnp.concatenate([column, now[:, :-1]], 1) - 4 * now)
    return (2 * now - before + K * around, now), None


def loss(surface, photograph):
    (last, _), _ = jax.lax.scan(step, (surface, surface), None, length=STEPS)
    return jnp.mean((last - photograph) ** 2)


def memory_mb(name):
    with open("/proc/self/status", encoding="ascii") as status:
        return next(float(line.split()[1]) for line in status if line.startswith(name + ":")) / 1024


def main():
    y, x = np.mgrid[0:N, 0:N].astype(np.float32)
    surface = jnp.asarray(np.sin(0.11 * x) * np.cos(0.07 * y), jnp.float32)
    photograph = jnp.asarray(np.cos(0.05 * x + 0.09 * y), jnp.float32)
    forward = jax.jit(loss).lower(surface, photograph).compile()
    gradient = jax.jit(jax.value_and_grad(loss)).lower(surface, photograph).compile()
    functions = {
        "forward": lambda: forward(surface, photograph).block_until_ready(),
        "gradient": lambda: jax.block_until_ready(gradient(surface, photograph))[1],
    }
    with open("/proc/self/clear_refs", "w", encoding="ascii") as peak:
        peak.write("5")
    base = memory_mb("VmRSS")
    for line in sys.stdin:
        name, times = line.split()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(int(times)):
            result = functions[name]()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        answer = {
            "cpu_ms": 1e3 * cpu / int(times),
            "wall_ms": 1e3 * wall / int(times),
            "result": float(jnp.linalg.norm(result)),
            "peak_mb": memory_mb("VmHWM") - base,
        }
        print(json.dumps(answer), flush=True)


main()

"""The smoke workload in JAX: a worker that measure.py drives, with the answers of programs/worker.h."""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

N, STEPS, JACOBI, CHECKPOINT = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "checkpoint"
Y, X = np.mgrid[0:N, 0:N].astype(np.float32)


def carried(flow):
    """Fields (channels, y, x), of which the first two are the velocity along x and y."""
    from_x, from_y = X - flow[0], Y - flow[1]
    left, top = jnp.floor(from_x), jnp.floor(from_y)
    right_share, bottom_share = from_x - left, from_y - top
    left, top = left.astype(jnp.int32) % N, top.astype(jnp.int32) % N
    right, bottom = (left + 1) % N, (top + 1) % N
    return ((1 - bottom_share) * ((1 - right_share) * flow[:, top, left] + right_share * flow[:, top, right]) +
            bottom_share * ((1 - right_share) * flow[:, bottom, left] + right_share * flow[:, bottom, right]))


def slopes(p):
    return (jnp.roll(p, -1, 1) - jnp.roll(p, 1, 1)) / 2, (jnp.roll(p, -1, 0) - jnp.roll(p, 1, 0)) / 2


def projected(flow):
    divergence = slopes(flow[0])[0] + slopes(flow[1])[1]
    p = -divergence / 4
    for _ in range(JACOBI - 1):
        p = (jnp.roll(p, 1, 0) + jnp.roll(p, -1, 0) + jnp.roll(p, 1, 1) + jnp.roll(p, -1, 1) - divergence) / 4
    slope_x, slope_y = slopes(p)
    return jnp.concatenate([jnp.stack([flow[0] - slope_x, flow[1] - slope_y]), flow[2:]])


def step(flow, _):
    return projected(carried(flow)), None


def loss(velocity, smoke, picture):
    start = jnp.concatenate([projected(carried(velocity)), smoke[None]])
    last, _ = jax.lax.scan(jax.checkpoint(step) if CHECKPOINT else step, start, None, length=STEPS)
    return jnp.mean((last[2] - picture) ** 2)


def memory_mb(name):
    with open("/proc/self/status", encoding="ascii") as status:
        return next(float(line.split()[1]) for line in status if line.startswith(name + ":")) / 1024


def main():
    turn = 2 * np.pi / N
    velocity = jnp.asarray([0.9 * np.sin(turn * Y) + 0.4 * np.cos(2 * turn * X),
                            0.8 * np.sin(turn * X) - 0.3 * np.cos(turn * (X + Y))], jnp.float32)
    smoke = jnp.asarray((11 * Y.astype(np.int32) // N) % 4 == 1, jnp.float32)
    picture = jnp.asarray(0.5 + 0.5 * np.sin(3 * turn * X) * np.sin(2 * turn * Y), jnp.float32)
    forward = jax.jit(loss).lower(velocity, smoke, picture).compile()
    gradient = jax.jit(jax.value_and_grad(loss)).lower(velocity, smoke, picture).compile()
    functions = {
        "forward": lambda: forward(velocity, smoke, picture).block_until_ready(),
        "gradient": lambda: jax.block_until_ready(gradient(velocity, smoke, picture))[1],
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

"""The smoke workload in JAX: a worker that measure.py drives. Arguments: cells along an edge, steps, Jacobi steps, `plain` or
`checkpoint`, and the file with what there is that programs/smoke_sylvite.cpp writes."""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from worker import lines, real, serve

N, STEPS, JACOBI, CHECKPOINT = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "checkpoint"
ROWS = lines(sys.argv[5])
Y, X = np.mgrid[0:N, 0:N].astype(real)


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


def main():
    fields = tuple(jnp.asarray(row.reshape(shape)) for row, shape in zip(ROWS, ((2, N, N), (N, N), (N, N))))
    forward = jax.jit(loss).lower(*fields).compile()
    gradient = jax.jit(jax.value_and_grad(loss)).lower(*fields).compile()
    serve({
        "forward": lambda: forward(*fields).block_until_ready(),
        "gradient": lambda: np.linalg.norm(jax.block_until_ready(gradient(*fields))[1]),
    }, lambda: [gradient(*fields)[1]])


main()

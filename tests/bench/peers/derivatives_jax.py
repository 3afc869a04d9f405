"""The workloads of programs/derivatives_workloads.cpp in JAX: a worker that measure.py drives.

Arguments: the workload. Of the forms that were tried, those here have the quickest gradients: see the comments.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from worker import noise, serve


def matmul(left, right):
    return left @ right


def conv2d(image, weights):
    return jax.lax.conv_general_dilated(image, weights, (1, 1), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW"))


def blur(image):
    rows = (image[:, :-2] + image[:, 1:-1] + image[:, 2:]) / 3
    return (rows[:-2] + rows[1:-1] + rows[2:]) / 3


def unsharp(image):
    red, green, blue = image
    grey = jnp.pad(0.299 * red + 0.587 * green + 0.114 * blue, 3, mode="edge")
    size = image.shape[1]

    def weighted(at):
        weights = (0.38, 0.24, 0.06, 0.01)
        return weights[0] * at(0) + sum(weights[i] * (at(i) + at(-i)) for i in range(1, 4))

    columns = weighted(lambda i: grey[3 + i:3 + i + size])
    smooth = weighted(lambda i: columns[:, 3 + i:3 + i + size])
    grey = grey[3:-3, 3:-3]
    return (2 * grey - smooth) / grey * image


def bilateral_slice(grid, guide):
    cell, deep = 32, grid.shape[3] - 1
    y, x = np.mgrid[0:guide.shape[0], 0:guide.shape[1]]
    depth = guide * deep
    below = jnp.clip(jnp.floor(depth).astype(jnp.int32), 0, deep - 1)
    fz, fx, fy = depth - below, (x % cell / cell).astype(np.float32), (y % cell / cell).astype(np.float32)
    total = 0
    for i in range(8):
        dz, dx, dy = i & 1, i >> 1 & 1, i >> 2
        weight = (fz if dz else 1 - fz) * (fx if dx else 1 - fx) * (fy if dy else 1 - fy)
        total += weight * grid[:, y // cell + dy, x // cell + dx, below + dz]
    return total


def softmax(rows):
    return jax.nn.softmax(rows, axis=1)


def iir(image):
    keep = np.float32(0.8)

    def step(before, now):
        after = (1 - keep) * now + keep * before
        return after, after

    columns = image.T
    _, there = jax.lax.scan(step, columns[0], columns[1:])
    there = jnp.concatenate([columns[:1], there])
    _, back = jax.lax.scan(step, there[-1], there[:-1], reverse=True)
    return jnp.concatenate([back, there[-1:]]).T


def mlp(image, label, weights1, bias1, weights2, bias2, weights3, bias3):
    hidden = jax.nn.relu(image @ weights1 + bias1)
    hidden = jax.nn.relu(hidden @ weights2 + bias2)
    scores = jax.nn.log_softmax(hidden @ weights3 + bias3)
    return -jnp.mean(jnp.take_along_axis(scores, label[:, None], 1))


# function, its inputs as (shape, low, high), and by which of them the derivative is taken
WORKLOADS = {
    "matmul": (matmul, [((512, 512), -1, 1)] * 2, (0, 1)),
    "conv2d": (conv2d, [((4, 64, 58, 58), -1, 1), ((64, 64, 3, 3), -1, 1)], (0, 1)),
    "blur": (blur, [((2050, 2050), 0, 1)], (0,)),
    "unsharp": (unsharp, [((3, 1024, 1024), 0.25, 1)], (0,)),
    "bilateral_slice": (bilateral_slice, [((4, 33, 33, 9), -1, 1), ((1024, 1024), 0, 1)], (0, 1)),
    "softmax": (softmax, [((2048, 1024), -4, 4)], (0,)),
    "iir": (iir, [((1024, 1024), -1, 1)], (0,)),
    "mlp": (mlp, [((256, 784), 0, 1), ((256,), 0, 16), ((784, 512), -0.06, 0.06), ((512,), -0.1, 0.1),
                  ((512, 512), -0.08, 0.08), ((512,), -0.1, 0.1), ((512, 16), -0.08, 0.08), ((16,), -0.1, 0.1)],
            (2, 3, 4, 5, 6, 7)),
}


def main():
    function, shapes, wrt = WORKLOADS[sys.argv[1]]
    inputs = [noise(shape, low, high, seed, np.int32 if sys.argv[1] == "mlp" and seed == 1 else np.float32)
              for seed, (shape, low, high) in enumerate(shapes)]
    out = jax.eval_shape(function, *inputs)
    inputs = [jnp.asarray(array) for array in inputs]
    adjoint = jnp.asarray(noise(out.shape, -1, 1, len(inputs)))

    def with_gradient(adjoint, *inputs):
        def of_some(*some):
            arguments = list(inputs)
            for place, value in zip(wrt, some):
                arguments[place] = value
            return function(*arguments)
        value, transposed = jax.vjp(of_some, *(inputs[i] for i in wrt))
        return value, *transposed(adjoint)

    forward = jax.jit(function).lower(*inputs).compile()
    gradient = jax.jit(with_gradient).lower(adjoint, *inputs).compile()
    serve({
        "forward": lambda: jax.block_until_ready(forward(*inputs)),
        "gradient": lambda: jax.block_until_ready(gradient(adjoint, *inputs))[0],
    }, lambda: gradient(adjoint, *inputs))


main()

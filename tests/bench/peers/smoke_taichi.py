"""The smoke workload in Taichi, a kernel for each part of a step, as DiffTaichi has it: a worker that measure.py drives.
Arguments: cells along an edge, steps, Jacobi steps, and the file with what there is that programs/smoke_sylvite.cpp writes."""

import sys

import numpy as np

from taichi_cpu import differentiated, ti
from worker import lines, serve

N, STEPS, JACOBI = (int(size) for size in sys.argv[1:4])

# Step 0 carries the velocity along with itself, before there is smoke.
flow, carried = (ti.Vector.field(2, ti.f32, (STEPS + 2, N, N), needs_grad=True) for _ in range(2))
smoke, divergence = (ti.field(ti.f32, (STEPS + 2, N, N), needs_grad=True) for _ in range(2))
pressure = ti.field(ti.f32, (STEPS + 1, JACOBI, N, N), needs_grad=True)
picture = ti.field(ti.f32, (N, N))
loss = ti.field(ti.f32, (), needs_grad=True)


@ti.func
def mixed(field, t, y, x, v):
    from_x, from_y = x - v[0], y - v[1]
    left, top = ti.floor(from_x), ti.floor(from_y)
    right_share, bottom_share = from_x - left, from_y - top
    x0, y0 = ti.cast(left, ti.i32) % N, ti.cast(top, ti.i32) % N
    x1, y1 = (x0 + 1) % N, (y0 + 1) % N
    return ((1 - bottom_share) * ((1 - right_share) * field[t, y0, x0] + right_share * field[t, y0, x1]) +
            bottom_share * ((1 - right_share) * field[t, y1, x0] + right_share * field[t, y1, x1]))


@ti.kernel
def carry_flow(t: ti.i32):
    for y, x in ti.ndrange(N, N):
        carried[t, y, x] = mixed(flow, t, y, x, flow[t, y, x])


@ti.kernel
def carry_smoke(t: ti.i32):
    for y, x in ti.ndrange(N, N):
        smoke[t + 1, y, x] = mixed(smoke, t, y, x, flow[t, y, x])


@ti.kernel
def diverge(t: ti.i32):
    for y, x in ti.ndrange(N, N):
        divergence[t, y, x] = 0.5 * (carried[t, y, (x + 1) % N][0] - carried[t, y, (x + N - 1) % N][0] +
                                     carried[t, (y + 1) % N, x][1] - carried[t, (y + N - 1) % N, x][1])


@ti.kernel
def first_pressure(t: ti.i32):
    for y, x in ti.ndrange(N, N):
        pressure[t, 0, y, x] = -divergence[t, y, x] / 4


@ti.kernel
def next_pressure(t: ti.i32, k: ti.i32):
    for y, x in ti.ndrange(N, N):
        pressure[t, k + 1, y, x] = (pressure[t, k, y, (x + 1) % N] + pressure[t, k, y, (x + N - 1) % N] +
                                    pressure[t, k, (y + 1) % N, x] + pressure[t, k, (y + N - 1) % N, x] -
                                    divergence[t, y, x]) / 4


@ti.kernel
def project(t: ti.i32):
    for y, x in ti.ndrange(N, N):
        slope = ti.Vector([
            pressure[t, JACOBI - 1, y, (x + 1) % N] - pressure[t, JACOBI - 1, y, (x + N - 1) % N],
            pressure[t, JACOBI - 1, (y + 1) % N, x] - pressure[t, JACOBI - 1, (y + N - 1) % N, x]])
        flow[t + 1, y, x] = carried[t, y, x] - 0.5 * slope


@ti.kernel
def compare():
    for y, x in ti.ndrange(N, N):
        loss[None] += (smoke[STEPS + 1, y, x] - picture[y, x]) ** 2 / (N * N)


def run():
    for t in range(STEPS + 1):
        carry_flow(t)
        if t > 0:
            carry_smoke(t)
        diverge(t)
        first_pressure(t)
        for k in range(JACOBI - 1):
            next_pressure(t, k)
        project(t)
    compare()


def main():
    rows = lines(sys.argv[4])
    velocity = np.zeros((STEPS + 2, N, N, 2), np.float32)
    velocity[0] = np.moveaxis(rows[0].reshape(2, N, N), 0, -1)
    flow.from_numpy(velocity)
    puffs = np.zeros((STEPS + 2, N, N), np.float32)
    puffs[1] = rows[1].reshape(N, N)
    smoke.from_numpy(puffs)
    picture.from_numpy(rows[2].reshape(N, N))
    forward, gradient = differentiated(loss, run)

    def norm():
        gradient()
        return first_slope()

    @ti.kernel
    def squares() -> ti.f32:
        sum = 0.0
        for y, x in ti.ndrange(N, N):
            sum += flow.grad[0, y, x].norm_sqr()
        return sum

    def first_slope():
        return np.sqrt(squares())

    serve({"forward": forward, "gradient": norm}, lambda: [flow.grad.to_numpy()[0]])


main()

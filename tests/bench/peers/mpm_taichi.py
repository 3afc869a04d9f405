"""The mpm workload in Taichi, a kernel for each part of a step, as DiffTaichi has it, but for the grids, which are kept:
a worker that measure.py drives. Arguments: steps, and the file with the scene and the controls that programs/mpm_sylvite.cpp
writes."""

import math
import sys

import numpy as np

from taichi_cpu import differentiated, ti
from worker import lines, serve

STEPS, ROWS = int(sys.argv[1]), lines(sys.argv[2])
DT, GRAVITY, E, OMEGA, STRENGTH, WAVES, WALL = 1e-3, 3.8, 10, 20, 4, 4, 3
N, P, ACTUATORS = int(ROWS[0][0]), ROWS[2].size, ROWS[4].size // (WAVES + 1)

x, v = (ti.Vector.field(2, ti.f32, (STEPS + 1, P), needs_grad=True) for _ in range(2))
affine, shape = (ti.Matrix.field(2, 2, ti.f32, (STEPS + 1, P), needs_grad=True) for _ in range(2))
given, moving = (ti.Vector.field(2, ti.f32, (STEPS, N, N), needs_grad=True) for _ in range(2))
mass = ti.field(ti.f32, (STEPS, N, N), needs_grad=True)
actuator = ti.field(ti.i32, P)
weights = ti.field(ti.f32, (WAVES, ACTUATORS), needs_grad=True)
bias = ti.field(ti.f32, ACTUATORS, needs_grad=True)
push = ti.field(ti.f32, (STEPS, ACTUATORS), needs_grad=True)
loss = ti.field(ti.f32, (), needs_grad=True)


@ti.func
def spline(fx):
    a, b, c = 1.5 - fx, fx - 1, fx - 0.5  # a power of a vector has a loop, which Taichi does not differentiate
    return 0.5 * a * a, 0.75 - b * b, 0.5 * c * c


@ti.kernel
def tell(t: ti.i32):
    for a in range(ACTUATORS):
        sum = bias[a]
        for k in ti.static(range(WAVES)):
            sum += weights[k, a] * ti.sin(OMEGA * DT * t + 2 * math.pi / WAVES * k)
        push[t, a] = STRENGTH * ti.tanh(sum)


@ti.kernel
def give(t: ti.i32):
    for p in range(P):
        base = ti.cast(x[t, p] * N - 0.5, ti.i32)
        fx = x[t, p] * N - ti.cast(base, ti.f32)
        w = spline(fx)
        f = shape[t, p] + DT * affine[t, p] @ shape[t, p]
        shape[t + 1, p] = f
        j = f[0, 0] * f[1, 1] - f[0, 1] * f[1, 0]
        cos, sin = f[0, 0] + f[1, 1], f[1, 0] - f[0, 1]
        scale = 1 / ti.sqrt(cos * cos + sin * sin)
        r = ti.Matrix([[cos * scale, -sin * scale], [sin * scale, cos * scale]])
        stress = 2 * E * (f - r) @ f.transpose() + E * (j - 1) * j * ti.Matrix([[1.0, 0.0], [0.0, 1.0]])
        up = ti.Vector([f[0, 1], f[1, 1]])
        stress += push[t, actuator[p]] * up.outer_product(up)
        moves = affine[t, p] - DT * 4 * N * N * stress
        for i, k in ti.static(ti.ndrange(3, 3)):
            node = base + ti.Vector([i, k])
            weight = w[i][0] * w[k][1]
            way = (ti.Vector([float(i), float(k)]) - fx) / N
            given[t, node[0], node[1]] += weight * (v[t, p] + moves @ way)
            mass[t, node[0], node[1]] += weight


@ti.kernel
def move_grid(t: ti.i32):
    for i, k in ti.ndrange(N, N):
        u = given[t, i, k] / (mass[t, i, k] + 1e-10)
        u[1] -= DT * GRAVITY
        if (i < WALL and u[0] < 0) or (i > N - WALL and u[0] > 0):
            u *= 0
        if (k < WALL and u[1] < 0) or (k > N - WALL and u[1] > 0):
            u *= 0
        moving[t, i, k] = u


@ti.kernel
def take(t: ti.i32):
    for p in range(P):
        base = ti.cast(x[t, p] * N - 0.5, ti.i32)
        fx = x[t, p] * N - ti.cast(base, ti.f32)
        w = spline(fx)
        u = ti.Vector([0.0, 0.0])
        c = ti.Matrix([[0.0, 0.0], [0.0, 0.0]])
        for i, k in ti.static(ti.ndrange(3, 3)):
            node = base + ti.Vector([i, k])
            taken = w[i][0] * w[k][1] * moving[t, node[0], node[1]]
            u += taken
            c += 4 * N * taken.outer_product(ti.Vector([float(i), float(k)]) - fx)
        v[t + 1, p] = u
        x[t + 1, p] = x[t, p] + DT * u
        affine[t + 1, p] = c


@ti.kernel
def far():
    for p in range(P):
        loss[None] += -x[STEPS, p][0] / P


def run():
    for t in range(STEPS):
        tell(t)
        give(t)
        move_grid(t)
        take(t)
    far()


@ti.kernel
def begin():
    for p in range(P):
        shape[0, p] = ti.Matrix([[1.0, 0.0], [0.0, 1.0]])


def main():
    begin()
    place = ROWS[1].reshape(2, P)
    for p in range(P):
        x[0, p] = place[:, p]
    actuator.from_numpy(ROWS[3].astype(np.int32))
    weights.from_numpy(ROWS[4][:-ACTUATORS].reshape(WAVES, ACTUATORS))
    bias.from_numpy(ROWS[4][-ACTUATORS:])
    forward, gradient = differentiated(loss, run, (given, mass))

    def outputs():
        return [part.grad.to_numpy() for part in (weights, bias)]

    def norm():
        gradient()
        return np.sqrt(sum(float(np.sum(np.square(part, dtype=np.float64))) for part in outputs()))

    serve({"forward": lambda: -forward(), "gradient": norm}, outputs)


main()

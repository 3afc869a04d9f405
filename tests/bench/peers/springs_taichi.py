"""The springs workloads in Taichi, a kernel for each part of a step, as DiffTaichi has them: a worker that measure.py drives.
Arguments: `robot` or `net`, steps, and the file with what there is that programs/springs_sylvite.cpp writes."""

import math
import sys

import numpy as np

from taichi_cpu import differentiated, ti
from worker import serve

ROBOT, STEPS = sys.argv[1] == "robot", int(sys.argv[2])
DT, GRAVITY, GROUND, HIDDEN, SIGNALS = 0.004, -4.8, 0.1, 32, 10
DECAY = math.exp(-DT * 15)
GOAL = ti.Vector([0.9, 0.2])
with open(sys.argv[3], encoding="ascii") as file:
    ROWS = [np.array(line.split(), np.float32) for line in file]
N, M = ROWS[0].size // 2, ROWS[2].size

x, v, pulled = (ti.Vector.field(2, ti.f32, (STEPS + 1, N), needs_grad=True) for _ in range(3))
ends = ti.Vector.field(2, ti.i32, M)
length, stiffness = (ti.field(ti.f32, M, needs_grad=not ROBOT) for _ in range(2))
reach = ti.field(ti.f32, M)
wanted = ti.Vector.field(2, ti.f32, N)
loss = ti.field(ti.f32, (), needs_grad=True)
centre = ti.Vector.field(2, ti.f32, STEPS, needs_grad=True)
sensed, told = ti.field(ti.f32, (STEPS, HIDDEN), needs_grad=True), ti.field(ti.f32, (STEPS, M), needs_grad=True)
SHAPES = (SIGNALS, HIDDEN), (2, N, HIDDEN), (2, N, HIDDEN), (2, HIDDEN), (HIDDEN,), (HIDDEN, M), (M,)
WEIGHTS = [ti.field(ti.f32, shape, needs_grad=True) for shape in SHAPES]
clock, posture, motion, way, hidden_bias, muscle, muscle_bias = WEIGHTS


@ti.kernel
def find_centre(t: ti.i32):
    for i in range(N):
        centre[t] += x[t, i] / N


@ti.kernel
def sense(t: ti.i32):
    for h in range(HIDDEN):
        sum = hidden_bias[h]
        for k in ti.static(range(SIGNALS)):
            sum += clock[k, h] * ti.sin(10 * DT * t + 2 * math.pi / SIGNALS * k)
        for i in ti.static(range(N)):
            for c in ti.static(range(2)):
                sum += 0.05 * (posture[c, i, h] * (x[t, i][c] - centre[t][c]) + motion[c, i, h] * v[t, i][c])
        for c in ti.static(range(2)):
            sum += way[c, h] * (GOAL[c] - centre[t][c])
        sensed[t, h] = ti.tanh(sum)


@ti.kernel
def tell(t: ti.i32):
    for s in range(M):
        sum = muscle_bias[s]
        for h in ti.static(range(HIDDEN)):
            sum += muscle[h, s] * sensed[t, h]
        told[t, s] = ti.tanh(sum)


@ti.kernel
def pull(t: ti.i32):
    for s in range(M):
        a, b = ends[s][0], ends[s][1]
        along = x[t, a] - x[t, b]
        now = along.norm() + 1e-4
        at_rest = length[s] * (1 + reach[s] * told[t, s])
        impulse = DT * (now - at_rest) * stiffness[s] / now * along
        pulled[t, a] += -impulse
        pulled[t, b] += impulse


@ti.kernel
def move(t: ti.i32):
    for i in range(N):
        free = DECAY * v[t, i] + DT * GRAVITY * ti.Vector([0.0, 1.0]) + pulled[t, i]
        time, stays = DT, 1.0
        if x[t, i][1] + DT * free[1] < GROUND and free[1] < -1e-4:
            time = -(x[t, i][1] - GROUND) / free[1]
            stays = 0.0
        x[t + 1, i] = x[t, i] + time * free
        v[t + 1, i] = stays * free


@ti.kernel
def head():
    loss[None] += -x[STEPS, 0][0]


@ti.kernel
def off():
    for i in range(N):
        loss[None] += (x[STEPS, i] - wanted[i]).norm_sqr() / N


def run():
    for t in range(STEPS):
        if ROBOT:
            find_centre(t)
            sense(t)
            tell(t)
        pull(t)
        move(t)
    if ROBOT:
        head()
    else:
        off()


def main():
    start = np.zeros((STEPS + 1, N, 2), np.float32)
    start[0] = ROWS[0].reshape(2, N).T
    x.from_numpy(start)
    ends.from_numpy(ROWS[1].astype(np.int32).reshape(2, M).T.copy())
    for field, row in zip((length, stiffness, reach), ROWS[2:5]):
        field.from_numpy(row)
    if ROBOT:
        for field, row, shape in zip(WEIGHTS, ROWS[5:], SHAPES):
            field.from_numpy(row.reshape(shape))
    else:
        wanted.from_numpy(ROWS[5].reshape(2, N).T.copy())
    forward, gradient = differentiated(loss, run, (centre, pulled))

    def outputs():
        gradient()
        return [part.grad.to_numpy() for part in (WEIGHTS if ROBOT else (length, stiffness))]

    def norm():
        return np.sqrt(sum(float(np.sum(np.square(part, dtype=np.float64))) for part in outputs()))

    serve({"forward": forward, "gradient": norm}, outputs)


main()

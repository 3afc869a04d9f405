"""The oscillators of programs/loops_workloads.cpp in Taichi: a worker that measure.py drives.

Each oscillator runs through all steps on its own. With the loop over the steps outside, the forward sweep takes a third
of the time, but Taichi 1.7.4 then runs the reverse one in the wrong order and gives a wrong gradient without a word. A
kernel a step, as its documentation has it, takes 24 us a step.
"""

import os

import numpy as np

from worker import noise, serve

os.environ["TAICHI_THREADS"] = "1"  # of which more do not pay
from taichi_cpu import differentiated, ti

STEPS, COUNT, H = 1_000_000, 8, 1e-3

u = ti.field(ti.f32, (STEPS + 1, COUNT), needs_grad=True)
v = ti.field(ti.f32, (STEPS + 1, COUNT), needs_grad=True)
p = ti.field(ti.f32, COUNT, needs_grad=True)
loss = ti.field(ti.f32, (), needs_grad=True)


@ti.kernel
def march():
    ti.loop_config(serialize=True)
    for i in range(COUNT):
        for t in range(STEPS):
            place = u[t, i] + H * v[t, i]
            u[t + 1, i] = place
            v[t + 1, i] = v[t, i] - H * p[i] * place


@ti.kernel
def total():
    for i in range(COUNT):
        loss[None] += u[STEPS, i]


def run():
    march()
    total()


forward, gradient = differentiated(loss, run)


def outputs():
    gradient()
    return np.float32(loss[None]), p.grad.to_numpy()


def main():
    for i, value in enumerate(noise((COUNT,), 0.5, 1, 0)):
        u[0, i] = v[0, i] = value
    p.from_numpy(noise((COUNT,), 0.5, 1, 1))
    serve({"forward": forward, "gradient": gradient}, outputs)


main()

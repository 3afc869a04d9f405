"""Taichi on the CPU, for the workers that use it: `from taichi_cpu import ti`. TAICHI_THREADS in the environment says how
many threads it has; 2 else."""

import os

answers = os.dup(1)
os.dup2(2, 1)  # Taichi greets on standard output
import taichi as ti

ti.init(arch=ti.cpu, cpu_max_num_threads=int(os.environ.get("TAICHI_THREADS", "2")), log_level=ti.ERROR,
        offline_cache=False, random_seed=0)
os.dup2(answers, 1)


def differentiated(loss, run, sums=()):
    """The functions of a worker: `forward` is `run`, which adds to the field `loss` and to `sums`, fields that are 0 before;
    `gradient` runs it with its derivative. Both return the loss."""

    def clear():
        for field in (loss, *sums):
            field.fill(0)

    def forward():
        clear()
        run()
        return loss[None]

    def gradient():
        clear()
        with ti.ad.Tape(loss):
            run()
        return loss[None]

    return forward, gradient

#!/usr/bin/env python3
"""A soft block with four actuators on the ground and its gradient by what they are told: Sylvite beside JAX and Taichi."""

import os
import tempfile

from measure import THREADS, Worker, agree, arguments, better_jax, fail, measure, peers_of, show

BAR, BAR_MB = 1 / 6, 0.5

COLUMNS = {
    "system": ("system", "{}"),
    "sizes": ("sizes", "{}"),
    "forward_cpu_ms": ("forward CPU ms a step", "{:.3f}"),
    "gradient_cpu_ms": ("with gradient CPU ms a step", "{:.3f}"),
    "wall_ms": ("wall ms a step", "{:.3f}"),
    "peak_mb": ("peak MB a step", "{:.3f}"),
    "loss": ("loss", "{:.6f}"),
}


def workers_of(build, steps, scene_file):
    """And rows of the table for those that cannot run."""
    program = os.path.join(build, "bin", "bench_mpm_sylvite")
    ours = Worker("sylvite", [program, "block", str(steps), scene_file])
    ours.ask("forward", 1)  # the file is there
    jax, no_jax = peers_of("jax", "mpm_jax.py", {"jax": (steps, "plain", scene_file),
                                                 "jax, checkpoints": (steps, "checkpoint", scene_file)})
    taichi, no_taichi = peers_of("taichi", "mpm_taichi.py", {"taichi": (steps, scene_file)})
    return [ours, *jax, *taichi], no_jax + no_taichi


def main():
    parser = arguments(__doc__)
    parser.add_argument("--steps", type=int, default=512, help="of time")
    parser.set_defaults(rounds=3)
    options = parser.parse_args()
    steps = options.steps
    try:
        with tempfile.TemporaryDirectory() as folder:
            workers, absent = workers_of(options.build, steps, os.path.join(folder, "scene"))
            results = measure(workers, options.rounds, times=1)
        agree(results, "forward", 1e-4)
        agree(results, "gradient", 1e-3)
    except RuntimeError as error:
        fail(error)
    rows = [{
        "workload": "mpm",
        "system": system,
        "sizes": f"particles=8100 cells=64x64 steps={steps} threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"] / steps,
        "gradient_cpu_ms": kinds["gradient"]["cpu_ms"] / steps,
        "wall_ms": kinds["gradient"]["wall_ms"] / steps,
        "peak_mb": kinds["gradient"]["peak_mb"] / steps,
        "loss": -kinds["forward"]["result"],
    } for system, kinds in results.items()]
    ours = rows[0]
    note = f"sylvite needs {ours['peak_mb']:.3f} MB a step; the bar is {BAR_MB}"
    jax = better_jax(rows)
    if jax:
        note += (f". It takes {ours['gradient_cpu_ms'] / jax:.3f} of the time of the better JAX with gradient; the "
                 f"bar is {BAR:.3f}")
    rows += [{"workload": "mpm", **row} for row in absent]
    show(rows, options.json, COLUMNS, note)


if __name__ == "__main__":
    main()

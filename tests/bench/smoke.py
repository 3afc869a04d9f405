#!/usr/bin/env python3
"""d loss / d velocity of the smoke workload: Sylvite beside JAX, with and without checkpoints, and Taichi."""

import os
import tempfile

from measure import THREADS, Worker, agree, arguments, better_jax, fail, measure, peers_of, show

N, STEPS, JACOBI = 110, 100, 6  # the libraries of the smoke app are compiled for 110 cells and 6 Jacobi steps
BAR, BAR_MB = 1 / 3, 40

COLUMNS = {
    "system": ("system", "{}"),
    "sizes": ("sizes", "{}"),
    "forward_cpu_ms": ("forward CPU ms", "{:.1f}"),
    "gradient_cpu_ms": ("with gradient CPU ms", "{:.1f}"),
    "wall_ms": ("wall ms", "{:.1f}"),
    "peak_mb": ("peak MB", "{:.1f}"),
    "loss": ("loss", "{:.6f}"),
}


def workers_of(build, file):
    """And rows of the table for those that cannot run."""
    sizes = [str(N), str(STEPS)]
    ours = Worker("sylvite", [os.path.join(build, "bin", "bench_smoke_sylvite"), *sizes, file])
    ours.ask("forward", 1)  # the file is there
    jax, no_jax = peers_of("jax", "smoke_jax.py", {"jax": (*sizes, JACOBI, "plain", file),
                                                   "jax, checkpoints": (*sizes, JACOBI, "checkpoint", file)})
    taichi, no_taichi = peers_of("taichi", "smoke_taichi.py", {"taichi": (*sizes, JACOBI, file)})
    return [ours, *jax, *taichi], no_jax + no_taichi


def main():
    options = arguments(__doc__).parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            workers, absent = workers_of(options.build, os.path.join(folder, "fields"))
            results = measure(workers, options.rounds, times=1)
        agree(results, "forward", 1e-4)
        agree(results, "gradient", 1e-4)
    except RuntimeError as error:
        fail(error)
    rows = [{
        "workload": "smoke",
        "system": system,
        "sizes": f"n={N} steps={STEPS} jacobi={JACOBI} threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"],
        "gradient_cpu_ms": kinds["gradient"]["cpu_ms"],
        "wall_ms": kinds["gradient"]["wall_ms"],
        "peak_mb": kinds["gradient"]["peak_mb"],
        "loss": kinds["forward"]["result"],
    } for system, kinds in results.items()]
    ours = rows[0]
    jax = better_jax(rows)
    note = f"sylvite needs {ours['peak_mb']:.1f} MB; the bar is {BAR_MB}"
    if jax:
        note += (f". It takes {ours['gradient_cpu_ms'] / jax:.2f} of the time of the better JAX with gradient; the "
                 f"bar is {BAR:.2f}")
    rows += [{"workload": "smoke", **row} for row in absent]
    show(rows, options.json, COLUMNS, note)


if __name__ == "__main__":
    main()

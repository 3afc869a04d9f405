#!/usr/bin/env python3
"""Lennard-Jones atoms, energy and forces by lists of neighbours, and the gradient of 50 steps: Sylvite beside JAX."""

import os
import sys
import tempfile

from measure import HERE, THREADS, Worker, agree, arguments, fail, measure, peer_folder, show

STEPS, BAR = 50, 1 / 3
# Workload, atoms, and how JAX differentiates it.
WORKLOADS = (("forces", 1000, ("plain",)), ("forces", 4096, ("plain",)), ("trajectory", 1000, ("plain", "checkpoint")))

COLUMNS = {
    "workload": ("workload", "{}"),
    "system": ("system", "{}"),
    "sizes": ("sizes", "{}"),
    "forward_cpu_ms": ("energy CPU ms", "{:.2f}"),
    "gradient_cpu_ms": ("with gradient CPU ms", "{:.2f}"),
    "wall_ms": ("wall ms", "{:.2f}"),
    "peak_mb": ("peak MB", "{:.1f}"),
    "energy": ("energy", "{:.3f}"),
}


def workers_of(build, workload, atoms, kinds, file):
    sizes = [workload, str(atoms), str(STEPS), file]
    ours = Worker("sylvite", [os.path.join(build, "bin", "bench_molecules_sylvite"), *sizes])
    ours.ask("forward", 1)  # the file is there
    workers = [ours]
    try:
        flags = {"PYTHONPATH": peer_folder("jax"), "JAX_PLATFORMS": "cpu"}
        peer = os.path.join(HERE, "peers", "molecules_jax.py")
        workers += [Worker(f"jax, {kind}", [sys.executable, peer, *sizes, kind], flags) for kind in kinds]
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
    return workers


def rows_of(workload, atoms, kinds, options):
    with tempfile.TemporaryDirectory() as folder:
        results = measure(workers_of(options.build, workload, atoms, kinds, os.path.join(folder, "atoms")),
                          options.rounds)
    agree(results, "forward", 1e-5)
    agree(results, "gradient", 1e-4)
    return [{
        "workload": workload,
        "system": system,
        "sizes": f"atoms={atoms}" + (f" steps={STEPS}" if workload == "trajectory" else "") + f" threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"],
        "gradient_cpu_ms": kinds["gradient"]["cpu_ms"],
        "wall_ms": kinds["gradient"]["wall_ms"],
        "peak_mb": kinds["gradient"]["peak_mb"],
        "energy": kinds["forward"]["result"],
    } for system, kinds in results.items()]


def main():
    options = arguments(__doc__).parse_args()
    rows, notes = [], []
    try:
        for workload, atoms, kinds in WORKLOADS:
            some = rows_of(workload, atoms, kinds, options)
            rows += some
            jax = [row["gradient_cpu_ms"] for row in some if row["system"].startswith("jax")]
            if jax:
                notes.append(f"{workload}, {atoms} atoms: {some[0]['gradient_cpu_ms'] / min(jax):.2f} of the better JAX; "
                             f"the bar is {BAR:.2f}")
    except RuntimeError as error:
        fail(error)
    show(rows, options.json, COLUMNS, "\n".join(notes))


if __name__ == "__main__":
    main()

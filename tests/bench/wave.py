#!/usr/bin/env python3
"""d loss / d initial surface of the wave workload: Sylvite beside JAX and C++ written by hand."""

import os
import sys

from measure import HERE, THREADS, Worker, agree, arguments, fail, measure, peer_folder, show

N = STEPS = 256  # the libraries of the wave app are compiled for n = 256

COLUMNS = {
    "system": ("system", "{}"),
    "sizes": ("sizes", "{}"),
    "forward_cpu_ms": ("forward CPU ms", "{:.1f}"),
    "gradient_cpu_ms": ("with gradient CPU ms", "{:.1f}"),
    "wall_ms": ("wall ms", "{:.1f}"),
    "peak_mb": ("peak MB", "{:.1f}"),
    "loss": ("loss", "{:.6f}"),
}


def workers_of(build):
    sizes = [str(N), str(STEPS)]
    workers = [Worker(system, [os.path.join(build, "bin", program), *sizes])
               for system, program in (("sylvite", "bench_wave_sylvite"), ("by hand, C++", "bench_wave_by_hand"))]
    try:
        flags = {"PYTHONPATH": peer_folder("jax"), "JAX_PLATFORMS": "cpu"}
        workers.append(Worker("jax", [sys.executable, os.path.join(HERE, "peers", "wave_jax.py"), *sizes], flags))
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
    return workers


def main():
    options = arguments(__doc__).parse_args()
    try:
        results = measure(workers_of(options.build), options.rounds)
        agree(results, "forward", 1e-3)
        agree(results, "gradient", 1e-3)
    except RuntimeError as error:
        fail(error)
    rows = [{
        "workload": "wave",
        "system": system,
        "sizes": f"n={N} steps={STEPS} threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"],
        "gradient_cpu_ms": kinds["gradient"]["cpu_ms"],
        "wall_ms": kinds["gradient"]["wall_ms"],
        "peak_mb": kinds["gradient"]["peak_mb"],
        "loss": kinds["forward"]["result"],
    } for system, kinds in results.items()]
    note = ""
    if "jax" in results:
        times = {row["system"]: row["gradient_cpu_ms"] for row in rows}
        note = f"sylvite takes {times['sylvite'] / times['jax']:.2f} of JAX's time with gradient; the bar is 0.50"
    show(rows, options.json, COLUMNS, note)


if __name__ == "__main__":
    main()

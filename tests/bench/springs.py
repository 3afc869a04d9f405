#!/usr/bin/env python3
"""A walk of the springs robot d and its gradient by the weights of the controller: Sylvite beside JAX."""

import os
import sys
import tempfile

from measure import THREADS, Worker, agree, arguments, fail, measure, peer_folder, show

HERE = os.path.dirname(os.path.abspath(__file__))
ROBOT, STEPS = "d", 681
BAR_MS = 3

COLUMNS = {
    "system": ("system", "{}"),
    "sizes": ("sizes", "{}"),
    "forward_cpu_ms": ("forward CPU ms", "{:.2f}"),
    "gradient_cpu_ms": ("with gradient CPU ms", "{:.2f}"),
    "wall_ms": ("wall ms", "{:.2f}"),
    "peak_mb": ("peak MB", "{:.1f}"),
    "loss": ("loss", "{:.6f}"),
}


def workers_of(build, robot_file):
    ours = Worker("sylvite", [os.path.join(build, "bin", "bench_springs_sylvite"), ROBOT, str(STEPS), robot_file])
    ours.ask("forward", 1)  # the file is there
    workers = [ours]
    try:
        flags = {"PYTHONPATH": peer_folder("jax"), "JAX_PLATFORMS": "cpu"}
        peer = os.path.join(HERE, "peers", "springs_jax.py")
        workers += [Worker(name, [sys.executable, peer, str(STEPS), kind, robot_file], flags)
                    for name, kind in (("jax", "plain"), ("jax, checkpoints", "checkpoint"))]
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
    return workers


def main():
    options = arguments(__doc__).parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            results = measure(workers_of(options.build, os.path.join(folder, "robot")), options.rounds)
        agree(results, "forward", 1e-4)
        agree(results, "gradient", 1e-3)
    except RuntimeError as error:
        fail(error)
    rows = [{
        "workload": "springs",
        "system": system,
        "sizes": f"robot={ROBOT} steps={STEPS} threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"],
        "gradient_cpu_ms": kinds["gradient"]["cpu_ms"],
        "wall_ms": kinds["gradient"]["wall_ms"],
        "peak_mb": kinds["gradient"]["peak_mb"],
        "loss": -kinds["forward"]["result"],
    } for system, kinds in results.items()]
    ours = rows[0]["gradient_cpu_ms"]
    note = f"sylvite takes {ours:.2f} ms with gradient; the bar is {BAR_MS}"
    jax = [row["gradient_cpu_ms"] for row in rows if row["system"].startswith("jax")]
    if jax:
        note += f". That is {ours / min(jax):.2f} of the better JAX"
    show(rows, options.json, COLUMNS, note)


if __name__ == "__main__":
    main()

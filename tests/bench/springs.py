#!/usr/bin/env python3
"""A walk of the springs robot d with its gradient by the weights of the controller, and a net of 289 masses that falls with
its gradient by lengths and stiffnesses: Sylvite beside JAX and Taichi."""

import os
import tempfile

from measure import THREADS, Worker, agree, arguments, better_jax, fail, largest_difference, measure, peers_of, show

# Workload: what is simulated, for how many steps, how far an element of a peer's gradient may be off from ours, of the root mean
# square of its array, and their norms from one another; and the bars: of milliseconds with gradient, and of the better JAX's. The
# walk makes much of how f32 is rounded, by contact in 681 steps: in f64 agree.py finds our elements within 1e-11 of JAX's.
WORKLOADS = {
    "robot": {"what": "d", "steps": 681, "tolerance": 5e-3, "bars": {"gradient_cpu_ms": 3}},
    "net": {"what": "16", "steps": 2000, "tolerance": 1e-4, "bars": {"gradient_of_jax": 1 / 1.5}},
}

COLUMNS = {
    "workload": ("workload", "{}"),
    "system": ("system", "{}"),
    "sizes": ("sizes", "{}"),
    "forward_cpu_ms": ("forward CPU ms", "{:.2f}"),
    "gradient_cpu_ms": ("with gradient CPU ms", "{:.2f}"),
    "gradient_of_jax": ("of JAX's", "{:.2f}"),
    "wall_ms": ("wall ms", "{:.2f}"),
    "peak_mb": ("peak MB", "{:.1f}"),
    "loss": ("loss", "{:.6f}"),
    "difference": ("difference", "{:.0e}"),
}


def rows_of(workload, options):
    facts = WORKLOADS[workload]
    steps, tolerance = facts["steps"], facts["tolerance"]
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "file")
        program = os.path.join(options.build, "bin", "bench_springs_sylvite")
        ours = Worker("sylvite", [program, workload, facts["what"], str(steps), file])
        ours.ask("forward", 1)  # the file is there
        peers, absent = peers_of("jax", "springs_jax.py", {"jax": (workload, steps, "plain", file),
                                                           "jax, checkpoints": (workload, steps, "checkpoint", file)})
        taichi, no_taichi = peers_of("taichi", "springs_taichi.py", {"taichi": (workload, steps, file)})
        peers += taichi
        differences = {peer.system: largest_difference(ours, peer) for peer in peers}
        results = measure([ours, *peers], options.rounds)
    agree(results, "forward", 1e-4)
    agree(results, "gradient", tolerance)  # norms
    for system, difference in differences.items():
        if not difference < tolerance:
            raise RuntimeError(f"{workload}: an element of the gradient differs from that of {system} by "
                               f"{difference:.1e} of the root mean square; {tolerance} is allowed")
    rows = [{
        "workload": workload,
        "system": system,
        "sizes": f"{workload}={facts['what']} steps={steps} threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"],
        "gradient_cpu_ms": kinds["gradient"]["cpu_ms"],
        "wall_ms": kinds["gradient"]["wall_ms"],
        "peak_mb": kinds["gradient"]["peak_mb"],
        "loss": kinds["forward"]["result"],
        "difference": differences.get(system),
    } for system, kinds in results.items()]
    if better_jax(rows):
        rows[0]["gradient_of_jax"] = rows[0]["gradient_cpu_ms"] / better_jax(rows)
    return rows + [{"workload": workload, **row} for row in absent + no_taichi]


def missed_bars(row):
    bars = WORKLOADS[row["workload"]]["bars"] if row["system"] == "sylvite" else {}
    return [f"{row['workload']}: {key} is {row[key]:.2f}, the bar {bar:.2f}"
            for key, bar in bars.items() if row.get(key) is not None and row[key] > bar]


def main():
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), help="these workloads")
    options = parser.parse_args()
    rows = []
    try:
        for workload in options.only:
            rows += rows_of(workload, options)
    except RuntimeError as error:
        fail(error)
    missed = [text for row in rows for text in missed_bars(row)]
    show(rows, options.json, COLUMNS, "all bars are met" if not missed else "bars missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()

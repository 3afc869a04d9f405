#!/usr/bin/env python3
"""1,024 of van der Pol's oscillators, by their two parameters: Sylvite's adjoint beside JAX's forward and reverse mode."""

import os
import sys

from measure import HERE, THREADS, Worker, arguments, fail, largest_difference, measure, peer_folder, show

# Workload: how JAX differentiates it, and how far an element may be off, of the root mean square. JAX has no reverse mode
# for loops that arrays end. Where steps are adaptive, rounding decides now and then how long one is.
WORKLOADS = {
    "euler": {"modes": ("forward", "reverse", "checkpoint"), "sizes": "steps=500 newton=4", "tolerance": 1e-4},
    "adaptive": {"modes": ("forward",), "sizes": "tolerance=1e-4 newton=4", "tolerance": 1e-3},
}

COLUMNS = {
    "workload": ("workload", "{}"),
    "system": ("system", "{}"),
    "forward_cpu_ms": ("forward CPU ms", "{:.2f}"),
    "gradient_cpu_ms": ("with derivative CPU ms", "{:.2f}"),
    "ratio": ("ratio", "{:.2f}"),
    "wall_ms": ("wall ms", "{:.2f}"),
    "peak_mb": ("peak MB", "{:.1f}"),
    "loss": ("loss", "{:.6f}"),
    "difference": ("difference", "{:.0e}"),
}


def workers_of(workload, build):
    workers = [Worker("sylvite, reverse", [os.path.join(build, "bin", "bench_ode_sylvite"), workload,
                                           os.path.join(HERE, "schedules")])]
    try:
        flags = {"PYTHONPATH": peer_folder("jax"), "JAX_PLATFORMS": "cpu"}
        peer = os.path.join(HERE, "peers", "ode_jax.py")
        workers += [Worker(f"jax, {mode}", [sys.executable, peer, workload, mode], flags)
                    for mode in WORKLOADS[workload]["modes"]]
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
    return workers


def rows_of(workload, options):
    facts = WORKLOADS[workload]
    workers = workers_of(workload, options.build)
    differences = {peer.system: largest_difference(workers[0], peer) for peer in workers[1:]}
    for system, difference in differences.items():
        if not difference < facts["tolerance"]:
            raise RuntimeError(f"{workload}: an element differs from that of {system} by {difference:.1e}")
    return [{
        "workload": workload, "system": system, "sizes": f"systems=1024 {facts['sizes']} threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"], "gradient_cpu_ms": kinds["gradient"]["cpu_ms"],
        "ratio": kinds["gradient"]["cpu_ms"] / kinds["forward"]["cpu_ms"], "wall_ms": kinds["gradient"]["wall_ms"],
        "peak_mb": kinds["gradient"]["peak_mb"], "loss": kinds["forward"]["result"],
        "difference": differences.get(system),
    } for system, kinds in measure(workers, options.rounds, times=1).items()]


def main():
    parser = arguments(__doc__)
    parser.set_defaults(rounds=7)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), help="these workloads")
    options = parser.parse_args()
    rows, notes = [], []
    try:
        sys.path.append(peer_folder("jax"))  # for its numpy
        for workload in options.only:
            rows += rows_of(workload, options)
            times = {row["system"]: row["gradient_cpu_ms"] for row in rows if row["workload"] == workload}
            if "jax, forward" in times:
                share = times["sylvite, reverse"] / times["jax, forward"]
                notes.append(f"{workload}: sylvite's reverse takes {share:.3f} of the time of JAX's forward mode; the bar "
                             "is 1")
    except RuntimeError as error:
        fail(error)
    show(rows, options.json, COLUMNS, "\n".join(notes))


if __name__ == "__main__":
    main()

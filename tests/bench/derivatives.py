#!/usr/bin/env python3
"""What a derivative costs beside its primal, and both beside JAX, for eight algorithms; checks that the numbers agree."""

import os
import sys

from measure import HERE, THREADS, Worker, arguments, fail, largest_difference, measure, peer_folder, show

# Workload: the bar of gradient / primal, and what has to be done at least: of the primal and of the gradient the
# operations, 10^9 of them, or else the bytes that are read and written once, in 10^6.
WORKLOADS = {
    "matmul": {"bar": 4, "gflop": (0.268, 0.805)},
    "conv2d": {"bar": 4, "gflop": (0.925, 2.775)},
    "blur": {"bar": 3, "mb": (33.6, 67.1)},
    "unsharp": {"bar": 3, "mb": (25.2, 50.3)},
    "bilateral_slice": {"bar": 3, "mb": (21.1, 42.1)},
    "softmax": {"bar": 3, "mb": (16.8, 33.6)},
    "iir": {"bar": 3, "mb": (8.4, 16.8)},
    "mlp": {"bar": 3, "gflop": (0.344, 0.823)},
}

COLUMNS = {
    "workload": ("workload", "{}"),
    "primal_ms": ("primal ms", "{:.2f}"),
    "gradient_ms": ("with gradient ms", "{:.2f}"),
    "ratio": ("ratio", "{:.2f}"),
    "bar": ("bar", "{}"),
    "jax_primal_ms": ("JAX primal ms", "{:.2f}"),
    "jax_gradient_ms": ("with gradient ms", "{:.2f}"),
    "primal_of_jax": ("primal of JAX's", "{:.2f}"),
    "gradient_of_jax": ("gradient of JAX's", "{:.2f}"),
    "wall_of_jax": ("in wall time", "{:.2f}"),
    "peak_mb": ("peak MB", "{:.0f}"),
    "jax_peak_mb": ("JAX's", "{:.0f}"),
    "rate": ("rate of the gradient", "{}"),
    "difference": ("difference", "{:.0e}"),
}


def workers_of(workload, build, jax):
    program = os.path.join(build, "bin", "bench_derivatives_sylvite")
    workers = [Worker("sylvite", [program, workload, os.path.join(HERE, "schedules")])]
    if jax:
        workers.append(Worker("jax", [sys.executable, os.path.join(HERE, "peers", "derivatives_jax.py"), workload],
                              {"PYTHONPATH": jax, "JAX_PLATFORMS": "cpu"}))
    return workers


def row_of(workload, options, jax):
    workers = workers_of(workload, options.build, jax)
    difference = largest_difference(*workers) if jax else None
    if jax and not difference < 1e-3:
        raise RuntimeError(f"{workload}: an element differs from JAX's by {difference:.1e} of the root mean square")
    results = measure(workers, options.rounds)
    facts = WORKLOADS[workload]
    ours, theirs = results["sylvite"], results.get("jax")
    primal, gradient = ours["forward"]["cpu_ms"], ours["gradient"]["cpu_ms"]
    row = {
        "workload": workload, "sizes": f"threads={THREADS}", "bar": facts["bar"],
        "primal_ms": primal, "gradient_ms": gradient, "ratio": gradient / primal, "difference": difference,
        "peak_mb": ours["gradient"]["peak_mb"],
        "rate": (f"{facts['gflop'][1] / gradient * 1e3:.0f} GFLOP/s a core" if "gflop" in facts else
                 f"{facts['mb'][1] / gradient:.1f} GB/s a core"),
    }
    if theirs:
        row |= {
            "jax_primal_ms": theirs["forward"]["cpu_ms"], "jax_gradient_ms": theirs["gradient"]["cpu_ms"],
            "primal_of_jax": primal / theirs["forward"]["cpu_ms"],
            "gradient_of_jax": gradient / theirs["gradient"]["cpu_ms"],
            "wall_of_jax": ours["gradient"]["wall_ms"] / theirs["gradient"]["wall_ms"],
            "jax_peak_mb": theirs["gradient"]["peak_mb"],
        }
    return row


def missed_bars(row):
    missed = [f"{row['ratio']:.2f} of the primal"] if row["ratio"] > row["bar"] else []
    return missed + [f"{row[key]:.2f} of JAX's {what}"
                     for key, what in (("primal_of_jax", "primal"), ("gradient_of_jax", "gradient"))
                     if row.get(key, 0) > 1]


def main():
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), help="these workloads")
    options = parser.parse_args()
    try:
        jax = peer_folder("jax")
        sys.path.insert(0, jax)
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
        jax = None
    rows = []
    try:
        for workload in options.only:
            rows.append(row_of(workload, options, jax))
    except RuntimeError as error:
        fail(error)
    missed = [f"{row['workload']}: {', '.join(missed_bars(row))}" for row in rows if missed_bars(row)]
    show(rows, options.json, COLUMNS, "all bars are met" if not missed else "bars missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()

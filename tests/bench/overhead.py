#!/usr/bin/env python3
"""Cost of a step of a loop: a million steps of a kernel over 8 elements, beside the same loop in C++."""

import json
import os
import subprocess

from measure import arguments, fail, show

STEPS = 1_000_000

COLUMNS = {
    "system": ("system", "{}"),
    "sizes": ("sizes", "{}"),
    "ns_per_step": ("ns a step", "{:.1f}"),
    "forward_cpu_ms": ("CPU ms", "{:.1f}"),
    "wall_ms": ("wall ms", "{:.1f}"),
    "loss": ("result", "{:.6f}"),
}


def main():
    options = arguments(__doc__).parse_args()
    command = [os.path.join(options.build, "bin", "bench_overhead"), "--benchmark_format=json",
               f"--benchmark_repetitions={options.rounds}", "--benchmark_min_time=0.05",
               "--benchmark_enable_random_interleaving=true"]
    outcome = subprocess.run(command, capture_output=True, text=True)
    if outcome.returncode != 0:
        fail(f"bench_overhead failed: {outcome.stderr.strip()}")
    medians = [b for b in json.loads(outcome.stdout)["benchmarks"] if b.get("aggregate_name") == "median"]
    rows = [{
        "workload": "overhead",
        "system": median["run_name"].split("/")[0],
        "sizes": f"elements=8 steps={STEPS}",
        "forward_cpu_ms": median["cpu_time"],
        "gradient_cpu_ms": None,
        "wall_ms": median["real_time"],
        "peak_mb": None,
        "loss": median["result"],
        "ns_per_step": median["cpu_time"] * 1e6 / STEPS,
    } for median in medians]
    rows.sort(key=lambda row: (not row["system"].startswith("sylvite"), row["system"]))
    results = {row["loss"] for row in rows}
    if max(results) - min(results) > 1e-4:  # f32, with and without fused multiply-add
        fail(f"the systems compute different numbers: {results}")
    show(rows, options.json, COLUMNS, "the bar is 100 ns a step")


main()

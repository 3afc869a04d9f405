#!/usr/bin/env python3
"""Loops: what a step of a small kernel costs; a wave by its speed; Van der Pol's oscillator by two parameters; steps of a
wave that are fused."""

import os
import sys

from measure import HERE, THREADS, Worker, arguments, fail, largest_difference, measure, peer_folder, show

# Workload: what systems run it beside Sylvite, how many steps it makes, how far the peers' numbers may be off, and the
# bars: of ns a step, of the derivative / the primal, of the derivative / JAX's and of MB that the derivative adds.
WORKLOADS = {
    "oscillators": {"peers": ("by hand", "jax", "taichi"), "steps": 1_000_000, "tolerance": 1e-2,
                    "bars": {"ns_forward": 100, "ns_gradient": 400}},
    "wave": {"peers": ("by hand", "jax"), "steps": 256, "tolerance": 1e-3,
             "bars": {"gradient_of_jax": 0.5, "peak_mb": 10}},
    "van_der_pol": {"peers": ("jax",), "steps": 500, "tolerance": 1e-3, "bars": {"ratio": 6}},
}

# 64 steps of a wave, one by one and with `fuse_steps`. On 1024 x 1024 cells the processor time of four steps in a kernel must
# be below that of the bytes that single steps move, streamed from memory.
STEPS = 64
WAVES = {"waves_1024": 1024, "waves_2048": 2048}
FUSED = {"4 steps a kernel": "waves_fused_4.sched", "8 steps a kernel": "waves_fused_8.sched"}
BEYOND_CACHES = 4096  # cells each way: 64 MB an array

COLUMNS = {
    "workload": ("workload", "{}"),
    "system": ("system", "{}"),
    "forward_cpu_ms": ("forward CPU ms", "{:.2f}"),
    "gradient_cpu_ms": ("with derivative CPU ms", "{:.2f}"),
    "ratio": ("ratio", "{:.2f}"),
    "ns_forward": ("ns a step", "{:.1f}"),
    "ns_gradient": ("with derivative", "{:.1f}"),
    "gradient_of_jax": ("of JAX's", "{:.2f}"),
    "peak_mb": ("peak MB", "{:.1f}"),
    "of_memory_bound": ("of memory's bound", "{:.2f}"),
    "difference": ("difference", "{:.0e}"),
}


def python_worker(peer, workload):
    environment = {"PYTHONPATH": peer_folder(peer), "JAX_PLATFORMS": "cpu"}
    return Worker(peer, [sys.executable, os.path.join(HERE, "peers", f"loops_{peer}.py"), workload], environment)


def workers_of(workload, build):
    programs = os.path.join(build, "bin")
    workers = [Worker("sylvite", [os.path.join(programs, "bench_loops_sylvite"), workload,
                                  os.path.join(HERE, "schedules")])]
    for peer in WORKLOADS[workload]["peers"]:
        try:
            workers.append(Worker(peer, [os.path.join(programs, "bench_loops_by_hand"), workload])
                           if peer == "by hand" else python_worker(peer, workload))
        except RuntimeError as error:
            print(f"bench: {workload} is not compared with {peer}: {error}", file=sys.stderr)
    return workers


def rows_of(workload, options):
    facts = WORKLOADS[workload]
    workers = workers_of(workload, options.build)
    differences = {}
    for peer in workers[1:]:
        differences[peer.system] = largest_difference(workers[0], peer)
        if not differences[peer.system] < facts["tolerance"]:
            raise RuntimeError(f"{workload}: an element differs from that of {peer.system} by "
                               f"{differences[peer.system]:.1e} of the root mean square")
    results = measure(workers, options.rounds, times=1)
    rows = []
    for system, kinds in results.items():
        forward, gradient = kinds["forward"]["cpu_ms"], kinds["gradient"]["cpu_ms"]
        rows.append({
            "workload": workload, "system": system, "sizes": f"steps={facts['steps']} threads={THREADS}",
            "forward_cpu_ms": forward, "gradient_cpu_ms": gradient, "wall_ms": kinds["gradient"]["wall_ms"],
            "ratio": gradient / forward, "ns_forward": forward * 1e6 / facts["steps"],
            "ns_gradient": gradient * 1e6 / facts["steps"], "peak_mb": kinds["gradient"]["peak_mb"],
            "loss": kinds["forward"]["result"], "difference": differences.get(system),
        })
    if "jax" in results:
        rows[0]["gradient_of_jax"] = rows[0]["gradient_cpu_ms"] / results["jax"]["gradient"]["cpu_ms"]
    return rows


def streams(system, n, passes, build):
    return Worker(system, [os.path.join(build, "bin", "bench_loops_by_hand"), "streams", str(n), str(passes)])


def rows_of_waves(workload, options):
    n = WAVES[workload]
    program = os.path.join(options.build, "bin", "bench_loops_sylvite")
    schedules = os.path.join(HERE, "schedules")
    workers = [Worker("sylvite", [program, workload, schedules])]
    workers += [Worker(system, [program, workload, os.path.join(schedules, file)]) for system, file in FUSED.items()]
    for fused in workers[1:]:
        difference = largest_difference(workers[0], fused)
        if not difference < 1e-3:
            raise RuntimeError(f"{workload}: with {fused.system} an element differs by {difference:.1e}")
    workers += [streams("bytes of single steps, memory", BEYOND_CACHES, STEPS * n * n // BEYOND_CACHES**2, options.build),
                streams("bytes of single steps, arrays as large", n, STEPS, options.build)]
    results = measure(workers, options.rounds, kinds=("forward",), times=3)
    bound = results["bytes of single steps, memory"]["forward"]["cpu_ms"]
    return [{
        "workload": workload, "system": system, "sizes": f"n={n} steps={STEPS} threads={THREADS}",
        "forward_cpu_ms": kinds["forward"]["cpu_ms"], "wall_ms": kinds["forward"]["wall_ms"],
        "of_memory_bound": kinds["forward"]["cpu_ms"] / bound,
    } for system, kinds in results.items()]


def missed_bars(row):
    if row["workload"] == "waves_1024" and row["system"] == "4 steps a kernel" and row["of_memory_bound"] >= 1:
        return [f"{row['workload']}: 4 steps a kernel take {row['of_memory_bound']:.2f} of the bound of memory"]
    bars = WORKLOADS.get(row["workload"], {}).get("bars", {}) if row["system"] == "sylvite" else {}
    return [f"{row['workload']}: {key} is {row[key]:.2f}, the bar {bar}"
            for key, bar in bars.items() if row.get(key) is not None and row[key] > bar]


def main():
    parser = arguments(__doc__)
    parser.set_defaults(rounds=7)
    parser.add_argument("--only", nargs="+", choices=[*WORKLOADS, *WAVES], default=[*WORKLOADS, *WAVES],
                        help="these workloads")
    options = parser.parse_args()
    rows = []
    try:
        sys.path.append(peer_folder("jax"))  # for its numpy
        for workload in options.only:
            rows += (rows_of_waves if workload in WAVES else rows_of)(workload, options)
    except RuntimeError as error:
        fail(error)
    missed = [text for row in rows for text in missed_bars(row)]
    show(rows, options.json, COLUMNS, "all bars are met" if not missed else "bars missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()

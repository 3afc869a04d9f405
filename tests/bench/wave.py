#!/usr/bin/env python3
"""d loss / d initial surface of the wave workload: Sylvite beside JAX and C++ written by hand."""

import hashlib
import os
import shutil
import subprocess
import sys

from measure import ROOT, THREADS, Worker, agree, arguments, fail, measure, show

HERE = os.path.dirname(os.path.abspath(__file__))
REQUIREMENTS = os.path.join(HERE, "peers", "requirements-jax.txt")
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


def jax_folder():
    """Where the pinned JAX lies; fetched on first use. Raises RuntimeError with what to do."""
    with open(REQUIREMENTS, "rb") as pins:
        stamp = hashlib.sha256(pins.read() + sys.version.encode()).hexdigest()
    folder = os.path.join(ROOT, ".deps", "jax")
    stamp_file = os.path.join(folder, "stamp")
    if os.path.exists(stamp_file):
        with open(stamp_file, encoding="ascii") as file:
            if file.read() == stamp:
                return folder
    print("bench: fetching JAX into .deps/jax", file=sys.stderr)
    for old in (folder, folder + ".new"):
        shutil.rmtree(old, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
           "--only-binary", ":all:", "--require-hashes", "-r", REQUIREMENTS, "--target", folder + ".new"]
    outcome = subprocess.run(pip, capture_output=True, text=True)
    if outcome.returncode != 0:
        lines = outcome.stderr.strip().splitlines() or ["pip failed"]
        raise RuntimeError(f"no JAX to compare with: {lines[-1]}: check the network and start again")
    with open(os.path.join(folder + ".new", "stamp"), "w", encoding="ascii") as file:
        file.write(stamp)
    os.rename(folder + ".new", folder)
    return folder


def workers_of(build):
    sizes = [str(N), str(STEPS)]
    workers = [Worker(system, [os.path.join(build, "bin", program), *sizes])
               for system, program in (("sylvite", "bench_wave_sylvite"), ("by hand, C++", "bench_wave_by_hand"))]
    try:
        flags = {"PYTHONPATH": jax_folder(), "JAX_PLATFORMS": "cpu"}
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

#!/usr/bin/env python3
"""Gradients of the apps over the whole runs of their benchmarks, in f64: all elements of Sylvite's beside JAX's."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from measure import HERE, ROOT, Worker, arguments, fail, largest_difference, peers_of, show

BAR = 1e-9
APPS, SCHEDULES = os.path.join(ROOT, "apps"), os.path.join(HERE, "schedules")
FILE = "FILE"  # stands for the one with what there is


@dataclass
class Workload:
    what: str  # is simulated, and by what it is differentiated
    ours: tuple  # Sylvite's worker in f64
    jax: tuple  # JAX's
    writer: tuple = ()  # the app's own worker, which writes FILE


WORKLOADS = {
    "springs": Workload("robot d, 681 steps, by 5,757 weights", ("agree", "springs", 681, FILE, APPS),
                        ("springs", "robot", 681, "plain", FILE), ("springs", "robot", "d", 681, FILE)),
    "springs_net": Workload("289 masses, 2,000 steps, by lengths and stiffnesses",
                            ("agree", "springs_net", 2000, FILE, APPS), ("springs", "net", 2000, "plain", FILE),
                            ("springs", "net", 16, 2000, FILE)),
    "smoke": Workload("110 x 110, 100 steps, by the velocity at first", ("agree", "smoke", 100, FILE, APPS),
                      ("smoke", 110, 100, 6, "checkpoint", FILE), ("smoke", 110, 100, FILE)),
    "mpm": Workload("8,100 particles, 512 steps, by 20 controls", ("agree", "mpm", 512, FILE, APPS),
                    ("mpm", 512, "checkpoint", FILE), ("mpm", "block", 512, FILE)),
    "mpm_robot": Workload("robot, 1,023 steps, by 20 controls", ("agree", "mpm", 1023, FILE, APPS),
                          ("mpm", 1023, "checkpoint", FILE), ("mpm", "robot", 1023, FILE)),
    "molecules": Workload("1,000 atoms, 50 steps, by potential, places and velocities",
                          ("agree", "molecules", 50, FILE, APPS), ("molecules", "trajectory", 1000, 50, FILE, "plain"),
                          ("molecules", "trajectory", 1000, 50, FILE, 1.5)),
    "ode": Workload("1,024 systems, 500 steps, by 2 parameters", ("ode", "euler_f64", SCHEDULES),
                    ("ode", "euler", "reverse")),
    "ode_adaptive": Workload("1,024 systems, adaptive steps, by 2 parameters", ("ode", "adaptive_f64", SCHEDULES),
                             ("ode", "adaptive", "forward")),
}

COLUMNS = {
    "workload": ("workload", "{}"),
    "what": ("gradient of", "{}"),
    "difference": ("largest difference", "{:.1e}"),
}


def row_of(name, build):
    workload = WORKLOADS[name]
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "file")

        def command(program, *rest):
            return [os.path.join(build, "bin", f"bench_{program}_sylvite"), *filled(rest)]

        def filled(some):
            return [file if argument is FILE else str(argument) for argument in some]

        if workload.writer:
            subprocess.run(command(*workload.writer), stdin=subprocess.DEVNULL, check=True)
        script, *rest = workload.jax
        peers, absent = peers_of("jax", f"{script}_jax.py", {"jax": filled(rest)}, {"JAX_ENABLE_X64": "1"})
        if absent:
            raise RuntimeError(absent[0]["sizes"])
        ours = Worker("sylvite", command(*workload.ours))
        difference = largest_difference(ours, peers[0], "float64")
        for worker in (ours, *peers):
            worker.close()
    return {"workload": name, "what": workload.what, "difference": difference}


def main():
    parser = arguments(__doc__, has_rounds=False)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), help="these workloads")
    options = parser.parse_args()
    try:
        rows = [row_of(name, options.build) for name in options.only]
    except (RuntimeError, subprocess.CalledProcessError) as error:
        fail(error)
    missed = [row["workload"] for row in rows if not row["difference"] < BAR]
    show(rows, options.json, COLUMNS, f"relative to the root mean square of the array; the bar is {BAR:.0e}" +
         (", missed by " + ", ".join(missed) if missed else ""))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()

"""What the benchmarks share: workers, their measurement in turns, and the tables."""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
THREADS = 2


class Worker:
    """A process that runs one implementation on demand (programs/worker.h). It has THREADS cores."""

    def __init__(self, system, command, environment=None):
        self.system = system
        cores = sorted(os.sched_getaffinity(0))[:THREADS]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "HL_NUM_THREADS": str(THREADS), **(environment or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, cores))

    def ask(self, what, times):
        """Runs `what` that many times; the worker's answer."""
        try:
            self.process.stdin.write(f"{what} {times}\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError) as error:
            raise RuntimeError(f"{self.system} failed, see above ({error})") from error

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(workers, rounds, kinds=("forward", "gradient"), times=5):
    """Medians over `rounds` rounds, in each of which all workers take their turn: {system: {kind: answer}}."""
    answers = {worker.system: {kind: [] for kind in kinds} for worker in workers}
    for worker in workers:
        for kind in kinds:
            worker.ask(kind, 1)  # warm
    for _ in range(rounds):
        for worker in workers:
            for kind in kinds:
                answers[worker.system][kind].append(worker.ask(kind, times))
    for worker in workers:
        worker.close()
    return {
        system: {kind: {key: statistics.median(a[key] for a in some) for key in some[0]}
                 for kind, some in of_system.items()}
        for system, of_system in answers.items()
    }


def agree(results, kind, tolerance):
    """Raises RuntimeError unless all systems computed the same number."""
    values = {system: kinds[kind]["result"] for system, kinds in results.items()}
    first_system, first = next(iter(values.items()))
    for system, value in values.items():
        if not abs(value - first) <= tolerance * abs(first):
            raise RuntimeError(f"{system} computes {value:.9g} for {kind}, {first_system} {first:.9g}")


def largest_difference(ours, theirs, real="float32"):
    """Of all outputs, of floats of type `real`: the largest difference of an element, relative to the root mean square of the
    output's elements."""
    import numpy as np  # a peer's

    with tempfile.TemporaryDirectory() as folder:
        folders = []
        for number, worker in enumerate((ours, theirs)):
            folders.append(os.path.join(folder, str(number)))
            os.mkdir(folders[-1])
            worker.ask("save", folders[-1])
        names = [sorted(os.listdir(side)) for side in folders]
        if names[0] != names[1] or not names[0]:
            raise RuntimeError(f"{ours.system} has outputs {names[0]}, {theirs.system} {names[1]}")
        largest = 0.0
        for name in names[0]:
            a, b = (np.fromfile(os.path.join(side, name), real).astype(np.float64) for side in folders)
            if a.size != b.size:
                raise RuntimeError(f"output {name} has {a.size} elements, {theirs.system}'s has {b.size}")
            difference = np.abs(a - b).max() / (np.sqrt(np.mean(b * b)) or 1)
            if np.isnan(difference):  # which max() would leave out
                raise RuntimeError(f"output {name} of {ours.system} or {theirs.system} has a NaN")
            largest = max(largest, difference)
        return largest


def peer_folder(peer):
    """Where the packages that peers/requirements-PEER.txt pins lie; fetched on first use. Raises RuntimeError with what
    to do."""
    requirements = os.path.join(HERE, "peers", f"requirements-{peer}.txt")
    with open(requirements, "rb") as pins:
        stamp = hashlib.sha256(pins.read() + sys.version.encode()).hexdigest()
    folder = os.path.join(ROOT, ".deps", peer)
    stamp_file = os.path.join(folder, "stamp")
    if os.path.exists(stamp_file):
        with open(stamp_file, encoding="ascii") as file:
            if file.read() == stamp:
                return folder
    print(f"bench: fetching {peer} into .deps/{peer}", file=sys.stderr)
    for old in (folder, folder + ".new"):
        shutil.rmtree(old, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
           "--only-binary", ":all:", "--require-hashes", "-r", requirements, "--target", folder + ".new"]
    outcome = subprocess.run(pip, capture_output=True, text=True)
    if outcome.returncode != 0:
        lines = outcome.stderr.strip().splitlines() or ["pip failed"]
        raise RuntimeError(f"no {peer} to compare with: {lines[-1]}: check the network and start again")
    with open(os.path.join(folder + ".new", "stamp"), "w", encoding="ascii") as file:
        file.write(stamp)
    os.rename(folder + ".new", folder)
    return folder


def peers_of(peer, script, systems, environment=None):
    """Workers of peers/SCRIPT, which runs on the packages of `peer`, with more of the environment: {system: arguments}; and
    instead of each a row of the table that says why there is none."""
    try:
        folder = peer_folder(peer)
        sys.path.append(folder)  # its numpy, for largest_difference()
        flags = {"PYTHONPATH": folder, "JAX_PLATFORMS": "cpu", **(environment or {})}
        return [Worker(system, [sys.executable, os.path.join(HERE, "peers", script), *map(str, some)], flags)
                for system, some in systems.items()], []
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return [], [{"system": system, "sizes": str(error)} for system in systems]


def better_jax(rows, key="gradient_cpu_ms"):
    """The least of what rows of JAX have under `key`; None where there are none."""
    return min((row[key] for row in rows if row["system"].startswith("jax") and row.get(key) is not None), default=None)


def arguments(description, has_rounds=True):
    parser = argparse.ArgumentParser(prog="./dev bench", description=description)
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    if has_rounds:
        parser.add_argument("--rounds", type=int, default=15, help="how often each system has its turn")
    return parser


def show(rows, as_json, columns, note=""):
    """Prints rows as JSON, one object a line, or as a table of `columns`: {key: (heading, format)}."""
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return
    cells = [[heading for heading, _ in columns.values()]]
    for row in rows:
        cells.append(["-" if row.get(key) is None else form.format(row[key]) for key, (_, form) in columns.items()])
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    for line in cells:
        padded = [cell.ljust(width) if i == 0 else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(line, widths))]
        print("  ".join(padded))
    if note:
        print(note)


def fail(why):
    print(f"bench: {why}", file=sys.stderr)
    sys.exit(1)

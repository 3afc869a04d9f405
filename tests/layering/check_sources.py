#!/usr/bin/env python3
"""Checks that need no compiler: the include order of the rooms, the length of files, paths of one machine.

Usage: check_sources.py [ROOT]. Prints one `file:line: what is wrong` a finding and exits with 1 if there is any.
"""

import os
import re
import sys

# The rooms from left to right: a file may include its own room and rooms to its left ...
ROOMS = ["frontend", "autodiff", "schedules", "targets", "autoscheduler", "apps", "tests"]
# ... except that these may not include autodiff: to them a derivative is just another algorithm.
WITHOUT_AUTODIFF = ["schedules", "targets", "autoscheduler"]
# The main of generator programs is where schedules and derivatives meet; the check of gradients runs both.
MAY_USE_AUTODIFF = ("autoscheduler/generator_main/", "autoscheduler/check_gradients/")
# Deployed programs link this: plain C that knows the run time of Halide, not its compiler.
RUNTIME = "targets/runtime/"

MAX_LINES = 500
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home|root|work|tmp|Users)/\w+")
SOURCE_SUFFIXES = (".h", ".cpp", ".c")
TEXT_SUFFIXES = SOURCE_SUFFIXES + (".py", ".cmake", ".txt", ".in", ".json", ".md", ".sched", ".yml", "/dev", "/run")
SKIPPED_FOLDERS = {"build", ".deps", ".git", ".cache", "__pycache__"}


def files(root):
    """Paths of the project's text files, relative to `root`, with forward slashes."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED_FOLDERS)
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/")
            if ("/" + path).endswith(TEXT_SUFFIXES):
                yield path


def include_finding(path, bracket, header):
    """Why the file at `path` may not include `header`, or None."""
    if path.startswith(RUNTIME):
        if header == "Halide.h" or (header.split("/")[0] in ROOMS and not header.startswith(RUNTIME)):
            return f"the run time of deployed programs may not include {header}"
        return None
    room = path.split("/")[0]
    if bracket == "<" or room not in ROOMS:
        return None
    target = header.split("/")[0]
    if target not in ROOMS:
        if room in ("apps", "tests"):  # these include the umbrella header and headers that generators write
            return None
        return f'write "{room}/{header}", from the top of the project'
    if ROOMS.index(target) > ROOMS.index(room):
        return f"{room} may not include {target}, which stands to its right"
    if target == "autodiff" and room in WITHOUT_AUTODIFF and not path.startswith(MAY_USE_AUTODIFF):
        return f"{room} may not include autodiff"
    if room == target == "apps" and header.split("/")[1] not in (path.split("/")[1], "support"):
        return f"{path.split('/')[1]} may not include another app"
    return None


def findings(root):
    """One `file:line: what is wrong` for each fault below `root`."""
    found = []
    for path in files(root):
        with open(os.path.join(root, path), encoding="utf-8") as text:
            lines = text.read().splitlines()
        if len(lines) > MAX_LINES and path.endswith(SOURCE_SUFFIXES + (".py", ".cmake")):
            found.append(f"{path}:{len(lines)}: longer than {MAX_LINES} lines: split it")
        for number, line in enumerate(lines, 1):
            match = MACHINE_PATH.search(line)
            if match:
                found.append(f"{path}:{number}: {match.group()} is a path of one machine")
            match = INCLUDE.match(line) if path.endswith(SOURCE_SUFFIXES) else None
            why = match and include_finding(path, match.group(1), match.group(2))
            if why:
                found.append(f"{path}:{number}: {why}")
    return found


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", "..")
    found = findings(root)
    print("\n".join(found) if found else "check_sources: no findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

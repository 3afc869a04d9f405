#!/usr/bin/env python3
"""The project passes check_sources.py, and planted faults do not."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_sources

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def findings_of(path, text):
    """What check_sources finds in a tree with this one file."""
    with tempfile.TemporaryDirectory() as root:
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as out:
            out.write(text)
        return check_sources.findings(root)


class Layering(unittest.TestCase):
    def test_the_project_has_no_findings(self):
        self.assertEqual(check_sources.findings(ROOT), [])

    def test_every_room_but_the_last_is_refused_its_right_neighbours(self):
        for i, room in enumerate(check_sources.ROOMS):
            for target in check_sources.ROOMS[i + 1:]:
                self.assertEqual(
                    findings_of(f"{room}/a.cpp", f'#include <Halide.h>\n#include "{target}/b.h"\n'),
                    [f"{room}/a.cpp:2: {room} may not include {target}, which stands to its right"])

    def test_own_room_and_left_neighbours_are_allowed(self):
        for i, room in enumerate(check_sources.ROOMS[:5]):
            for target in check_sources.ROOMS[:i + 1]:
                if target == "autodiff" and room in check_sources.WITHOUT_AUTODIFF:
                    continue
                self.assertEqual(findings_of(f"{room}/a.h", f'#include "{target}/b.h"\n'), [])

    def test_schedules_targets_and_search_know_nothing_of_derivatives(self):
        for room in check_sources.WITHOUT_AUTODIFF:
            self.assertEqual(findings_of(f"{room}/deep/a.cpp", '  # include "autodiff/vjp.h"\n'),
                             [f"{room}/deep/a.cpp:1: {room} may not include autodiff"])
        self.assertEqual(findings_of("autoscheduler/generator_main/a.cpp", '#include "autodiff/vjp.h"\n'), [])

    def test_includes_start_at_the_top(self):
        self.assertEqual(findings_of("frontend/a.cpp", '#include "array.h"\n'),
                         ['frontend/a.cpp:1: write "frontend/array.h", from the top of the project'])
        self.assertEqual(findings_of("apps/wave/main.cpp", '#include "wave_gradient.h"\n'), [])

    def test_apps_do_not_know_each_other(self):
        self.assertEqual(findings_of("apps/wave/main.cpp", '#include "apps/fluid/fluid.h"\n'),
                         ["apps/wave/main.cpp:1: wave may not include another app"])
        self.assertEqual(findings_of("apps/wave/main.cpp", '#include "apps/wave/wave.h"\n'), [])

    def test_the_run_time_does_not_know_the_compiler(self):
        for header in ('<Halide.h>', '"targets/target.h"'):
            self.assertEqual(findings_of("targets/runtime/a.c", f"#include {header}\n"),
                             ["targets/runtime/a.c:1: the run time of deployed programs may not include "
                              + header[1:-1]])
        self.assertEqual(findings_of("targets/runtime/a.c", '#include <HalideRuntime.h>\n#include "a.h"\n'), [])

    def test_long_files(self):
        self.assertEqual(findings_of("frontend/a.cpp", "\n" * 500), [])
        self.assertEqual(findings_of("frontend/a.cpp", "\n" * 501),
                         ["frontend/a.cpp:501: longer than 500 lines: split it"])

    def test_machine_paths(self):
        for path in ("home/me", "tmp/x", "root/x"):
            self.assertEqual(findings_of("docs/a.md", f"see /{path}\n"),
                             [f"docs/a.md:1: /{path} is a path of one machine"])
        self.assertEqual(findings_of("docs/a.md", "see tests/support and $HOME/x, build/tmp/x\n"), [])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What ./dev says and asks for, in a folder that is set up already and whose CMake is a script of the test."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

# Writes down its arguments, then prints and returns what the test has put into files.
PROGRAM = """
echo "$(basename "$0") $*" >>"$RECORD/asked"
cat "$RECORD/says" 2>/dev/null
exit "$(cat "$RECORD/returns" 2>/dev/null || echo 0)"
"""

BROKEN_COMPILER = """\
-- Check for working CXX compiler: /bin/false - broken
CMake Error at Modules/CMakeTestCXXCompiler.cmake:73 (message):
  The C++ compiler

    "/bin/false"

  is not able to compile a simple test program.

  It fails with the following output:

    Change Dir: 'CMakeFiles'

Call Stack (most recent call first):
  CMakeLists.txt:2 (project)


-- Configuring incomplete, errors occurred!
"""


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        shutil.copy(os.path.join(ROOT, "dev"), self.root)
        shutil.copy(os.path.join(ROOT, "CMakePresets.json"), self.root)
        shutil.copytree(os.path.join(ROOT, "cmake"), os.path.join(self.root, "cmake"))
        for name in ("cmake", "ctest"):
            self.program(name, PROGRAM)
        self.write(".deps/stamp", self.stamp())

    def program(self, name, script):
        """A program that ./dev finds before the machine's own."""
        path = f".deps/bin/{name}"
        self.write(path, "#!/bin/sh\n" + script + "\n")
        os.chmod(os.path.join(self.root, path), 0o755)

    def stamp(self):
        """What ./dev writes when all that it needs is there."""
        packages = re.search(r"^packages=\(([^)]*)\)", self.read("dev"), re.MULTILINE).group(1).split()
        wheels = "".join(self.read("cmake/" + name) for name in ("wheels-ptxas.txt", "wheels.txt"))
        return hashlib.sha256((wheels + " ".join(packages) + "\n").encode()).hexdigest() + "\n"

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def run_dev(self, *arguments, program=None, **environment):
        """Returns the exit code, all that was printed, and what was asked of cmake and ctest."""
        ran = subprocess.run([program or os.path.join(self.root, "dev"), *arguments], text=True, check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             env={**os.environ, "RECORD": self.root, **environment})
        asked = self.read("asked").splitlines() if os.path.exists(os.path.join(self.root, "asked")) else []
        return ran.returncode, ran.stdout, asked

    def test_configures_afresh_until_it_succeeds(self):
        self.write("says", BROKEN_COMPILER)
        self.write("returns", "1")
        code, output, asked = self.run_dev("build")
        self.assertEqual((code, output), (1, 'dev: CMake could not configure: The C++ compiler "/bin/false" is not able to '
                                             "compile a simple test program. (build/dev.configure.log)\n"))
        self.assertEqual(asked, ["cmake --fresh --preset dev"])
        self.assertEqual(self.read("build/dev.configure.log"), BROKEN_COMPILER)

        self.write("returns", "0")
        self.write("build/dev/build.ninja", "")
        self.assertEqual(self.run_dev("build", "all")[2][1:], ["cmake --build --preset dev --target all"])

    def test_errors_of_cmake_on_one_line_are_shown_too(self):
        self.write("says", "CMake Error: The source directory does not exist.\n")
        self.write("returns", "1")
        self.assertEqual(self.run_dev("build")[1], "dev: CMake could not configure: The source directory does not exist. "
                                                   "(build/dev.configure.log)\n")

    def without_set_up(self, python):
        """Makes this a first run where all Debian packages are there; `python` is the script that python3 runs."""
        os.remove(os.path.join(self.root, ".deps/stamp"))
        self.program("dpkg-query", "echo installed")
        self.program("python3", python)

    def test_leftovers_are_removed_before_space_is_counted(self):
        self.without_set_up("exit 1")
        self.program("df", 'echo; echo "disk 9 9 $(test -e .deps/new && echo 1 || echo 900) 9% /"')
        self.write(".deps/new/left", "")
        self.assertEqual(self.run_dev("build")[:2], (1, "dev: needs 1500 MB of free disk space here, there are 900: make "
                                                        "room, then start again\n"))

    def test_a_full_disk_is_one_line(self):
        full = "echo Traceback; echo 'OSError: [Errno 28] No space left on device' >&2; exit 1"
        download = "case $* in *download*) mkdir .deps/wheels; touch .deps/wheels/a.whl; exit 0 ;; esac; "
        for python in (full, download + full):
            with self.subTest(python):
                self.without_set_up(python)
                self.assertEqual(self.run_dev("build")[:2],
                                 (1, "dev: fetching the wheels of cmake/wheels.txt\n"
                                     "dev: the disk is full: make room, then start again (.deps/pip.log)\n"))
                self.write(".deps/stamp", "")


if __name__ == "__main__":
    unittest.main()

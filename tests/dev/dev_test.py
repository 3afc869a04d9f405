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
PROGRAM = """#!/bin/sh
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
        for program in ("cmake", "ctest"):
            self.write(f".deps/bin/{program}", PROGRAM)
            os.chmod(os.path.join(self.root, ".deps/bin", program), 0o755)
        self.write(".deps/stamp", self.stamp())

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


if __name__ == "__main__":
    unittest.main()

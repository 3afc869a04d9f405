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
        self.assertEqual((code, output),
                         (1, 'dev: CMake could not configure: The C++ compiler "/bin/false" is not able to compile a '
                             "simple test program. (build/dev.configure.log)\n"))
        self.assertEqual(asked, ["cmake --fresh --preset dev"])
        self.assertEqual(self.read("build/dev.configure.log"), BROKEN_COMPILER)

        self.write("returns", "0")
        self.write("build/dev/build.ninja", "")
        self.assertEqual(self.run_dev("build", "all")[2][1:], ["cmake --build --preset dev --target all"])

    def test_errors_of_cmake_on_one_line_are_shown_too(self):
        self.write("says", "CMake Error: The source directory does not exist.\n")
        self.write("returns", "1")
        self.assertEqual(self.run_dev("build")[1], "dev: CMake could not configure: The source directory does not "
                                                   "exist. (build/dev.configure.log)\n")

    def without_set_up(self, python):
        """Makes this a first run where all Debian packages are there; `python` is the script that python3 runs."""
        self.write(".deps/stamp", "")
        self.program("dpkg-query", "echo installed")
        self.program("python3", python)

    def test_leftovers_are_removed_before_space_is_counted(self):
        self.without_set_up("exit 1")
        self.program("df", 'echo; echo "disk 9 9 $(test -e .deps/new && echo 1 || echo 900) 9% /"')
        self.write(".deps/new/left", "")
        self.assertEqual(self.run_dev("build")[:2], (1, "dev: needs 1500 MB of free disk space here, there are 900: "
                                                        "make room, then start again\n"))

    def test_a_full_disk_is_one_line(self):
        full = "echo Traceback; echo 'OSError: [Errno 28] No space left on device' >&2; exit 1"
        download = "case $* in *download*) mkdir .deps/wheels; touch .deps/wheels/a.whl; exit 0 ;; esac; "
        for python in (full, download + full):
            with self.subTest(python):
                self.without_set_up(python)
                self.assertEqual(self.run_dev("build")[:2],
                                 (1, "dev: fetching the wheels of cmake/wheels.txt\n"
                                     "dev: the disk is full: make room, then start again (.deps/pip.log)\n"))

    def test_needs_debian_12_or_newer(self):
        here = re.escape("dev: needs Debian 12 or newer on x86-64, this is ")
        self.write("dev", self.read("dev").replace("/etc/os-release", os.path.join(self.root, "os-release")))
        self.program("uname", "echo Linux x86_64")
        self.program("df", "echo; echo disk 9 9 0 9% /")  # where a system that is supported stops
        self.without_set_up("exit 1")
        for release, name in (('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04 LTS"', "Ubuntu 24.04 LTS"),
                              ('ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian 11"', "Debian 11"),
                              ("", "an unknown system"), (None, "an unknown system")):
            with self.subTest(release):
                if release is None:
                    os.remove(os.path.join(self.root, "os-release"))
                else:
                    self.write("os-release", release)
                self.assertRegex(self.run_dev("demo")[1], f"^{here}{name} on Linux x86_64: use .*/dev demo\n$")
        for release in ('ID=debian\nVERSION_ID="12"', "ID=debian\nVERSION_ID=13", "ID=debian\nPRETTY_NAME=sid"):
            with self.subTest(release):
                self.write("os-release", release)
                self.assertIn("free disk space", self.run_dev("demo")[1])

    def without_git(self):
        self.without_set_up("exit 1")
        self.program("dpkg-query", "case $* in *git) echo not-installed ;; *) echo installed ;; esac")
        self.program("id", "echo 0")

    def test_packages_that_cannot_be_installed_are_one_line(self):
        self.without_git()
        self.program("apt-get", "echo 'E: Failed to fetch'; exit 1")
        self.assertEqual(self.run_dev("build")[:2],
                         (1, "dev: installing git\ndev: could not install packages: check the network and the package "
                             "sources, then start again (.deps/apt.log)\n"))
        self.assertIn("E: Failed", self.read(".deps/apt.log"))

    def test_without_apt_the_missing_packages_are_named(self):
        self.without_git()
        self.write("dev", self.read("dev").replace("command -v apt-get", "command -v no-apt-get"))
        self.assertEqual(self.run_dev("build")[:2],
                         (1, "dev: packages are missing, and there is no apt-get to install them: git\n"))

    def test_works_through_a_link(self):
        self.write("build/dev/build.ninja", "")
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, "sylvite-dev")
            os.symlink(os.path.join(self.root, "dev"), link)
            self.assertEqual(self.run_dev("build", program=link), (0, "", ["cmake --build --preset dev"]))

    def test_an_unknown_preset_is_one_line_and_leaves_nothing(self):
        self.assertEqual(self.run_dev("build", PRESET="foo"),
                         (1, "dev: PRESET needs one of asan dev release; it has foo\n", []))
        self.assertFalse(os.path.exists(os.path.join(self.root, "build")))

    def test_a_filter_without_tests_is_an_error(self):
        self.write("build/dev/build.ninja", "")
        asked = self.run_dev("test", "-R", "nosuch")[2]
        self.assertRegex(asked[-1], "^ctest --preset dev .*--no-tests=error -R nosuch$")

    def test_wrong_numbers_for_fuzz_are_one_line(self):
        for arguments in (["abc"], ["0"], ["-3"], ["10", "x"], ["10", "100000"]):
            with self.subTest(arguments):
                self.assertEqual(self.run_dev("fuzz", *arguments),
                                 (1, "dev: fuzz needs a number of graphs, at least 1, and perhaps a seed, 1 to 99999; "
                                     f"it has {' '.join(arguments)}\n", []))


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The documents show code that is compiled and what it prints, and name files that are there.

Usage: docs_test.py README_PROGRAM DERIVATIVES_PROGRAM PROGRAMS_PROGRAM, the programs that README.md, docs/derivatives.md
and docs/programs.md describe.
"""

import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
FOLDERS = "apps|autodiff|autoscheduler|cmake|docs|frontend|schedules|targets|tests"
CODE = re.compile(r"^```cpp\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)[^)]*\)")
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*)`")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as text:
        return text.read()


def documents():
    """README.md and the pages of docs/, from the top of the project."""
    return ["README.md"] + sorted("docs/" + name for name in os.listdir(os.path.join(ROOT, "docs")) if name.endswith(".md"))


def lines_of(code):
    """The lines of a piece of code without their common margin."""
    lines = [line.rstrip() for line in code.splitlines() if line.strip()]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    return [line[margin:] for line in lines]


def contains(whole, part):
    """Whether the lines of `part` stand in `whole` one after the other, at any margin."""
    whole, part = whole.splitlines(), lines_of(part)
    whole = [line.rstrip() for line in whole if line.strip()]
    for start in range(len(whole) - len(part) + 1):
        if lines_of("\n".join(whole[start:start + len(part)])) == part:
            return True
    return False


def missing_paths(text, folder):
    """Links (from the document's folder) and paths of the project in `text` that lead nowhere. A word in capitals, as
    in `tests/bench/NAME.cpp`, stands for many names."""
    text = FENCED.sub("", text)
    missing = [link for link in LINK.findall(text) if not os.path.exists(os.path.join(ROOT, folder, link))]
    for path in PATH.findall(text):
        if not re.search(r"/[A-Z]+\b", path) and not any(os.path.exists(os.path.join(ROOT, path + suffix)) for suffix in ("", ".h", ".cpp")):
            missing.append(path)
    return missing


class Documents(unittest.TestCase):
    def test_the_code_of_the_readme_is_compiled(self):
        sources = [read("tests/docs/readme_example.cpp"), read("tests/docs/readme_main.cpp")]
        blocks = CODE.findall(read("README.md"))
        self.assertEqual(len(blocks), len(sources))
        for block, source in zip(blocks, sources):
            self.assertTrue(contains(source, block), "README.md shows code that is not in tests/docs:\n" + block)

    def test_the_program_of_the_readme_prints_what_it_says(self):
        shown = re.search(r"It prints\n\n```\n(.*?)```", read("README.md"), re.DOTALL)
        printed = subprocess.run([README_PROGRAM], check=True, capture_output=True, text=True).stdout.splitlines()
        for line in shown.group(1).split("...\n"):
            self.assertTrue(contains("\n".join(printed), line), "README.md shows, but the program does not print:\n" + line)

    def test_the_examples_of_pages_are_compiled_and_print_what_they_say(self):
        # Digits that rounding decides are left out.
        digits = re.compile(r"(loss|slope) +\S+")
        for name, program in EXAMPLES.items():
            with self.subTest(name):
                page = read(f"docs/{name}.md")
                for block in CODE.findall(page):
                    self.assertTrue(contains(read(f"tests/docs/{name}_example.cpp"), block), block)
                shown = re.search(r"prints\n\n```\n(.*?)```", page, re.DOTALL).group(1)
                printed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
                self.assertEqual(digits.sub("", printed), digits.sub("", shown))

    def test_a_changed_line_is_noticed(self):
        source = read("tests/docs/readme_example.cpp")
        block = CODE.findall(read("README.md"))[0]
        self.assertFalse(contains(source.replace("0.25f", "0.2f"), block))

    def test_links_and_paths_lead_somewhere(self):
        for document in documents():
            with self.subTest(document):
                self.assertEqual(missing_paths(read(document), os.path.dirname(document)), [])

    def test_a_dead_path_is_noticed(self):
        text = "[a](docs/nowhere.md) `frontend/nowhere.h` [b](README.md) `frontend/array` `x/y` `apps/NAME.h`"
        self.assertEqual(missing_paths(text, ""), ["docs/nowhere.md", "frontend/nowhere.h"])


if __name__ == "__main__":
    README_PROGRAM = sys.argv.pop(1)
    EXAMPLES = {"derivatives": sys.argv.pop(1), "programs": sys.argv.pop(1)}
    unittest.main()

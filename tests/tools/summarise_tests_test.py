"""The closing sum counts what passed, failed and was skipped, over all parts, and fails if anything failed."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ONDA_SOURCE_DIR"])

SKIPPED_OUTPUT = """[ RUN      ] A.Skipped
/x/a_test.cpp:5: Skipped
this machine has one core

[  SKIPPED ] A.Skipped (0 ms)
"""


def junit(*cases):
    return '<testsuite name="x">' + "".join(
        f'<testcase name="{name}" status="{status}"><system-out>{output}</system-out></testcase>'
        for name, status, output in cases) + "</testsuite>"


class SummariseTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def summarise(self):
        return subprocess.run([sys.executable, SOURCE / "tools/summarise_tests.py", self.folder],
                              capture_output=True, text=True, check=False)

    def write(self, **files):
        for name, text in files.items():
            (self.folder / name.replace("__", ".")).write_text(text)

    def test_sums_over_parts_and_gives_reasons(self):
        self.write(parts__txt="release\tpassed\t60\nfuzz\tpassed\t30\nlint\tpassed\t6\n",
                   release__xml=junit(("A.One", "run", ""), ("A.Skipped", "notrun", SKIPPED_OUTPUT)),
                   release__closing="100% tests passed, 0 tests failed out of 1\n\nTotal Test time (real) = 1 sec\n",
                   fuzz__txt="passed\tfuzz.x\n")
        result = self.summarise()
        lines = result.stdout.splitlines()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(lines[-1], "3 passed, 0 failed, 1 skipped")
        self.assertIn("skipped  release: A.Skipped: this machine has one core", lines)
        self.assertIn("100% tests passed, 0 tests failed out of 1", lines)
        self.assertTrue(any(line.startswith("release") and "1.0 min" in line for line in lines))

    def test_repeats_what_tests_counted(self):
        self.write(parts__txt="release\tpassed\t60\n",
                   release__xml=junit(("A.One", "run", "[ RUN ] A.One\ncounted: 7 cases, 6 passed\nnot this\n")))
        result = self.summarise()
        self.assertEqual(result.returncode, 0)
        self.assertIn("counted  7 cases, 6 passed", result.stdout.splitlines())
        self.assertNotIn("not this", result.stdout)

    def test_fails_with_a_failed_test(self):
        self.write(parts__txt="release\tfailed\t60\n",
                   release__xml=junit(("A.One", "run", ""), ("A.Two", "fail", "")))
        result = self.summarise()
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout.splitlines()[-1], "1 passed, 1 failed, 0 skipped")
        self.assertIn("FAILED   release: A.Two", result.stdout)

    def test_fails_with_a_part_that_could_not_be_built(self):
        self.write(parts__txt="release\tpassed\t1\nasan\tfailed\t1\n", release__xml=junit(("A.One", "run", "")))
        result = self.summarise()
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout.splitlines()[-1], "1 passed, 1 failed, 0 skipped")

    def test_fails_with_a_failed_fuzz_target(self):
        self.write(parts__txt="fuzz\tfailed\t1\n", fuzz__txt="failed\tfuzz.x\npassed\tfuzz.y\n")
        result = self.summarise()
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout.splitlines()[-1], "1 passed, 1 failed, 0 skipped")


if __name__ == "__main__":
    unittest.main()

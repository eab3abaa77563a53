"""Each benchmark's figures fill its place in the page, twice the same, and nothing else changes."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ONDA_SOURCE_DIR"])
ROW = {"name": "tiny", "value": 1.23456, "unit": "ms", "reference": "bare C", "ratio": 1.1, "ci_low": 1.05,
       "ci_high": 1.2, "samples": 9, "goal": "ratio <= 1.15", "met": False}
BARE_ROW = ROW | {"name": "count", "reference": None, "ratio": None, "goal": None, "met": None}
CIRCUMSTANCES = {"commit": "abc", "cpu": "Some CPU", "cores": 2, "onnxruntime": "1.29.0"}
PAGE = "before\n<!-- start -->\nold\n<!-- end -->\nafter\n"


class UpdateBenchmarks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.page = self.folder / "page.md"
        self.page.write_text(PAGE)

    def update(self, **results):
        for name, objects in results.items():
            (self.folder / f"{name}.json").write_text(json.dumps(objects))
        return subprocess.run([sys.executable, SOURCE / "tools/update_benchmarks.py", "--results", self.folder,
                               self.page], capture_output=True, text=True, check=False)

    def test_fills_the_place(self):
        results = [ROW, BARE_ROW, CIRCUMSTANCES]
        self.assertEqual(self.update(start=results).returncode, 0)
        page = self.page.read_text()
        self.assertIn("| tiny | 1.235 ms | bare C | 1.100 | 1.05 – 1.2, n = 9 | ratio ≤ 1.15 | **no** |", page)
        self.assertIn("| count | 1.235 ms | – | – | 1.05 – 1.2, n = 9 | – | – |", page)
        self.assertIn("Commit abc, Some CPU, 2 cores, ONNX Runtime 1.29.0.", page)
        self.assertTrue(page.startswith("before\n<!-- start -->\n|") and page.endswith("\n<!-- end -->\nafter\n"))
        self.assertNotIn("old", page)
        self.update(start=results)
        self.assertEqual(self.page.read_text(), page)

    def test_refuses_results_without_a_place(self):
        run = self.update(start=[ROW, CIRCUMSTANCES], other=[ROW, CIRCUMSTANCES])
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("other", run.stderr)
        self.assertEqual(self.page.read_text(), PAGE)

    def test_keeps_a_place_without_results_and_says_so(self):
        self.page.write_text(PAGE + "<!-- other -->\nkept\n<!-- end -->\n")
        run = self.update(start=[ROW, CIRCUMSTANCES])
        self.assertEqual(run.returncode, 0)
        self.assertIn("other was not run", run.stdout)
        self.assertIn("kept", self.page.read_text())

    def test_refuses_to_do_nothing(self):
        self.assertNotEqual(self.update().returncode, 0)
        self.assertEqual(self.page.read_text(), PAGE)

    def test_makes_a_matrix_of_names_in_three_parts(self):
        cells = [ROW | {"name": f"load / {line} / {column}", "value": value, "unit": "MiB"}
                 for line, column, value in [("a", "x", 1), ("a", "y", 2), ("b", "x", 3)]]
        self.update(start=[*cells, CIRCUMSTANCES])
        self.assertIn("| load, MiB | x | y |\n|---|---|---|\n| a | 1 | 2 |\n| b | 3 | – |\n\nCommit",
                      self.page.read_text())


if __name__ == "__main__":
    unittest.main()

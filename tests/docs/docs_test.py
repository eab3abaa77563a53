#!/usr/bin/env python3
"""Runs every command that the README and docs/ show.

A block fenced with ```sh is run by bash, in a scratch folder that holds links to examples/, tests/ and tools/, a small model
as model.onnx with an input for it as x.npy, and has `onda` on the path. A block with a line `<!-- not run: REASON -->` right before it
is not run; the test prints and counts it. One page is one scratch folder, its blocks run in order.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ONDA_SOURCE_DIR"])
BINARY = pathlib.Path(os.environ["ONDA_BINARY_DIR"])
BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]*) -->\n)?```sh\n(?P<commands>.*?)```", re.DOTALL)
PAGES = [SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md"))]


def npy_of_floats(shape, values):
    """A NumPy file, format 1.0, without NumPy."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (64 - (10 + len(header) + 1) % 64) + "\n"
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin-1") +
            struct.pack(f"<{len(values)}f", *values))


def scratch_folder(folder):
    for name in ("examples", "tests", "tools", "build"):
        (folder / name).symlink_to(SOURCE / name)
    shutil.copy(SOURCE / "tests/data/models/tiny.onnx", folder / "model.onnx")
    (folder / "x.npy").write_bytes(npy_of_floats((1, 64), [i / 64 for i in range(64)]))


class DocsTest(unittest.TestCase):
    def run_page(self, page):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            scratch_folder(folder)
            environment = dict(os.environ, HOME=str(folder / "home"), ONDA_CACHE_DIR=str(folder / "cache"),
                               PATH=f"{BINARY}:{os.environ['PATH']}")
            (folder / "home").mkdir()
            for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
                if block["reason"]:
                    print(f"{page.name}: not run ({block['reason']}): {block['commands'].splitlines()[0]}")
                    continue
                result = subprocess.run(["bash", "-euo", "pipefail", "-c", block["commands"]], cwd=folder,
                                        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                        timeout=100, check=False)
                self.assertEqual(result.returncode, 0,
                                 f"{page.name}:\n{block['commands']}\n{result.stdout}\n{result.stderr}")

    def test_links_between_pages_lead_somewhere(self):
        for page in PAGES:
            for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
                self.assertTrue((page.parent / target).exists(), f"{page.name} links to {target}")


def add_page(page):
    setattr(DocsTest, f"test_{page.stem.replace('-', '_').lower()}", lambda self: self.run_page(page))


for one in PAGES:
    add_page(one)

if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=2)

"""The include check lets the tree as it is pass, and refuses each kind of violation when it is planted."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ONDA_SOURCE_DIR"])
BINARY = pathlib.Path(os.environ["ONDA_BINARY_DIR"])


class CheckIncludes(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        for name in ("src", "include", "tests"):
            shutil.copytree(SOURCE / name, self.root / name, ignore=lambda _, names: [
                n for n in names if pathlib.Path(n).suffix not in (".h", ".cpp", "")])

    def check(self):
        return subprocess.run(
            [sys.executable, SOURCE / "tools/check_includes.py", "--root", self.root,
             "--public-headers", BINARY / "public_headers.txt"], capture_output=True, text=True, check=False)

    def plant(self, path, include):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#pragma once\n#include {include}\n")

    def assert_refused(self, path, include, *words):
        self.plant(path, include)
        result = self.check()
        self.assertEqual(result.returncode, 1, f"{path} with {include} was let through")
        self.assertIn(f"{path}:2: ", result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_lets_the_tree_pass(self):
        result = self.check()
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_lets_a_lower_module_be_included(self):
        self.plant("src/runtime/planted.h", '"base/planted.h"')
        self.assertEqual(self.check().returncode, 0)

    def test_refuses_a_higher_module(self):
        self.assert_refused("src/base/planted.h", '"tensor/anything.h"', "base may not include", "tensor")

    def test_refuses_a_higher_module_in_angle_brackets(self):
        self.assert_refused("src/base/planted.h", "<runtime/anything.h>", "runtime")

    def test_refuses_a_module_beside_it(self):
        self.assert_refused("src/image/planted.cpp", '"runtime/anything.h"', "image may not include", "runtime")

    def test_refuses_a_public_header_of_a_higher_module(self):
        self.assert_refused("src/memory/planted.cpp", '"onda/session.h"', "memory may not include", "runtime")

    def test_refuses_the_header_for_embedding_programs(self):
        self.assert_refused("src/runtime/planted.cpp", '"onda/onda.h"', "embedding")

    def test_refuses_a_path_upwards(self):
        self.assert_refused("src/base/planted.cpp", '"../tensor/anything.h"', "..")

    def test_refuses_onnx_runtime_outside_runtime(self):
        self.assert_refused("src/cli/planted.cpp", "<onnxruntime_c_api.h>", "only runtime may")
        self.assert_refused("tests/image/planted.cpp", "<onnxruntime_c_api.h>", "only runtime may")

    def test_lets_runtime_include_onnx_runtime(self):
        self.plant("src/runtime/planted.cpp", "<onnxruntime_c_api.h>")
        self.plant("tests/runtime/planted.cpp", "<onnxruntime_c_api.h>")
        self.assertEqual(self.check().returncode, 0)

    def test_refuses_sockets_tls_and_spdlog_below_their_modules(self):
        self.assert_refused("src/base/planted.cpp", "<sys/socket.h>", "server")
        self.assert_refused("src/runtime/planted.cpp", "<openssl/ssl.h>", "server")
        self.assert_refused("src/serving/planted.cpp", "<spdlog/spdlog.h>", "cli")

    def test_refuses_a_public_header_that_shows_third_party_or_source_headers(self):
        self.assert_refused("include/onda/error.h", "<simdjson.h>", "public header")
        self.assert_refused("include/onda/error.h", '"base/anything.h"', "public header")

    def test_refuses_a_public_header_without_an_owner(self):
        self.plant("include/onda/planted.h", "<string>")
        self.assertIn("include/onda/planted.h:1: belongs to no module", self.check().stderr)

    def test_refuses_an_unknown_module(self):
        self.plant("src/utils/planted.h", "<string>")
        self.assertIn("src/utils: no such module", self.check().stderr)

    def test_the_build_depends_on_it(self):
        graph = subprocess.run(["ninja", "-C", BINARY, "-t", "query", "include_check.stamp"],
                               capture_output=True, text=True, check=True).stdout
        self.assertIn("onda_include_check", graph)
        for target in ("onda", "onda_base_tests"):
            inputs = subprocess.run(["ninja", "-C", BINARY, "-t", "inputs", target],
                                    capture_output=True, text=True, check=True).stdout
            self.assertIn("onda_include_check", inputs)


if __name__ == "__main__":
    unittest.main()

"""cmake/OndaOnnxRuntime.cmake: the order in which it looks, and that nothing unchecked reaches the cache.
npm is played by a script; the real download is every fresh set-up's."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ONDA_SOURCE_DIR"])
PROJECT = f"""
cmake_minimum_required(VERSION 3.25)
project(probe LANGUAGES NONE)
include("{SOURCE}/cmake/OndaOnnxRuntime.cmake")
"""


class OnnxRuntimeModule(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        (self.root / "CMakeLists.txt").write_text(PROJECT)
        self.cache = self.root / "cache"
        self.bin = self.root / "bin"
        self.bin.mkdir()
        self.program("npm", "echo no registry here >&2; exit 7")

    def program(self, name, body):
        path = self.bin / name
        path.write_text(f"#!/usr/bin/env bash\n{body}\n")
        path.chmod(0o755)

    def release(self, name, version=None):
        """An unpacked release, with a pkg-config file where it has a version."""
        folder = self.root / name
        (folder / "include").mkdir(parents=True)
        (folder / "include/onnxruntime_c_api.h").touch()
        (folder / "lib").mkdir()
        (folder / "lib/libonnxruntime.so.1").write_text("library")
        (folder / "lib/libonnxruntime.so").symlink_to("libonnxruntime.so.1")
        if version:
            (folder / "libonnxruntime.pc").write_text(
                f"libdir={folder}/lib\nName: x\nDescription: x\nVersion: {version}\n"
                f"Libs: -L{folder}/lib -lonnxruntime\nCflags: -I{folder}/include\n")
        return folder

    def configure(self, *arguments, pkg_config=None):
        environment = dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}", ONDA_CACHE_DIR=str(self.cache),
                           PKG_CONFIG_LIBDIR=str(pkg_config or self.root / "none"))
        return subprocess.run([shutil.which("cmake"), "-G", "Ninja", "-S", self.root, "-B", self.root / "build",
                               *arguments], env=environment, capture_output=True, text=True, check=False)

    def assert_nothing_cached(self):
        self.assertEqual([p for p in self.cache.rglob("*") if p.is_file()], [])

    def test_takes_the_given_directory_first(self):
        given, system = self.release("given"), self.release("system", "1.30.0")
        result = self.configure(f"-DONDA_ONNXRUNTIME_ROOT={given}", pkg_config=system)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"{given}/lib/libonnxruntime.so.1", result.stdout)
        link = self.root / "build/libonnxruntime.so"
        self.assertEqual(link.resolve(), given / "lib/libonnxruntime.so.1")

    def test_refuses_a_given_directory_that_is_no_release(self):
        result = self.configure(f"-DONDA_ONNXRUNTIME_ROOT={self.root}/bin")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no include/onnxruntime_c_api.h", " ".join(result.stderr.split()))

    def test_takes_a_system_one_that_is_new_enough(self):
        result = self.configure(pkg_config=self.release("system", "1.29.0"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("the system's 1.29.0", result.stdout)

    def test_passes_over_a_system_one_that_is_older(self):
        result = self.configure(pkg_config=self.release("system", "1.28.9"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("npm pack", result.stderr)

    def test_says_what_to_do_where_npm_fails(self):
        result = self.configure()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no registry here", result.stderr)
        self.assertIn("ONDA_ONNXRUNTIME_ROOT", result.stderr)
        self.assert_nothing_cached()

    def test_refuses_another_archive_than_the_pinned_one(self):
        self.program("npm", """
while [[ $1 != --pack-destination ]]; do shift; done
echo changed > "$2/com.github.asus4.onnxruntime-0.4.9.tgz"
""")
        result = self.configure()
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("SHA512", result.stderr)
        self.assert_nothing_cached()

    def test_uses_the_cache_without_npm(self):
        kept = self.cache / "onnxruntime/1.29.0-linux-x64"
        (kept / "lib").mkdir(parents=True)
        (kept / "lib/libonnxruntime.so.1.29.0").touch()
        self.program("npm", f"touch {self.root}/called; exit 7")
        result = self.configure()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.root / "called").exists())


if __name__ == "__main__":
    unittest.main()

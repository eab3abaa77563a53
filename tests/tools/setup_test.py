"""tools/setup.sh installs what is missing of tools/packages.txt and nothing else; apt and sudo are played by scripts."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ONDA_SOURCE_DIR"])

LIST = """
# comment
present-command   command:bash                  build
present-file      file:/etc/passwd              build
missing-command   command:onda-no-such-command  build
missing-header    header:onda/no/such.h         build
other-group       command:onda-no-such-command  test
"""


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        (self.root / "tools").mkdir()
        shutil.copy(SOURCE / "tools/setup.sh", self.root / "tools/setup.sh")
        (self.root / "tools/packages.txt").write_text(LIST)
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for name in ("bash", "dirname", "env", "cat", "mktemp", "rm", "uname", "pkg-config", "true"):
            where = shutil.which(name)
            if where:
                (self.bin / name).symlink_to(where)
        self.calls = self.root / "calls"

    def program(self, name, body):
        path = self.bin / name
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n")
        path.chmod(0o755)

    def setup(self, *groups):
        return subprocess.run([str(self.bin / "bash"), "tools/setup.sh", *groups], cwd=self.root,
                              env={"PATH": str(self.bin), "HOME": str(self.root)}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)

    def test_installs_only_what_is_missing_in_the_group(self):
        self.program("id", "echo 0")
        self.program("apt-get", f'echo "$@" >> {self.calls}')
        result = self.setup("build")
        self.assertEqual(result.returncode, 0, result.stderr)
        calls = self.calls.read_text().splitlines()
        self.assertIn(" update", calls[0])
        self.assertTrue(calls[1].endswith("missing-command missing-header"), calls)
        self.assertEqual(len(calls), 2)

    def test_calls_nothing_where_nothing_is_missing(self):
        self.program("id", "echo 0")
        self.program("apt-get", f'echo "$@" >> {self.calls}')
        self.program("onda-no-such-command", "")
        self.assertEqual(self.setup("test").returncode, 0)
        self.assertFalse(self.calls.exists())

    def test_uses_sudo_where_it_asks_for_no_password(self):
        self.program("id", "echo 1000")
        self.program("sudo", f'[[ $1 == -n ]] && exit 0; echo "sudo $@" >> {self.calls}')
        self.program("apt-get", "exit 1")
        self.assertEqual(self.setup("build").returncode, 0)
        self.assertIn("sudo env DEBIAN_FRONTEND=noninteractive apt-get", self.calls.read_text())

    def test_names_the_packages_and_stops_without_root_or_sudo(self):
        self.program("id", "echo 1000")
        self.program("apt-get", f"touch {self.calls}")
        result = self.setup("build")
        self.assertEqual(result.returncode, 1)
        self.assertIn("apt-get install --no-install-recommends missing-command missing-header", result.stderr)
        self.assertFalse(self.calls.exists())

    def test_names_the_packages_where_there_is_no_apt(self):
        self.program("id", "echo 0")
        result = self.setup("build")
        self.assertEqual(result.returncode, 1)
        self.assertIn("missing-command missing-header", result.stderr)

    def test_shows_apts_output_when_it_fails(self):
        self.program("id", "echo 0")
        self.program("apt-get", "echo no such mirror; exit 100")
        result = self.setup("build")
        self.assertEqual(result.returncode, 1)
        self.assertIn("no such mirror", result.stderr)


if __name__ == "__main__":
    unittest.main()

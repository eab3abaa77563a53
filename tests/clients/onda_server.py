"""Starts `onda serve` for a test and stops it; whatever went wrong with it fails the test.

ONDA_PROGRAM is the program, ONDA_SERVING_MODELS the folder that tools/make_serving_models.py wrote.
"""

import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ["ONDA_PROGRAM"]
MODELS = pathlib.Path(os.environ["ONDA_SERVING_MODELS"])

#: Seconds for a start and for an end: a sanitizer on a busy machine is slow.
START_SECONDS = 90
STOP_SECONDS = 60

READY = re.compile(r"ready http=(\S+) grpc=(\S+) metrics=(\S+) models=(\d+)\n")
FREE_PORTS = ("--http-port", "0", "--grpc-port", "0", "--metrics-port", "0")


def make_repository(names=None, source="main", into=None):
    """A folder of its own with copies of these models of the repository `source`; all of them without names."""
    folder = pathlib.Path(into or tempfile.mkdtemp(prefix="onda-models-"))
    for name in names if names is not None else sorted(os.listdir(MODELS / source)):
        shutil.copytree(MODELS / source / name, folder / name)
    return folder


class ServerFailure(AssertionError):
    """The server did not start, died, or did not end as it should."""


class Server:
    """One `onda serve` process; the ports are free ones unless the flags name some."""

    def __init__(self, *words, ports=FREE_PORTS, environment=None):
        self.folder = tempfile.TemporaryDirectory(prefix="onda-server-")
        self.log_path = pathlib.Path(self.folder.name, "stderr")
        self.command = [PROGRAM, "serve", *map(str, words), *ports]
        variables = {**os.environ, "ONDA_CACHE_DIR": os.path.join(self.folder.name, "cache"), **(environment or {})}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=variables
            )
        try:
            self._read_ready()
        except BaseException:
            self.kill()
            raise

    def _read_ready(self):
        line, deadline = b"", time.monotonic() + START_SECONDS
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise self.failure(f"said nothing within {START_SECONDS} s; so far {line!r}")
            byte = os.read(self.process.stdout.fileno(), 1)
            if not byte:
                code = self.process.wait()
                raise self.failure(f"ended with {code} before it was ready")
            line += byte
        match = READY.fullmatch(line.decode())
        if not match:
            raise self.failure(f"its first line is no ready line: {line!r}")
        self.host, self.http_port = self._address(match.group(1))
        self.grpc_port = self._address(match.group(2))[1]
        self.metrics_port = self._address(match.group(3))[1]
        self.models = int(match.group(4))

    @staticmethod
    def _address(text):
        """Host and port of ADDR:PORT; nothing of "off"."""
        host, _, port = text.rpartition(":")
        return (host, int(port)) if text != "off" else (None, None)

    @property
    def http(self):
        return f"{self.host}:{self.http_port}"

    @property
    def grpc(self):
        return f"{self.host}:{self.grpc_port}"

    @property
    def metrics(self):
        return f"{self.host}:{self.metrics_port}"

    def log(self):
        return self.log_path.read_text(errors="replace")

    def failure(self, what):
        tail = self.log()[-6000:] if self.log_path.exists() else "(gone)"
        return ServerFailure(f"{' '.join(self.command)}\n{what}\nIts stderr ends with:\n{tail}")

    def check(self):
        """Fails if the process is gone."""
        code = self.process.poll()
        if code is not None:
            raise self.failure(f"died with {code}")

    def send_signal(self, number):
        self.process.send_signal(number)

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, number=signal.SIGTERM):
        """Ends it by a signal: exit code 0, nothing more on stdout, no sanitizer's report."""
        try:
            self.check()
            self.process.send_signal(number)
            try:
                code = self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                raise self.failure(f"still runs {STOP_SECONDS} s after signal {number}") from None
            if code != 0:
                raise self.failure(f"ended with {code} after signal {number}")
            rest = self.process.stdout.read()
            if rest:
                raise self.failure(f"wrote more than one line to stdout: {rest[:200]!r}")
            if "Sanitizer" in self.log() or "runtime error:" in self.log():
                raise self.failure("a sanitizer reported something")
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()


class ServerTest(unittest.TestCase):
    """Tests that share one server: `models` of the repository `source`, started with `flags`."""

    models = None
    source = "main"
    flags = ()

    @classmethod
    def setUpClass(cls):
        cls.repository = make_repository(cls.models, cls.source)
        try:
            cls.server = Server("--models", cls.repository, *cls.flags)
        except BaseException:
            shutil.rmtree(cls.repository)
            raise

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.stop()
        finally:
            shutil.rmtree(cls.repository)

    def tearDown(self):
        self.server.check()

    def eventually(self, condition, seconds=20, what="the condition"):
        """Waits for what another process does; fails when it does not come."""
        deadline = time.monotonic() + seconds
        while True:
            result = condition()
            if result:
                return result
            if time.monotonic() > deadline:
                self.fail(f"{what} did not come within {seconds} s")
            time.sleep(0.01)


def main():
    unittest.main(verbosity=2)

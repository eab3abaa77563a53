"""Starting and ending `onda serve`: flags, repositories good and bad, one file, readiness, draining."""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient

from onda_server import FREE_PORTS, MODELS, PROGRAM, Server, main, make_repository
from raw_http import Closed, Connection, ask, floats, request

X = {"inputs": [floats("x", [1, 4], [0, 0, 0, 0])]}


class StartTest(unittest.TestCase):
    def folder(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        return pathlib.Path(made.name)

    def repository(self, *arguments, **fields):
        made = make_repository(*arguments, **fields)
        self.addCleanup(shutil.rmtree, made, ignore_errors=True)
        return made

    def server(self, *words, **fields):
        made = Server(*words, **fields)
        self.addCleanup(made.kill)
        return made

    def fails(self, *words):
        """Runs `onda serve` with these words to its end; its exit code is not 0 and stdout is empty."""
        run = subprocess.run([PROGRAM, "serve", *map(str, words)], capture_output=True, text=True, timeout=90)
        self.assertNotEqual(run.returncode, 0, run)
        self.assertGreater(run.returncode, 0, "a signal")
        self.assertEqual(run.stdout, "")
        return run.stderr


class Starting(StartTest):
    def test_one_file(self):
        server = self.server(MODELS / "main" / "versions" / "3" / "model.onnx")
        self.assertEqual(server.models, 1)
        self.assertEqual(len(ask(server, "POST", "/v2/repository/index").json()), 1)
        server.stop()

    def test_a_file_is_served_under_its_name(self):
        folder = self.folder()
        shutil.copy(MODELS / "main" / "versions" / "3" / "model.onnx", folder / "three.onnx")
        server = self.server(folder / "three.onnx")
        answer = ask(server, "POST", "/v2/models/three/infer", X)
        self.assertEqual(answer.json()["outputs"][0]["data"], [3] * 4)
        server.stop()

    def test_a_folder_of_files(self):
        folder = self.folder()
        for number in (1, 3):
            shutil.copy(MODELS / "main" / "versions" / str(number) / "model.onnx", folder / f"plus{number}.onnx")
        for words in ((folder,), ("--models", folder)):
            server = self.server(*words)
            self.assertEqual(server.models, 2)
            for number in (1, 3):
                answer = ask(server, "POST", f"/v2/models/plus{number}/infer", X)
                self.assertEqual(answer.json()["outputs"][0]["data"], [number] * 4)
            server.stop()

    def test_flags_of_triton(self):
        repository = self.repository(["versions", "simple"])
        server = self.server(
            "--model-repository",
            repository,
            "--model-control-mode",
            "explicit",
            "--load-model",
            "versions",
            "--http-address",
            "127.0.0.1",
            "--grpc-address",
            "127.0.0.1",
            "--metrics-address",
            "127.0.0.1",
            "--allow-http",
            "true",
            "--allow-grpc",
            "true",
            "--allow-metrics",
            "true",
            "--strict-readiness",
            "true",
            "--exit-on-error",
            "true",
            "--exit-timeout-secs",
            "10",
            "--log-verbose",
            "0",
            "--http-max-input-size",
            "1000000",
        )
        self.assertEqual(server.models, 1)
        server.stop()
        server = self.server(f"--model-repository={repository}", "--allow-grpc=false")
        self.assertIsNone(server.grpc_port)
        server.stop()

    def test_flags_that_are_none_are_refused_by_name(self):
        repository = self.repository(["versions"])
        for flag in ("--backend-config", "--no-such-flag", "--rate-limit"):
            self.assertIn(flag, self.fails("--models", repository, flag, "x"))

    def test_protocols_can_be_turned_off(self):
        repository = self.repository(["versions"])
        server = self.server(
            "--models", repository, ports=("--http-port", "0", "--grpc-port", "off", "--metrics-port", "off")
        )
        self.assertIsNone(server.grpc_port)
        self.assertIsNone(server.metrics_port)
        self.assertEqual(ask(server, "POST", "/v2/models/versions/infer", X).status, 200)
        server.stop()

    def test_nothing_to_serve(self):
        self.assertIn("/no/such/folder", self.fails("--models", "/no/such/folder", *FREE_PORTS))
        self.fails(*FREE_PORTS)

    def test_a_port_that_is_taken(self):
        repository = self.repository(["versions"])
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        port = str(taken.getsockname()[1])
        for flags in (
            ("--http-port", port, "--grpc-port", "0", "--metrics-port", "0"),
            ("--http-port", "0", "--grpc-port", port, "--metrics-port", "0"),
            ("--http-port", "0", "--grpc-port", "0", "--metrics-port", port),
        ):
            with self.subTest(flags):
                self.assertIn(port, self.fails("--models", repository, *flags))

    def test_two_servers_do_not_share_a_port(self):
        repository = self.repository(["versions"])
        first = self.server("--models", repository)
        for flags in (
            (str(first.http_port), "0", "0"),
            ("0", str(first.grpc_port), "0"),
            ("0", "0", str(first.metrics_port)),
        ):
            self.fails(
                "--models", repository, "--http-port", flags[0], "--grpc-port", flags[1], "--metrics-port", flags[2]
            )
        first.stop()

    def test_an_empty_repository(self):
        server = self.server("--models", self.folder())
        self.assertEqual(server.models, 0)
        self.assertEqual(ask(server, "POST", "/v2/repository/index").json(), [])
        self.assertEqual(ask(server, "GET", "/v2/health/ready").status, 200)
        server.stop()

    def test_external_data(self):
        """model.onnx is a folder that holds the model and its data."""
        folder = self.folder()
        source = pathlib.Path(os.environ["ONDA_SOURCE_DIR"], "tests", "data", "models")
        inside = folder / "outside" / "1" / "model.onnx"
        inside.mkdir(parents=True)
        shutil.copy(source / "external.onnx", inside / "model.onnx")
        for name in ("external.bin", "external_bias.bin"):
            shutil.copy(source / name, inside / name)
        server = self.server("--models", folder)
        answer = ask(server, "POST", "/v2/models/outside/infer", {"inputs": [floats("x", [1, 64], [1] * 64)]})
        self.assertAlmostEqual(sum(answer.json()["outputs"][0]["data"]), 1, places=4)
        server.stop()


#: What is wrong with each model of the broken repository: words of the reason, None where it may load.
BROKEN = {
    "garbage": "",
    "empty_file": "",
    "no_version": "version",
    "bad_config": "expected",
    "other_platform": "tensorflow_savedmodel",
    "other_backend": "pytorch",
    "other_name": "something_else",
    "ensemble": "ensemble",
    "sequence": "sequence",
    "decoupled": "decoupled",
    "ragged": "ragged",
    "wrong_type": "INT32",
    "wrong_rank": "x",
    "wrong_input": "z",
    "label_escape": "label",
    "giant_constant": None,
    "endless_warmup": None,
}


class Broken(StartTest):
    flags = ("--load-timeout", "3")

    def test_the_broken_are_named_with_reasons_and_the_others_served(self):
        names = [name for name in BROKEN if BROKEN[name] is not None]
        server = self.server("--models", self.repository([*names, "good"], "broken"), "--exit-on-error", "false")
        self.assertEqual(server.models, 1)
        answer = ask(server, "POST", "/v2/models/good/infer", X)
        self.assertEqual(answer.json()["outputs"][0]["data"], [1] * 4)
        index = ask(server, "POST", "/v2/repository/index").json()
        states = {entry["name"]: entry for entry in index}
        self.assertEqual(states["good"]["state"], "READY")
        for name in names:
            with self.subTest(name):
                entry = states[name]
                self.assertEqual(entry.get("state"), "UNAVAILABLE", entry)
                self.assertTrue(entry.get("reason"), entry)
                self.assertIn(BROKEN[name].lower(), entry["reason"].lower())
                self.assertNotIn("/onnxruntime_src", entry["reason"])
                self.assertIn(name, server.log())
                answer = ask(server, "POST", f"/v2/models/{name}/infer", X)
                self.assertIn(answer.status, (404, 503), answer)
                self.assertIn(name, answer.error())
                self.assertNotEqual(ask(server, "GET", f"/v2/models/{name}/ready").status, 200)
        for client in (httpclient.InferenceServerClient(server.http), grpcclient.InferenceServerClient(server.grpc)):
            self.assertTrue(client.is_server_live())
            self.assertFalse(client.is_server_ready())
            client.close()
        server.stop()

    def test_an_unknown_field_of_a_config_is_a_warning(self):
        server = self.server("--models", self.repository(["unknown_field"], "broken"))
        self.assertEqual(server.models, 1)
        self.assertIn("no_such_field", server.log())
        server.stop()

    def test_strict_readiness_can_be_turned_off(self):
        server = self.server(
            "--models",
            self.repository(["garbage", "good"], "broken"),
            "--exit-on-error",
            "false",
            "--strict-readiness",
            "false",
        )
        self.assertEqual(ask(server, "GET", "/v2/health/ready").status, 200)
        server.stop()

    def test_exit_on_error(self):
        self.assertIn(
            "garbage",
            self.fails(
                "--models", self.repository(["garbage", "good"], "broken"), "--exit-on-error", "true", *FREE_PORTS
            ),
        )

    def test_a_giant_constant_and_an_endless_warm_up_end(self):
        server = self.server(
            "--models",
            self.repository(["giant_constant", "endless_warmup", "good"], "broken"),
            "--exit-on-error",
            "false",
            *self.flags,
        )
        answer = ask(server, "POST", "/v2/models/good/infer", X)
        self.assertEqual(answer.status, 200)
        answer = ask(server, "POST", "/v2/models/giant_constant/infer", X)
        self.assertIn(answer.status, (404, 500, 503), answer)
        index = {entry["name"]: entry for entry in ask(server, "POST", "/v2/repository/index").json()}
        self.assertEqual(index["endless_warmup"].get("state"), "UNAVAILABLE", index)
        self.assertEqual(ask(server, "POST", "/v2/models/good/infer", X).status, 200)
        server.stop()


class Ending(StartTest):
    def test_sigterm_and_sigint_end_it_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.server(MODELS / "main" / "versions" / "3" / "model.onnx").stop(number)

    def test_what_is_running_is_finished(self):
        """No request that was taken is cut."""
        server = self.server("--models", self.repository(["slow"]))
        answers, started = [], threading.Event()

        def one():
            with Connection(server, timeout=60) as connection:
                connection.send(
                    request(
                        "POST",
                        "/v2/models/slow/infer",
                        json.dumps(
                            {
                                "inputs": [
                                    floats("x", [1], [1]),
                                    {"name": "rounds", "shape": [1], "datatype": "INT64", "data": [20_000]},
                                ]
                            }
                        ).encode(),
                    )
                )
                started.set()
                answers.append(connection.response())

        thread = threading.Thread(target=one)
        thread.start()
        started.wait()
        time.sleep(0.2)
        server.stop()
        thread.join()
        self.assertEqual([answer.status for answer in answers], [200])

    def test_an_endless_run_does_not_keep_it_for_ever(self):
        server = self.server("--models", self.repository(["endless"]), "--exit-timeout-secs", "2")
        connection = Connection(server)
        self.addCleanup(connection.socket.close)
        connection.send(
            request("POST", "/v2/models/endless/infer", json.dumps({"inputs": [floats("x", [1], [1])]}).encode())
        )
        time.sleep(0.3)
        start = time.monotonic()
        server.stop()
        self.assertLess(time.monotonic() - start, 20)

    def test_under_load_every_answer_is_whole(self):
        """Answered, refused or closed between requests; never half an answer."""
        server = self.server("--models", self.repository(["versions"]))
        broken, counted, over = [], [0], threading.Event()

        def use():
            body = json.dumps(X).encode()
            try:
                with Connection(server) as connection:
                    while not over.is_set():
                        answer = connection.request("POST", "/v2/models/versions/infer", body)
                        if answer.status == 200:
                            counted[0] += 1
                        elif answer.status != 503:
                            broken.append(answer)
            except Closed as end:
                if end.args[0]:
                    broken.append(end)
            except (ConnectionResetError, BrokenPipeError, ConnectionRefusedError):
                pass
            except Exception as error:
                broken.append(error)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        server.stop()
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(broken, [])
        self.assertGreater(counted[0], 0)


class Admin(StartTest):
    """Peers from another address may not load, unload or change settings."""

    def setUp(self):
        # No packet is sent: this only asks which address this machine would use.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
            except OSError:
                self.skipTest("this machine has no address but the loopback")
            self.address = probe.getsockname()[0]
        if self.address.startswith("127."):
            self.skipTest("this machine has no address but the loopback")

    CHANGES = (
        ("/v2/repository/models/versions/load", b"{}"),
        ("/v2/repository/models/versions/unload", b"{}"),
        ("/v2/logging", b'{"log_info":true}'),
        ("/v2/trace/setting", b'{"trace_rate":"5"}'),
        ("/v2/systemsharedmemory/region/r/register", b'{"key":"/k","byte_size":4}'),
        ("/v2/systemsharedmemory/unregister", b""),
    )

    def ask(self, server, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, server.http_port, timeout=30)
        self.addCleanup(connection.close)
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, response.read()

    def start(self, *flags):
        return self.server(
            "--models",
            self.repository(["versions"]),
            "--model-control",
            "explicit",
            "--load-model",
            "*",
            "--host",
            "0.0.0.0",
            "--allow-client-shm=true",
            *flags,
        )

    def test_changes_from_elsewhere_are_forbidden(self):
        server = self.start()
        for path, body in self.CHANGES:
            status, text = self.ask(server, "POST", path, body)
            self.assertEqual(status, 403, (path, text))
            self.assertTrue(json.loads(text)["error"])
        self.assertEqual(self.ask(server, "POST", "/v2/models/versions/infer", json.dumps(X))[0], 200)
        self.assertEqual(self.ask(server, "POST", "/v2/repository/index", b"")[0], 200)
        for path in ("/v2/logging", "/v2/trace/setting", "/v2/systemsharedmemory/status", "/v2/health/ready"):
            self.assertEqual(self.ask(server, "GET", path)[0], 200, path)
        with grpcclient.InferenceServerClient(f"{self.address}:{server.grpc_port}") as client:
            for call in (
                lambda: client.load_model("versions"),
                lambda: client.unload_model("versions"),
                lambda: client.update_log_settings({"log_info": True}),
                lambda: client.update_trace_settings(settings={"trace_rate": "5"}),
                lambda: client.register_system_shared_memory("r", "/k", 4),
            ):
                with self.assertRaises(Exception) as caught:
                    call()
                self.assertEqual(caught.exception.status(), "StatusCode.PERMISSION_DENIED")
            self.assertTrue(client.is_model_ready("versions"))
        server.stop()

    def test_allowed_where_the_flag_says_so(self):
        server = self.start("--allow-remote-admin")
        for path, body in self.CHANGES[:4]:
            self.assertEqual(self.ask(server, "POST", path, body)[0], 200, path)
        server.stop()

    def test_by_default_only_this_machine_is_listened_to(self):
        server = self.server("--models", self.repository(["versions"]))
        for port in (server.http_port, server.grpc_port, server.metrics_port):
            with self.assertRaises(OSError):
                socket.create_connection((self.address, port), timeout=5)
        server.stop()


if __name__ == "__main__":
    main()

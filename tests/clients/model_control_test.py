"""Index, load and unload as simple_http_model_control, simple_grpc_model_control and their kin do it."""

import base64
import json
import os
import shutil
import signal
import threading
import unittest

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from tritonclient.utils import InferenceServerException

from onda_server import MODELS, Server, ServerTest, main, make_repository
from raw_http import ask


def plus_bytes(version):
    """The model that adds `version`."""
    return (MODELS / "main" / "all_versions" / str(version) / "model.onnx").read_bytes()


class Control:
    """One client of the two for both, so that each test runs over HTTP and gRPC."""

    def __init__(self, server, kind):
        self.module = {"http": httpclient, "grpc": grpcclient}[kind]
        self.kind = kind
        self.client = self.module.InferenceServerClient(getattr(server, kind))
        for name in ("load_model", "unload_model", "is_model_ready", "is_server_ready", "close"):
            setattr(self, name, getattr(self.client, name))

    def index(self):
        """{(name, version): (state, reason)}; a model never loaded has no version."""
        if self.kind == "http":
            entries = self.client.get_model_repository_index()
        else:
            entries = self.client.get_model_repository_index(as_json=True).get("models", [])
        return {(e["name"], e.get("version", "")): (e.get("state", ""), e.get("reason", "")) for e in entries}

    def config(self, name):
        config = self.client.get_model_config(name)
        return config if self.kind == "http" else config.config

    def versions(self, name):
        metadata = self.client.get_model_metadata(name)
        return list(metadata["versions"] if self.kind == "http" else metadata.versions)

    def added(self, name, version=""):
        """What the model adds to 0, and which version did it."""
        given = self.module.InferInput("x", [1, 4], "FP32")
        given.set_data_from_numpy(np.zeros((1, 4), np.float32))
        result = self.client.infer(name, [given], model_version=version)
        response = result.get_response()
        ran = response["model_version"] if self.kind == "http" else response.model_version
        return float(result.as_numpy("y")[0, 0]), ran


class ExplicitTest(ServerTest):
    models = ["all_versions", "two_versions", "versions", "simple", "simple_string", "identity_fp32"]
    flags = ("--model-control", "explicit", "--load-model", "simple")

    def each(self):
        """A client of each protocol."""
        for kind in ("http", "grpc"):
            control = Control(self.server, kind)
            self.addCleanup(control.close)
            yield control

    def refused(self, call, *fragments):
        with self.assertRaises(InferenceServerException) as caught:
            call()
        for fragment in fragments:
            self.assertIn(fragment, caught.exception.message())
        return caught.exception


class LoadAndUnload(ExplicitTest):
    def test_only_the_named_models_are_loaded_at_the_start(self):
        self.assertEqual(self.server.models, 1)
        for control in self.each():
            self.assertTrue(control.is_model_ready("simple"))
            self.assertFalse(control.is_model_ready("simple_string"))
            self.assertIn(("simple_string", ""), control.index())
            self.assertEqual(control.index()["simple", "1"][0], "READY")

    def test_load_use_unload(self):
        for control in self.each():
            control.load_model("versions")
            self.assertEqual(control.versions("versions"), ["3"])
            self.assertEqual(control.added("versions"), (3, "3"))
            self.assertEqual(control.index()["versions", "3"], ("READY", ""))
            control.unload_model("versions")
            self.eventually(lambda: not control.is_model_ready("versions"))
            self.eventually(lambda: control.index()["versions", "3"] == ("UNAVAILABLE", "unloaded"))
            self.refused(lambda: control.added("versions"))
            self.assertTrue(control.is_server_ready(), "a model unloaded on purpose is no reason not to be ready")

    def test_loading_again_is_no_error(self):
        for control in self.each():
            for _ in range(3):
                control.load_model("identity_fp32")
            self.assertTrue(control.is_model_ready("identity_fp32"))

    def test_unknown_models(self):
        for control in self.each():
            self.refused(
                lambda: control.load_model("nothing"), "failed to load 'nothing', failed to poll from model repository"
            )
            control.unload_model("nothing")

    def test_unload_dependents_is_accepted(self):
        for control in self.each():
            control.load_model("identity_fp32")
            control.unload_model("identity_fp32", unload_dependents=True)

    def test_a_config_replaces_the_file(self):
        for control in self.each():
            control.load_model("two_versions")
            self.assertEqual(control.versions("two_versions"), ["1", "3"])
            config = {"max_batch_size": 2, "version_policy": {"specific": {"versions": [2]}}}
            control.load_model("two_versions", config=json.dumps(config))
            self.assertEqual(control.versions("two_versions"), ["2"])
            self.assertEqual(control.added("two_versions"), (2, "2"))
            control.load_model("two_versions")
            self.assertEqual(control.versions("two_versions"), ["2"], "it stays over a plain load")
            control.unload_model("two_versions")
            self.eventually(lambda: not control.is_model_ready("two_versions"))
            control.load_model("two_versions")
            self.assertEqual(control.versions("two_versions"), ["1", "3"])
            control.unload_model("two_versions")
            self.eventually(lambda: not control.is_model_ready("two_versions"))

    def test_numbers_in_a_config_may_be_text(self):
        for control in self.each():
            control.load_model("identity_fp32", config='{"max_batch_size":"16"}')
            config = control.config("identity_fp32")
            self.assertEqual(config["max_batch_size"] if control.kind == "http" else config.max_batch_size, 16)
            control.load_model("identity_fp32", config='{"max_batch_size":0}')
            config = control.config("identity_fp32")
            self.assertEqual(config["max_batch_size"] if control.kind == "http" else config.max_batch_size, 0)
            control.unload_model("identity_fp32")
            self.eventually(lambda: not control.is_model_ready("identity_fp32"))

    def test_a_config_that_cannot_be_leaves_the_served_model(self):
        for control in self.each():
            control.load_model("all_versions")
            for config in (
                "{",
                "[]",
                '{"no_such_field":1}',
                '{"max_batch_size":"x"}',
                '{"backend":"pytorch"}',
                '{"input":[{"name":"z","data_type":"TYPE_FP32","dims":[4]}]}',
                '{"platform":"ensemble"}',
                '{"sequence_batching":{}}',
            ):
                with self.subTest(config):
                    self.refused(lambda: control.load_model("all_versions", config=config))
                    self.assertEqual(control.added("all_versions"), (10, "10"))

    def test_a_config_from_the_network_sets_no_library_and_no_path(self):
        for control in self.each():
            control.load_model("all_versions")
            for config in (
                {"model_operations": {"op_library_filename": ["/tmp/evil.so"]}},
                {"default_model_filename": "../../../etc/passwd"},
                {"parameters": {"session.custom": {"string_value": "/tmp/x"}}},
                {
                    "output": [
                        {"name": "y", "data_type": "TYPE_FP32", "dims": [4], "label_filename": "../../../../etc/passwd"}
                    ]
                },
                {
                    "model_warmup": [
                        {
                            "name": "w",
                            "inputs": {"x": {"data_type": "TYPE_FP32", "dims": [4], "input_data_file": "/etc/passwd"}},
                        }
                    ]
                },
            ):
                with self.subTest(config):
                    self.refused(lambda: control.load_model("all_versions", config=json.dumps(config)))
                    self.assertEqual(control.added("all_versions"), (10, "10"))

    def test_files_are_served_instead_of_the_folder(self):
        for control in self.each():
            control.load_model("all_versions")
            config = json.dumps({"max_batch_size": 4})
            self.refused(lambda: control.load_model("all_versions", files={"file:7/model.onnx": plus_bytes(2)}))
            control.load_model("all_versions", config=config, files={"file:7/model.onnx": plus_bytes(2)})
            self.assertEqual(control.versions("all_versions"), ["7"])
            self.assertEqual(control.added("all_versions"), (2, "7"))
            control.unload_model("all_versions")
            self.eventually(lambda: not control.is_model_ready("all_versions"))
            control.load_model("all_versions")
            self.assertEqual(control.versions("all_versions"), ["1", "2", "3", "10"])

    def test_files_need_no_folder(self):
        for control in self.each():
            name = f"uploaded_{control.kind}"
            control.load_model(name, config="{}", files={"file:1/model.onnx": plus_bytes(3)})
            self.assertEqual(control.added(name), (3, "1"))
            self.assertEqual(control.index()[name, "1"][0], "READY")
            control.unload_model(name)
            self.eventually(lambda: not control.is_model_ready(name))

    def test_file_names_that_climb_out(self):
        before = sorted(str(path) for path in self.repository.rglob("*"))
        for control in self.each():
            for path in (
                "file:../evil/1/model.onnx",
                "file:/tmp/onda-evil.onnx",
                "file:1/../../../evil.onnx",
                "file:" + "a" * 300 + "/model.onnx",
                "file:",
                "file:1/",
                "file:1/" + "b" * 5000,
                "file:1//model.onnx",
                "file:1/model.onnx\0x",
            ):
                with self.subTest(path):
                    self.refused(lambda: control.load_model("climber", config="{}", files={path: plus_bytes(1)}))
        self.assertEqual(sorted(str(path) for path in self.repository.rglob("*")), before)
        self.assertFalse(os.path.exists("/tmp/onda-evil.onnx"))

    def test_an_upload_that_is_no_model(self):
        for control in self.each():
            self.refused(
                lambda: control.load_model("garbage", config="{}", files={"file:1/model.onnx": b"\xff" * 100}),
                "garbage",
            )
            self.assertFalse(control.is_model_ready("garbage"))
            self.assertFalse(control.is_server_ready())
            control.unload_model("garbage")
            self.eventually(control.is_server_ready, what="readiness without the failed model")

    def test_names_that_are_paths(self):
        for path in ("..", "%2e%2e", "a%2Fb", "%20", "..%2F..%2Fetc", "a%00b"):
            with self.subTest(path):
                response = ask(self.server, "POST", f"/v2/repository/models/{path}/load", b"{}")
                self.assertIn(response.status, (400, 404), response)
                response.error()
        with grpcclient.InferenceServerClient(self.server.grpc) as client:
            self.refused(lambda: client.load_model("../x"), "model name must not contain path traversal characters")
            self.refused(lambda: client.load_model(".."), "model name must not contain path traversal characters")
            self.refused(lambda: client.load_model(""), "Model name cannot be empty")


class LoadOverHttp(ExplicitTest):
    """What only bytes can say."""

    def load(self, name, document):
        return ask(self.server, "POST", f"/v2/repository/models/{name}/load", document)

    def test_base64_with_the_newlines_of_the_cpp_client(self):
        encoded = base64.encodebytes(plus_bytes(3)).decode()
        self.assertIn("\n", encoded)
        response = self.load("wrapped", {"parameters": {"config": "{}", "file:1/model.onnx": encoded}})
        self.assertEqual(response.status, 200, response)
        response = ask(
            self.server,
            "POST",
            "/v2/models/wrapped/infer",
            {"inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [0, 0, 0, 0]}]},
        )
        self.assertEqual(response.json()["outputs"][0]["data"], [3, 3, 3, 3])

    def test_what_is_no_base64(self):
        for text in ("!!!!", "abc", "QUJD=QUJD", "é"):
            response = self.load("bad64", {"parameters": {"config": "{}", "file:1/model.onnx": text}})
            self.assertEqual(response.status, 400, (text, response))
            response.error()

    def test_bodies(self):
        self.assertEqual(self.load("versions", b"").status, 200)
        self.assertEqual(self.load("versions", b"{}").status, 200)
        for body in (
            b"[]",
            b"{",
            b'{"parameters":7}',
            b'{"parameters":{"config":{}}}',
            b'{"parameters":{"other":"x"}}',
        ):
            response = self.load("versions", body)
            self.assertEqual(response.status, 400, (body, response))
            response.error()

    def test_answers_are_json_or_empty(self):
        for action in ("load", "unload"):
            response = ask(self.server, "POST", f"/v2/repository/models/versions/{action}", b"")
            self.assertEqual(response.status, 200)
            if response.body:
                self.assertIsInstance(response.json(), dict)

    def test_index_filter(self):
        names = {e["name"] for e in ask(self.server, "POST", "/v2/repository/index", {"ready": True}).json()}
        self.assertIn("simple", names)
        self.assertNotIn("simple_string", names)
        names = {e["name"] for e in ask(self.server, "POST", "/v2/repository/index", {"ready": False}).json()}
        self.assertIn("simple_string", names)
        response = ask(self.server, "POST", "/v2/repository/index", {"ready": "yes"})
        self.assertEqual(response.status, 400)
        self.assertIn("Invalid value for 'ready': expected a boolean", response.error())

    def test_names_are_percent_decoded(self):
        shutil.copytree(self.repository / "versions", self.repository / "a model.v1")
        self.addCleanup(shutil.rmtree, self.repository / "a model.v1")
        client = httpclient.InferenceServerClient(self.server.http)
        self.addCleanup(client.close)
        client.load_model("a model.v1")
        self.assertTrue(client.is_model_ready("a model.v1"))
        self.assertEqual(client.get_model_metadata("a model.v1")["name"], "a model.v1")
        client.unload_model("a model.v1")


class OnDisk(unittest.TestCase):
    """Changes in the repository's folder, each with a server of its own."""

    def setUp(self):
        self.repository = make_repository(["all_versions", "versions"])
        self.addCleanup(shutil.rmtree, self.repository)

    def start(self, *flags):
        server = Server("--models", self.repository, *flags)
        self.addCleanup(server.kill)
        return server, Control(server, "http")

    eventually = ServerTest.eventually

    def test_without_control_load_and_unload_are_refused(self):
        for flags in ((), ("--model-control", "none"), ("--model-control", "poll")):
            server, control = self.start(*flags)
            for kind, status in (("http", "503"), ("grpc", "StatusCode.UNAVAILABLE")):
                for call in (Control(server, kind).load_model, Control(server, kind).unload_model):
                    with self.assertRaises(InferenceServerException) as caught:
                        call("versions")
                    self.assertIn("explicit model load / unload is not allowed", caught.exception.message())
                    self.assertEqual(caught.exception.status(), status)
            self.assertEqual(control.added("versions"), (3, "3"))
            server.stop()

    def test_sighup_rescans(self):
        for flags in ((), ("--model-control", "poll", "--repository-poll-secs", "3600")):
            server, control = self.start(*flags)
            self.assertEqual(control.versions("versions"), ["3"])
            (self.repository / "versions" / "4").mkdir()
            (self.repository / "versions" / "4" / "model.onnx").write_bytes(plus_bytes(10))
            shutil.copytree(self.repository / "all_versions", self.repository / "new")
            self.assertEqual(control.versions("versions"), ["3"])
            server.send_signal(signal.SIGHUP)
            self.eventually(lambda: control.versions("versions") == ["4"], what="the new version")
            self.eventually(lambda: control.is_model_ready("new"), what="the new model")
            self.assertEqual(control.added("versions"), (10, "4"))
            shutil.rmtree(self.repository / "new")
            shutil.rmtree(self.repository / "versions" / "4")
            server.send_signal(signal.SIGHUP)
            self.eventually(lambda: not control.is_model_ready("new"), what="the model's end")
            self.eventually(lambda: control.versions("versions") == ["3"], what="the older version")
            server.stop()

    def test_polling_sees_changes(self):
        server, control = self.start("--model-control-mode", "poll", "--repository-poll-secs", "1")
        shutil.copytree(self.repository / "all_versions", self.repository / "new")
        self.eventually(lambda: control.is_model_ready("new"), what="the new model")
        shutil.rmtree(self.repository / "new")
        self.eventually(lambda: not control.is_model_ready("new"), what="the model's end")
        server.stop()

    def test_unload_works_when_the_files_are_gone(self):
        """KServe's puller removes the folder first."""
        server, control = self.start("--model-control", "explicit", "--load-model", "*")
        shutil.rmtree(self.repository / "versions")
        self.assertEqual(control.added("versions"), (3, "3"))
        control.unload_model("versions")
        self.eventually(lambda: not control.is_model_ready("versions"))
        self.assertEqual(control.added("all_versions"), (10, "10"))
        server.stop()

    def test_a_failed_reload_keeps_the_old_version(self):
        server, control = self.start("--model-control", "explicit", "--load-model", "*")
        path = self.repository / "versions" / "3" / "model.onnx"
        replacement = path.with_suffix(".new")
        replacement.write_bytes(b"garbage" * 100)
        os.replace(replacement, path)
        with self.assertRaises(InferenceServerException) as caught:
            control.load_model("versions")
        self.assertIn("versions", caught.exception.message())
        self.assertEqual(control.added("versions"), (3, "3"))
        replacement.write_bytes(plus_bytes(1))
        os.replace(replacement, path)
        control.load_model("versions")
        self.assertEqual(control.added("versions"), (1, "3"))
        server.stop()

    def test_reloads_under_load_fail_no_request(self):
        server, control = self.start("--model-control", "explicit", "--load-model", "*")
        failures, answers, over = [], [], threading.Event()

        def use():
            mine = Control(server, "http")
            while not over.is_set():
                try:
                    answers.append(mine.added("versions"))
                except Exception as error:
                    failures.append(error)
                    return

        threads = [threading.Thread(target=use) for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(20):
            config = json.dumps({"max_batch_size": 2 + number})
            control.load_model("versions", config=config)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual(set(answers), {(3, "3")})
        server.stop()


if __name__ == "__main__":
    main()

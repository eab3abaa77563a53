"""Statistics, log and trace settings over both protocols, and /metrics."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from google.protobuf import json_format
from tritonclient.utils import InferenceServerException

from onda_server import Server, ServerTest, main, make_repository
from raw_http import ask

DURATIONS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")


def numbers(message):
    """A protobuf message as the HTTP side spells it: 64-bit integers as numbers, defaults filled in."""

    def fix(value):
        if isinstance(value, dict):
            return {key: value[key] if key in ("name", "version") else fix(value[key]) for key in value}
        if isinstance(value, list):
            return [fix(item) for item in value]
        return int(value) if isinstance(value, str) and value.isdigit() else value

    return fix(
        json_format.MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    )


def infer(server, rows=1, model="simple", kind="http"):
    module = httpclient if kind == "http" else grpcclient
    with module.InferenceServerClient(getattr(server, kind)) as client:
        inputs = []
        for name in ("INPUT0", "INPUT1"):
            given = module.InferInput(name, [rows, 16], "INT32")
            given.set_data_from_numpy(np.zeros((rows, 16), np.int32))
            inputs.append(given)
        return client.infer(model, inputs)


class Statistics(unittest.TestCase):
    def setUp(self):
        repository = make_repository(["simple", "all_versions", "simple_string"])
        self.addCleanup(shutil.rmtree, repository)
        self.server = Server("--models", repository)
        self.addCleanup(self.server.kill)
        self.http = httpclient.InferenceServerClient(self.server.http)
        self.addCleanup(self.http.close)
        self.grpc = grpcclient.InferenceServerClient(self.server.grpc)
        self.addCleanup(self.grpc.close)

    def of(self, model, version=""):
        over_http = self.http.get_inference_statistics(model, version)["model_stats"]
        over_grpc = numbers(self.grpc.get_inference_statistics(model, version))["model_stats"]
        for entry in over_http:
            self.assertEqual(set(entry["inference_stats"]), set(DURATIONS))
            self.assertIsInstance(entry["response_stats"], dict)
            self.assertIsInstance(entry["memory_usage"], list)
        for ours, theirs in zip(over_http, over_grpc, strict=True):
            for key in (
                "name",
                "version",
                "inference_count",
                "execution_count",
                "inference_stats",
                "batch_stats",
                "last_inference",
            ):
                self.assertEqual(ours[key], theirs[key])
        return over_http

    def test_counts(self):
        [before] = self.of("simple")
        self.assertEqual((before["inference_count"], before["execution_count"], before["last_inference"]), (0, 0, 0))
        self.assertEqual(before["batch_stats"], [])
        start = time.time()
        for _ in range(3):
            infer(self.server, rows=4)
        infer(self.server, rows=1, kind="grpc")
        [after] = self.of("simple")
        self.assertEqual((after["inference_count"], after["execution_count"]), (13, 4))
        self.assertGreaterEqual(after["last_inference"], int(start * 1000) - 1)
        stats = after["inference_stats"]
        for name in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
            self.assertEqual(stats[name]["count"], 4, name)
        self.assertEqual(stats["fail"]["count"], 0)
        self.assertGreater(stats["compute_infer"]["ns"], 0)
        self.assertGreaterEqual(
            stats["success"]["ns"],
            sum(stats[name]["ns"] for name in ("queue", "compute_input", "compute_infer", "compute_output")),
        )
        batches = {entry["batch_size"]: entry["compute_infer"]["count"] for entry in after["batch_stats"]}
        self.assertEqual(batches, {1: 1, 4: 3})

    def test_a_failure_touches_only_fail(self):
        texts = np.array([["x"] * 16], np.object_)
        inputs = []
        for name in ("INPUT0", "INPUT1"):
            inputs.append(httpclient.InferInput(name, [1, 16], "BYTES"))
            inputs[-1].set_data_from_numpy(texts)
        with self.assertRaises(InferenceServerException):
            self.http.infer("simple_string", inputs)
        [stats] = self.of("simple_string")
        self.assertEqual(stats["inference_stats"]["fail"]["count"], 1)
        for name in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
            self.assertEqual(stats["inference_stats"][name]["count"], 0, name)
        self.assertEqual((stats["inference_count"], stats["execution_count"]), (0, 0))

    def test_all_models_and_versions(self):
        self.assertEqual(len(self.of("")), 6)
        self.assertEqual([entry["version"] for entry in self.of("all_versions")], ["1", "2", "3", "10"])
        self.assertEqual([entry["version"] for entry in self.of("all_versions", "2")], ["2"])

    def test_unknown(self):
        for client, statuses in (
            (self.http, ("400", "404")),
            (self.grpc, ("StatusCode.INVALID_ARGUMENT", "StatusCode.NOT_FOUND")),
        ):
            with self.assertRaises(InferenceServerException) as caught:
                client.get_inference_statistics("nothing")
            self.assertIn("requested model 'nothing' is not available", caught.exception.message())
            self.assertIn(caught.exception.status(), statuses)
            with self.assertRaises(InferenceServerException) as caught:
                client.get_inference_statistics("simple", "7")
            self.assertIn("requested model version is not available for model 'simple'", caught.exception.message())


class LogSettings(ServerTest):
    models = ["simple"]
    flags = ("--model-control", "explicit", "--load-model", "*")
    KEYS = {"log_file", "log_info", "log_warning", "log_error", "log_verbose_level", "log_format"}

    def test_get_and_update(self):
        """simple_http_... log settings: what is given changes, the rest stays, all is answered."""
        http = httpclient.InferenceServerClient(self.server.http)
        grpc = grpcclient.InferenceServerClient(self.server.grpc)
        self.addCleanup(http.close)
        self.addCleanup(grpc.close)
        first = http.get_log_settings()
        self.assertEqual(set(first), self.KEYS)
        self.assertEqual(set(grpc.get_log_settings().settings), self.KEYS)
        for changes in (
            {"log_info": False},
            {"log_verbose_level": 3},
            {"log_format": "ISO8601"},
            {"log_warning": False, "log_error": False},
        ):
            self.assertEqual(http.update_log_settings(changes), {**first, **changes})
            self.assertEqual(http.update_log_settings({key: first[key] for key in changes}), first)
            settings = grpc.update_log_settings(changes).settings
            got = {key: getattr(value, value.WhichOneof("parameter_choice")) for key, value in settings.items()}
            self.assertEqual({key: got[key] for key in changes}, changes)
            http.update_log_settings({key: first[key] for key in changes})
        self.assertEqual(http.get_log_settings(), first)

    def test_refusals(self):
        http = httpclient.InferenceServerClient(self.server.http)
        self.addCleanup(http.close)
        first = http.get_log_settings()
        for wrong, status in (
            ({"log_info": "yes"}, 400),
            ({"log_info": 1}, 400),
            ({"log_verbose_level": -1}, 400),
            ({"log_verbose_level": "1"}, 400),
            ({"log_format": "other"}, 400),
            ({"no_such": 1}, 400),
            ({"log_file": "/tmp/x"}, 501),
            ([], 400),
        ):
            response = ask(self.server, "POST", "/v2/logging", wrong)
            self.assertEqual(response.status, status, (wrong, response))
            if status == 501:
                self.assertIn("log file location can not be updated through network protocol", response.error())
        self.assertEqual(ask(self.server, "POST", "/v2/logging", {"log_file": None}).status, 200)
        self.assertEqual(http.get_log_settings(), first)
        grpc = grpcclient.InferenceServerClient(self.server.grpc)
        self.addCleanup(grpc.close)
        with self.assertRaises(InferenceServerException) as caught:
            grpc.update_log_settings({"log_file": "/tmp/x"})
        self.assertEqual(caught.exception.status(), "StatusCode.UNIMPLEMENTED")

    def test_changes_take_effect(self):
        """Loading a model is worth an informative line."""
        http = httpclient.InferenceServerClient(self.server.http)
        self.addCleanup(http.close)

        def lines_of_a_load():
            before = self.server.log().count('"simple"')
            http.unload_model("simple")
            http.load_model("simple")
            return self.server.log().count('"simple"') - before

        self.assertGreater(lines_of_a_load(), 0)
        http.update_log_settings({"log_info": False})
        self.assertEqual(lines_of_a_load(), 0)
        http.update_log_settings({"log_info": True})
        self.assertGreater(lines_of_a_load(), 0)


class TraceSettings(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.trace = pathlib.Path(self.folder.name, "trace.json")
        repository = make_repository(["simple", "addsub"])
        self.addCleanup(shutil.rmtree, repository)
        self.server = Server("--models", repository, "--trace-file", self.trace)
        self.addCleanup(self.server.kill)
        self.http = httpclient.InferenceServerClient(self.server.http)
        self.addCleanup(self.http.close)
        self.grpc = grpcclient.InferenceServerClient(self.server.grpc)
        self.addCleanup(self.grpc.close)

    def over_grpc(self, settings):
        return {key: list(value.value) for key, value in settings.settings.items()}

    def test_get_and_update(self):
        first = self.http.get_trace_settings()
        self.assertEqual(first["trace_level"], ["OFF"])
        self.assertEqual(first["trace_file"], str(self.trace))
        for key in ("trace_rate", "trace_count", "log_frequency", "trace_mode"):
            self.assertIsInstance(first[key], str)
        changed = self.http.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"], "trace_rate": "1"})
        self.assertEqual(changed, {**first, "trace_level": ["TIMESTAMPS"], "trace_rate": "1"})
        self.assertEqual(self.over_grpc(self.grpc.get_trace_settings())["trace_rate"], ["1"])
        model = self.grpc.update_trace_settings(model_name="simple", settings={"trace_rate": "7"})
        self.assertEqual(self.over_grpc(model)["trace_rate"], ["7"])
        self.assertEqual(self.http.get_trace_settings()["trace_rate"], "1")
        self.assertEqual(self.http.get_trace_settings("addsub")["trace_rate"], "1")
        self.assertEqual(self.http.get_trace_settings("simple")["trace_rate"], "7")
        cleared = self.http.update_trace_settings("simple", settings={"trace_rate": None})
        self.assertEqual(cleared["trace_rate"], "1")
        cleared = self.grpc.update_trace_settings(settings={"trace_rate": [], "trace_level": []})
        self.assertEqual(self.over_grpc(cleared)["trace_rate"], [first["trace_rate"]])

    def test_refusals(self):
        for wrong, status in (
            ({"trace_rate": "0"}, 400),
            ({"trace_rate": "-1"}, 400),
            ({"trace_rate": "x"}, 400),
            ({"trace_count": "-2"}, 400),
            ({"trace_level": ["OFF", "TIMESTAMPS"]}, 400),
            ({"trace_level": ["LOUD"]}, 400),
            ({"trace_level": ["TENSORS"]}, 501),
            ({"trace_file": "/tmp/x"}, 501),
            ({"no_such": "1"}, 400),
        ):
            response = ask(self.server, "POST", "/v2/trace/setting", wrong)
            self.assertEqual(response.status, status, (wrong, response))
        self.assertIn(
            "trace file location can not be updated through network protocol",
            ask(self.server, "POST", "/v2/trace/setting", {"trace_file": "/tmp/x"}).error(),
        )
        response = ask(self.server, "GET", "/v2/models/nothing/trace/setting")
        self.assertEqual(response.status, 400)
        self.assertIn("Request for unknown model : nothing", response.error())
        self.assertEqual(ask(self.server, "GET", "/v2/models/simple/versions/1/trace/setting").status, 404)
        with self.assertRaises(InferenceServerException) as caught:
            self.grpc.update_trace_settings(settings={"trace_rate": ["1", "2"]})
        self.assertEqual(caught.exception.status(), "StatusCode.INVALID_ARGUMENT")
        self.assertEqual(self.http.get_trace_settings()["trace_level"], ["OFF"])

    def test_sampled_requests_are_written_a_line_each(self):
        infer(self.server)
        self.http.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"], "trace_rate": "2", "trace_count": "3"})
        for _ in range(20):
            infer(self.server)
        self.server.stop()
        lines = [json.loads(line) for line in self.trace.read_text().splitlines()]
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertIsInstance(line, dict)
            self.assertIn("simple", json.dumps(line))


SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")


class Metrics(unittest.TestCase):
    def setUp(self):
        repository = make_repository(["simple", "simple_string"])
        self.addCleanup(shutil.rmtree, repository)
        self.server = Server("--models", repository)
        self.addCleanup(self.server.kill)

    def scrape(self):
        with urllib.request.urlopen(f"http://{self.server.metrics}/metrics") as response:
            self.assertIn("text/plain", response.headers["Content-Type"])
            return response.read().decode()

    def sample(self, name, **labels):
        """The one value of a metric with these labels and maybe more; None without one."""
        found = []
        for line in self.scrape().splitlines():
            match = SAMPLE.match(line)
            if match and match.group(1) == name:
                got = dict(re.findall(r'(\w+)="([^"]*)"', match.group(2) or ""))
                if labels.items() <= got.items():
                    found.append(float(match.group(3)))
        self.assertLessEqual(len(found), 1, (name, labels))
        return found[0] if found else None

    def test_counters_of_requests(self):
        labels = {"model": "simple", "version": "1"}
        for _ in range(3):
            infer(self.server, rows=4)
        self.assertEqual(self.sample("nv_inference_request_success", **labels), 3)
        self.assertEqual(self.sample("nv_inference_count", **labels), 12)
        self.assertEqual(self.sample("nv_inference_exec_count", **labels), 3)
        self.assertEqual(self.sample("nv_inference_pending_request_count", **labels), 0)
        for name in ("request", "queue", "compute_input", "compute_infer", "compute_output"):
            self.assertIsNotNone(self.sample(f"nv_inference_{name}_duration_us", **labels), name)
        self.assertGreater(self.sample("nv_inference_request_duration_us", **labels), 0)
        for reason in ("REJECTED", "CANCELED", "BACKEND", "OTHER"):
            self.assertEqual(self.sample("nv_inference_request_failure", reason=reason, **labels), 0)

    def test_failures_by_reason_with_sorted_labels(self):
        response = ask(
            self.server,
            "POST",
            "/v2/models/simple_string/infer",
            {
                "inputs": [
                    {"name": name, "shape": [1, 16], "datatype": "BYTES", "data": ["x"] * 16}
                    for name in ("INPUT0", "INPUT1")
                ]
            },
        )
        self.assertEqual(response.status, 500)
        self.assertIn(
            'nv_inference_request_failure{model="simple_string",reason="BACKEND",version="1"} 1', self.scrape()
        )

    def test_every_sample_has_help_and_type_and_a_number(self):
        infer(self.server)
        helped, typed, samples = set(), {}, 0
        for line in self.scrape().splitlines():
            if line.startswith("# HELP "):
                helped.add(line.split(" ")[2])
            elif line.startswith("# TYPE "):
                typed[line.split(" ")[2]] = line.split(" ")[3]
            elif line:
                match = SAMPLE.match(line)
                self.assertIsNotNone(match, line)
                float(match.group(3))
                base = re.sub(r"_(bucket|sum|count)$", "", match.group(1))
                name = match.group(1) if match.group(1) in typed else base
                self.assertIn(name, typed)
                self.assertIn(name, helped)
                samples += 1
        self.assertGreater(samples, 20)
        self.assertEqual(typed["nv_inference_request_success"], "counter")
        self.assertEqual(typed["nv_inference_pending_request_count"], "gauge")

    def test_process_basics(self):
        self.assertGreater(self.sample("process_resident_memory_bytes"), 1 << 20)
        self.assertGreater(self.sample("process_start_time_seconds"), 1.6e9)
        self.assertGreaterEqual(self.sample("process_cpu_seconds_total"), 0)
        self.assertGreater(self.sample("process_open_fds"), 5)

    def test_only_get_and_only_metrics(self):
        for method, path, status in (("POST", "/metrics", 405), ("PUT", "/metrics", 405), ("GET", "/other", 404)):
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(
                    urllib.request.Request(
                        f"http://{self.server.metrics}{path}", method=method, data=b"" if method != "GET" else None
                    )
                )
            self.assertEqual(caught.exception.code, status)
            caught.exception.close()

    @unittest.skipUnless(shutil.which("promtool"), "needs promtool")
    def test_promtool_reads_it(self):
        infer(self.server)
        checked = subprocess.run(["promtool", "check", "metrics"], input=self.scrape(), text=True, capture_output=True)
        self.assertIn(checked.returncode, (0, 3), checked.stdout + checked.stderr)


if __name__ == "__main__":
    main()

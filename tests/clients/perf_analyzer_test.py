"""perf_analyzer, and with it Triton's C++ client, in short runs: no error, and requests were answered."""

import csv
import os
import pathlib
import subprocess
import tempfile

from onda_server import ServerTest, main

PERF_ANALYZER = pathlib.Path(os.environ["ONDA_CLIENTS"], "bin", "perf_analyzer")


class PerfAnalyzer(ServerTest):
    models = ["simple", "addsub", "simple_string", "identity_fp32", "identity_bytes", "all_versions", "batched"]
    flags = ("--allow-client-shm=true",)

    def measure(self, model, *flags, kind="http"):
        """Runs it and returns the inferences a second that it reports."""
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder, "report.csv")
            command = [
                str(PERF_ANALYZER),
                "-m",
                model,
                "-i",
                kind,
                "-u",
                getattr(self.server, kind),
                "-f",
                str(report),
                "--request-count",
                "100",
                *flags,
            ]
            run = subprocess.run(command, capture_output=True, text=True, timeout=120)
            output = run.stdout + run.stderr
            self.assertEqual(run.returncode, 0, f"{' '.join(command)}\n{output}")
            for word in ("error", "Error", "failed", "Failed"):
                self.assertNotIn(word, output)
            with open(report) as file:
                rows = list(csv.DictReader(file))
        self.assertGreaterEqual(len(rows), 1, output)
        for row in rows:
            self.assertGreater(float(row["Inferences/Second"]), 0, output)
        self.server.check()
        return rows, output

    def test_http_binary_and_json(self):
        for given in ("binary", "json"):
            for wanted in ("binary", "json"):
                with self.subTest(given=given, wanted=wanted):
                    self.measure(
                        "simple",
                        "--concurrency-range",
                        "2",
                        "--input-tensor-format",
                        given,
                        "--output-tensor-format",
                        wanted,
                    )

    def test_grpc(self):
        self.measure("simple", "--concurrency-range", "2", kind="grpc")

    def test_batches(self):
        for kind in ("http", "grpc"):
            rows, _ = self.measure("simple", "-b", "8", kind=kind)
            self.assertGreater(float(rows[0]["Inferences/Second"]), 8)

    def test_system_shared_memory(self):
        for kind in ("http", "grpc"):
            with self.subTest(kind):
                self.measure("simple", "--shared-memory", "system", "--concurrency-range", "2", kind=kind)

    def test_shared_memory_for_variable_sizes(self):
        for kind in ("http", "grpc"):
            with self.subTest(kind):
                self.measure(
                    "identity_fp32",
                    "--shape",
                    "x:100",
                    "--shared-memory",
                    "system",
                    "--output-shared-memory-size",
                    "4096",
                    kind=kind,
                )

    def test_async_and_streaming(self):
        for kind in ("http", "grpc"):
            with self.subTest(kind):
                self.measure("simple", "--async", "--concurrency-range", "8", kind=kind)
        self.measure("simple", "--streaming", "--async", "--concurrency-range", "4", kind="grpc")

    def test_grpc_compression(self):
        for algorithm in ("gzip", "deflate"):
            with self.subTest(algorithm):
                self.measure("simple", "--grpc-compression-algorithm", algorithm, kind="grpc")

    def test_strings(self):
        for kind in ("http", "grpc"):
            with self.subTest(kind):
                self.measure("identity_bytes", "--shape", "x:5", "--string-length", "20", kind=kind)
                self.measure("simple_string", "--string-data", "7", kind=kind)

    def test_a_model_without_a_config_and_one_version_of_several(self):
        for kind in ("http", "grpc"):
            with self.subTest(kind):
                self.measure("addsub", kind=kind)
                self.measure("all_versions", "-x", "2", kind=kind)

    def test_server_side_statistics_are_reported(self):
        for kind in ("http", "grpc"):
            with self.subTest(kind):
                rows, output = self.measure("simple", "--concurrency-range", "2", kind=kind)
                self.assertIn("Server:", output)
                self.assertIn("Inference count:", output)
                self.assertIn("Server Compute Infer", rows[0])

    def test_dynamic_batching_joins_requests(self):
        _, output = self.measure("batched", "--concurrency-range", "8", "--async")
        counts = {
            line.split(":")[0].strip(): int(line.split(":")[1])
            for line in output.splitlines()
            if line.strip().startswith(("Inference count:", "Execution count:"))
        }
        self.assertGreater(counts["Inference count"], 2 * counts["Execution count"])

    def test_request_rate_and_metrics(self):
        self.measure("simple", "--request-rate-range", "100")
        self.measure(
            "simple",
            "--collect-metrics",
            "--metrics-url",
            f"{self.server.metrics}/metrics",
            "--metrics-interval",
            "100",
            "--verbose-csv",
        )

    def test_an_unknown_model_is_an_error_with_our_text(self):
        for kind in ("http", "grpc"):
            run = subprocess.run(
                [str(PERF_ANALYZER), "-m", "nothing", "-i", kind, "-u", getattr(self.server, kind)],
                capture_output=True,
                text=True,
                timeout=60,
            )
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("Request for unknown model: 'nothing' is not found", run.stdout + run.stderr)


if __name__ == "__main__":
    main()

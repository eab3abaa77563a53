"""Queues and batches as clients see them: whose answer is whose, refusals, time limits, priorities."""

import concurrent.futures
import json
import queue
import threading
import time
import urllib.request

import numpy as np
import tritonclient.grpc as grpcclient
from tritonclient.utils import InferenceServerException

from onda_server import ServerTest, main
from raw_http import Connection, ask, floats, request


def infer(server, model, rows, **parameters):
    rows = np.asarray(rows, np.float32)
    body = {"inputs": [floats("x", list(rows.shape), rows.reshape(-1).tolist())]}
    if parameters:
        body["parameters"] = parameters
    return ask(server, "POST", f"/v2/models/{model}/infer", body)


def statistics(server, model):
    return ask(server, "GET", f"/v2/models/{model}/stats").json()["model_stats"][0]


def output(response):
    [made] = response.json()["outputs"]
    return np.array(made["data"], np.float32).reshape(made["shape"])


def together(count, work):
    """work(0) … work(count - 1) on as many threads, started at once."""
    barrier = threading.Barrier(count)

    def one(number):
        barrier.wait()
        return work(number)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


class Batching(ServerTest):
    models = [
        "batched",
        "reduces_batch",
        "transposes_batch",
        "drops_first",
        "plain_reduces_batch",
        "plain_drops_first",
        "plain_transposes_batch",
        "all_versions",
    ]

    def test_requests_are_joined_and_each_gets_its_own_rows(self):
        before = statistics(self.server, "batched")
        rows = {number: np.full((1 + number % 3, 4), number, np.float32) for number in range(24)}
        answers = together(24, lambda number: infer(self.server, "batched", rows[number]))
        for number, answer in enumerate(answers):
            self.assertEqual(answer.status, 200, answer)
            np.testing.assert_array_equal(output(answer), rows[number])
        after = statistics(self.server, "batched")
        executions = after["execution_count"] - before["execution_count"]
        self.assertEqual(after["inference_count"] - before["inference_count"], sum(len(r) for r in rows.values()))
        self.assertLess(executions, 20)
        self.assertGreater(max(entry["batch_size"] for entry in after["batch_stats"]), 1)
        self.assertLessEqual(max(entry["batch_size"] for entry in after["batch_stats"]), 8)

    def test_one_bad_request_does_not_fail_the_others(self):
        def one(number):
            if number % 3 == 0:
                return ask(self.server, "POST", "/v2/models/batched/infer", {"inputs": [floats("x", [1, 5], [1] * 5)]})
            return infer(self.server, "batched", [[number] * 4])

        for number, answer in enumerate(together(12, one)):
            if number % 3 == 0:
                self.assertEqual(answer.status, 400)
            else:
                np.testing.assert_array_equal(output(answer), [[number] * 4])

    def alone(self, model, rows):
        """What the model makes of these rows and no others."""
        rows = np.asarray(rows, np.float32)
        if model == "reduces_batch":
            return rows.sum(0, keepdims=True)
        return rows.T if model == "transposes_batch" else rows[1:]

    def test_models_that_only_look_batchable_mix_no_answers(self):
        """Joined, these models' outputs cannot be split: each request must be answered as if it were alone."""
        for model in ("reduces_batch", "transposes_batch", "drops_first"):
            with self.subTest(model):
                self.check_not_mixed(model)
                self.check_not_mixed(model)

    def check_not_mixed(self, model):
        size = 4 if model == "transposes_batch" else 2
        rows = [np.random.default_rng(number).integers(1, 1000, (size, 4)).astype(np.float32) for number in range(8)]
        for number, answer in enumerate(together(8, lambda number: infer(self.server, model, rows[number]))):
            self.assertEqual(answer.status, 200, answer)
            np.testing.assert_array_equal(output(answer), self.alone(model, rows[number]))

    def test_batching_is_switched_off_and_logged_where_outputs_cannot_be_split(self):
        rows = [[[1, 2, 3, 4]], [[5, 6, 7, 8]]]
        for _ in range(3):
            together(2, lambda number: infer(self.server, "reduces_batch", rows[number]))
        self.assertIn("reduces_batch", self.server.log())

    def test_without_batching_such_models_are_served_as_they_are(self):
        for model in ("reduces_batch", "transposes_batch", "drops_first"):
            rows = np.arange(12, dtype=np.float32).reshape(3, 4)
            answer = infer(self.server, f"plain_{model}", rows)
            self.assertEqual(answer.status, 200, answer)
            np.testing.assert_array_equal(output(answer), self.alone(model, rows))

    def test_order_on_one_connection_is_kept(self):
        with Connection(self.server) as connection:
            for number in range(16):
                body = json.dumps({"inputs": [floats("x", [1, 4], [number] * 4)]}).encode()
                connection.send(request("POST", "/v2/models/batched/infer", body))
            for number in range(16):
                np.testing.assert_array_equal(output(connection.response()), [[number] * 4])

    def test_streams_over_a_batched_model_keep_their_order(self):
        answers = queue.Queue()
        with grpcclient.InferenceServerClient(self.server.grpc) as client:
            client.start_stream(lambda result, error: answers.put((result, error)))
            for number in range(32):
                given = grpcclient.InferInput("x", [1, 4], "FP32")
                given.set_data_from_numpy(np.full((1, 4), number, np.float32))
                client.async_stream_infer("batched", [given], request_id=str(number))
            for number in range(32):
                result, error = answers.get(timeout=60)
                self.assertIsNone(error)
                self.assertEqual(result.get_response().id, str(number))
                np.testing.assert_array_equal(result.as_numpy("y"), [[number] * 4])
            client.stop_stream()


class Queues(ServerTest):
    models = ["queued", "timed", "prioritised", "all_versions"]

    def test_a_full_queue_answers_at_once_and_says_when_to_come_again(self):
        answers = together(12, lambda number: infer(self.server, "queued", [[number] * 4]))
        statuses = [answer.status for answer in answers]
        self.assertEqual(set(statuses), {200, 503})
        for number, answer in enumerate(answers):
            if answer.status == 503:
                self.assertIn("Exceeds maximum queue size", answer.error())
                self.assertIn("retry-after", answer.headers)
            else:
                np.testing.assert_array_equal(output(answer), [[number] * 4])
        text = metrics(self.server)
        self.assertIn(
            'nv_inference_request_failure{model="queued",reason="REJECTED",version="1"} ' + str(statuses.count(503)),
            text,
        )

    def test_a_full_queue_over_grpc(self):
        def one(number):
            with grpcclient.InferenceServerClient(self.server.grpc) as client:
                given = grpcclient.InferInput("x", [1, 4], "FP32")
                given.set_data_from_numpy(np.full((1, 4), number, np.float32))
                try:
                    np.testing.assert_array_equal(client.infer("queued", [given]).as_numpy("y"), [[number] * 4])
                    return "OK"
                except InferenceServerException as error:
                    self.assertIn("Exceeds maximum queue size", error.message())
                    return error.status()

        statuses = set(together(12, one))
        self.assertIn("OK", statuses)
        self.assertLessEqual(statuses - {"OK"}, {"StatusCode.RESOURCE_EXHAUSTED", "StatusCode.UNAVAILABLE"})
        self.assertEqual(len(statuses), 2)

    def test_a_request_that_waited_longer_than_its_timeout(self):
        def one(number):
            if number < 6:
                return infer(self.server, "timed", [[number] * 4])
            time.sleep(0.05)
            return infer(self.server, "timed", [[number] * 4], timeout=1)

        answers = together(8, one)
        self.assertEqual([answer.status for answer in answers[:6]], [200] * 6)
        for answer in answers[6:]:
            self.assertEqual(answer.status, 503, answer)
            self.assertEqual(answer.error(), "Request timeout expired")

    def test_a_timeout_over_grpc_is_unavailable(self):
        def one(number):
            with grpcclient.InferenceServerClient(self.server.grpc) as client:
                given = grpcclient.InferInput("x", [1, 4], "FP32")
                given.set_data_from_numpy(np.full((1, 4), number, np.float32))
                if number < 4:
                    client.infer("timed", [given])
                    return
                time.sleep(0.05)
                with self.assertRaises(InferenceServerException) as caught:
                    client.infer("timed", [given], timeout=1)
                self.assertEqual(caught.exception.status(), "StatusCode.UNAVAILABLE")
                self.assertEqual(caught.exception.message(), "Request timeout expired")

        together(5, one)

    def test_a_higher_priority_passes_those_that_wait(self):
        ended, lock = [], threading.Lock()

        def one(number):
            if number:
                time.sleep(0.02)
            if number == 11:
                time.sleep(0.02)
            answer = infer(self.server, "prioritised", [[number] * 4], priority=1 if number == 11 else 2)
            with lock:
                ended.append(number)
            return answer.status

        self.assertEqual(together(12, one), [200] * 12)
        self.assertLess(ended.index(11), 6)

    def test_each_level_has_its_own_queue_policy(self):
        answers = together(
            12, lambda number: infer(self.server, "prioritised", [[number] * 4], priority=3 if number % 2 else 1).status
        )
        self.assertEqual(set(answers[0::2]), {200})
        self.assertIn(503, answers[1::2])

    def test_requests_whose_client_is_gone_do_not_run(self):
        before = statistics(self.server, "timed")["execution_count"]
        body = json.dumps({"inputs": [floats("x", [1, 4], [1] * 4)]}).encode()
        connections = [Connection(self.server) for _ in range(40)]
        for connection in connections:
            connection.send(request("POST", "/v2/models/timed/infer", body))
        for connection in connections:
            connection.socket.close()
        self.assertEqual(infer(self.server, "timed", [[1] * 4]).status, 200)
        self.assertLess(statistics(self.server, "timed")["execution_count"] - before, 20)


def metrics(server):
    with urllib.request.urlopen(f"http://{server.metrics}/metrics") as response:
        return response.read().decode()


if __name__ == "__main__":
    main()

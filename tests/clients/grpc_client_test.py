"""tritonclient.grpc: what its own examples do, every element type, streams."""

import queue
import threading
import time

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
from tritonclient.grpc._utils import _get_inference_request
from tritonclient.utils import InferenceServerException

import tensor_values
from onda_server import ServerTest, main
from tensor_values import assert_same, datatype

MODELS = [
    *[f"identity_{name}" for name in tensor_values.NAMES],
    "simple",
    "simple_string",
    "simple_identity",
    "scalar",
    "versions",
    "all_versions",
    "classes",
    "optional_input",
    "reshaped",
    "not_finite",
    "slow",
    "addsub",
    "fixed",
]

INT32_MAX = 2**31 - 1

#: More rounds than any test waits for.
FOR_EVER = 100_000_000


def tensor(name, array):
    made = grpcclient.InferInput(name, list(array.shape), datatype(array))
    made.set_data_from_numpy(array)
    return made


def requested(name, **fields):
    return grpcclient.InferRequestedOutput(name, **fields)


def simple_inputs(rows=1):
    first = np.arange(rows * 16, dtype=np.int32).reshape(rows, 16)
    second = np.full((rows, 16), -1, np.int32)
    return first, second, [tensor("INPUT0", first), tensor("INPUT1", second)]


def slow_inputs(rounds):
    return [tensor("x", np.float32([1])), tensor("rounds", np.int64([rounds]))]


class Refused:
    """Expects the client to raise a status with a text that has all the fragments."""

    def __init__(self, test, status, fragments):
        self.test, self.status, self.fragments = test, status, fragments

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.test.assertIsInstance(error, InferenceServerException)
        self.test.assertEqual(error.status(), "StatusCode." + self.status, error)
        for fragment in self.fragments:
            self.test.assertIn(fragment, error.message())
        return True


class GrpcClientTest(ServerTest):
    models = MODELS

    def setUp(self):
        self.client = grpcclient.InferenceServerClient(self.server.grpc)
        self.addCleanup(self.client.close)

    def refused(self, *fragments, status="INVALID_ARGUMENT"):
        return Refused(self, status, fragments)


class Health(GrpcClientTest):
    def test_server_and_models_are_ready(self):
        self.assertTrue(self.client.is_server_live(headers={"test": "1", "dummy": "2"}))
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_model_ready("simple"))
        self.assertTrue(self.client.is_model_ready("versions", "3"))

    def test_an_unknown_model_is_not_ready_and_no_error(self):
        self.assertFalse(self.client.is_model_ready("nothing"))
        self.assertFalse(self.client.is_model_ready("versions", "1"))

    def test_metadata(self):
        metadata = self.client.get_server_metadata()
        self.assertTrue(metadata.name)
        self.assertIn("statistics", metadata.extensions)
        model = self.client.get_model_metadata("simple", as_json=True)
        self.assertEqual(model["inputs"][0], {"name": "INPUT0", "datatype": "INT32", "shape": ["-1", "16"]})
        self.assertEqual(model["platform"], "onnxruntime_onnx")
        self.assertEqual(self.client.get_model_metadata("all_versions").versions, ["1", "2", "3", "10"])
        scalar = self.client.get_model_metadata("scalar")
        self.assertEqual(list(scalar.inputs[0].shape), [])

    def test_config(self):
        config = self.client.get_model_config("simple").config
        self.assertEqual((config.name, config.max_batch_size, config.backend), ("simple", 8, "onnxruntime"))
        self.assertEqual([(i.name, list(i.dims)) for i in config.input], [("INPUT0", [16]), ("INPUT1", [16])])
        self.assertEqual(config.version_policy.latest.num_versions, 1)
        self.assertFalse(config.HasField("dynamic_batching"))
        for name in tensor_values.NAMES:
            expected = datatype(tensor_values.matrix(name))
            config = self.client.get_model_config(f"identity_{name}", as_json=True)["config"]
            self.assertEqual(
                config["input"][0]["data_type"], "TYPE_STRING" if expected == "BYTES" else "TYPE_" + expected
            )

    def test_config_is_the_same_over_http(self):
        client = httpclient.InferenceServerClient(self.server.http)
        self.addCleanup(client.close)
        for model in MODELS:
            ours = self.client.get_model_config(model).config
            theirs = client.get_model_config(model)
            with self.subTest(model):
                self.assertEqual(ours.max_batch_size, theirs["max_batch_size"])
                self.assertEqual([list(i.dims) for i in ours.input], [i["dims"] for i in theirs["input"]])
                self.assertEqual([i.optional for i in ours.input], [i["optional"] for i in theirs["input"]])
                self.assertEqual(
                    [o.label_filename for o in ours.output], [o["label_filename"] for o in theirs["output"]]
                )

    def test_unknown_models_are_named(self):
        for call in (self.client.get_model_metadata, self.client.get_model_config):
            with self.refused("Request for unknown model: 'nothing' is not found", status="NOT_FOUND"):
                call("nothing")
            with self.refused("Request for unknown model: 'versions' version 9 is not found", status="NOT_FOUND"):
                call("versions", "9")


class Inference(GrpcClientTest):
    def test_every_type(self):
        for name in tensor_values.NAMES:
            array = tensor_values.matrix(name)
            with self.subTest(name):
                result = self.client.infer(f"identity_{name}", [tensor("x", array)])
                assert_same(self, result.as_numpy("y"), array)
                response = result.get_response()
                self.assertEqual(len(response.raw_output_contents), 1)
                self.assertFalse(response.outputs[0].HasField("contents"))

    def test_zero_elements(self):
        for name in tensor_values.NAMES:
            array = np.zeros((1, 0), tensor_values.matrix(name).dtype)
            with self.subTest(name):
                response = self.client.infer(f"identity_{name}", [tensor("x", array)]).get_response()
                self.assertEqual(list(response.outputs[0].shape), [1, 0])
                self.assertEqual(list(response.raw_output_contents), [b""])

    def test_scalar(self):
        result = self.client.infer("scalar", [tensor("x", np.array(21, np.float32))])
        self.assertEqual(list(result.get_output("y").shape), [])
        self.assertEqual(float(result.as_numpy("y")), 42)

    def test_two_inputs_two_outputs(self):
        """simple_grpc_infer_client"""
        first, second, inputs = simple_inputs()
        for compression in (None, "gzip", "deflate"):
            result = self.client.infer(
                "simple",
                inputs,
                outputs=[requested("OUTPUT0"), requested("OUTPUT1")],
                headers={"test": "1"},
                compression_algorithm=compression,
            )
            np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + second)
            np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)
        response = result.get_response()
        self.assertEqual((response.model_name, response.model_version, response.id), ("simple", "1", ""))

    def test_only_requested_outputs_are_sent_as_they_were_listed(self):
        first, second, inputs = simple_inputs()
        result = self.client.infer("simple", inputs, outputs=[requested("OUTPUT1")])
        self.assertIsNone(result.as_numpy("OUTPUT0"))
        np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)
        result = self.client.infer("simple", inputs, outputs=[requested("OUTPUT1"), requested("OUTPUT0")])
        self.assertEqual([output.name for output in result.get_response().outputs], ["OUTPUT1", "OUTPUT0"])
        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + second)

    def test_ids_and_parameters(self):
        _, _, inputs = simple_inputs()
        result = self.client.infer(
            "simple",
            inputs,
            request_id="é 7",
            priority=1,
            timeout=10_000_000,
            sequence_id=3,
            sequence_start=True,
            sequence_end=True,
            parameters={"text": "x", "number": 3, "real": 0.5, "yes": True},
        )
        self.assertEqual(result.get_response().id, "é 7")
        self.client.infer("simple", inputs, sequence_id="a text")

    def test_the_cpp_client_parameter_is_taken_and_others_of_its_kind_are_not(self):
        _, _, inputs = simple_inputs()
        made = _get_inference_request("simple", inputs, "", "", None, 0, False, False, 0, None, None)
        made.parameters["triton_enable_empty_final_response"].bool_param = True
        self.assertEqual(len(self.client._client_stub.ModelInfer(made).outputs), 2)
        made.parameters["triton_other"].bool_param = True
        with self.assertRaises(Exception) as caught:
            self.client._client_stub.ModelInfer(made)
        self.assertEqual(caught.exception.code().name, "INVALID_ARGUMENT")
        self.assertIn("reserved for Triton usage", caught.exception.details())

    def test_strings(self):
        """simple_grpc_string_infer_client"""
        numbers = np.arange(16)
        texts = np.array([[str(number).encode() for number in numbers]], np.object_)
        ones = np.array([[b"1"] * 16], np.object_)
        result = self.client.infer("simple_string", [tensor("INPUT0", texts), tensor("INPUT1", ones)])
        self.assertEqual([int(item) for item in result.as_numpy("OUTPUT0")[0]], (numbers + 1).tolist())
        self.assertEqual([int(item) for item in result.as_numpy("OUTPUT1")[0]], (numbers - 1).tolist())

    def test_versions_optional_inputs_reshape(self):
        x = np.zeros((1, 4), np.float32)
        for version, expected in (("", "10"), ("1", "1"), ("10", "10")):
            result = self.client.infer("all_versions", [tensor("x", x)], model_version=version)
            self.assertEqual(result.get_response().model_version, expected)
            self.assertEqual(result.as_numpy("y").tolist(), [[float(expected)] * 4])
        self.assertEqual(
            self.client.infer("optional_input", [tensor("x", x)]).as_numpy("y").tolist(), [[10, 20, 30, 40]]
        )
        column = np.float32([[1], [2]])
        assert_same(self, self.client.infer("reshaped", [tensor("x", column)]).as_numpy("y"), 2 * column)

    def test_classification(self):
        x = np.float32([[0.25, 1, -3, 7], [4, 3, 2, 1]])
        result = self.client.infer(
            "classes",
            [tensor("x", x)],
            outputs=[requested("scores", class_count=2), requested("counts", class_count=9)],
        )
        self.assertEqual(result.get_output("scores").datatype, "BYTES")
        self.assertEqual(
            result.as_numpy("scores").tolist(),
            [[b"7.000000:3", b"1.000000:1:dog"], [b"4.000000:0:cat", b"3.000000:1:dog"]],
        )
        self.assertEqual(result.as_numpy("counts").shape, (2, 4))
        with self.refused("class result not available for output due to unsupported type", "BOOL"):
            self.client.infer("classes", [tensor("x", x)], outputs=[requested("flags", class_count=1)])

    def test_messages_beyond_the_default_limit_of_4_mib(self):
        array = np.random.default_rng(0).standard_normal((8, 2_000_000)).astype(np.float32)
        result = self.client.infer("identity_fp32", [tensor("x", array)])
        assert_same(self, result.as_numpy("y"), array)

    def test_async_infer(self):
        """simple_grpc_async_infer_client"""
        results = queue.Queue()
        for number in range(64):
            array = np.full((1, 16), number, np.int32)
            self.client.async_infer(
                "simple",
                [tensor("INPUT0", array), tensor("INPUT1", array)],
                lambda result, error: results.put((result, error)),
                request_id=str(number),
            )
        seen = set()
        for _ in range(64):
            result, error = results.get(timeout=60)
            self.assertIsNone(error)
            number = int(result.get_response().id)
            self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[2 * number] * 16])
            seen.add(number)
        self.assertEqual(len(seen), 64)

    def test_objects_may_be_used_again(self):
        first, second, inputs = simple_inputs()
        for _ in range(3):
            np.testing.assert_array_equal(self.client.infer("simple", inputs).as_numpy("OUTPUT0"), first + second)
        inputs[0].set_data_from_numpy(second)
        np.testing.assert_array_equal(self.client.infer("simple", inputs).as_numpy("OUTPUT0"), 2 * second)

    def test_keepalive(self):
        """simple_grpc_keepalive_client"""
        options = grpcclient.KeepAliveOptions(
            keepalive_time_ms=INT32_MAX,
            keepalive_timeout_ms=20000,
            keepalive_permit_without_calls=False,
            http2_max_pings_without_data=2,
        )
        with grpcclient.InferenceServerClient(self.server.grpc, keepalive_options=options) as client:
            first, second, inputs = simple_inputs()
            np.testing.assert_array_equal(client.infer("simple", inputs).as_numpy("OUTPUT0"), first + second)

    def test_memory_does_not_grow(self):
        _, _, inputs = simple_inputs(rows=8)
        for _ in range(500):
            self.client.infer("simple", inputs)
        before = self.server.resident_bytes()
        for _ in range(3000):
            self.client.infer("simple", inputs)
        self.assertLess(self.server.resident_bytes() - before, 8 << 20)


class Refusals(GrpcClientTest):
    def test_inputs(self):
        first, second, inputs = simple_inputs()
        with self.refused("expected 2 inputs but got 1 inputs for model 'simple'"):
            self.client.infer("simple", inputs[:1])
        with self.refused("unexpected inference input 'OTHER' for model 'simple'"):
            self.client.infer("simple", [inputs[0], tensor("OTHER", second)])
        with self.refused("input 'INPUT0' already exists in request"):
            self.client.infer("simple", [inputs[0], inputs[0]])
        with self.refused("data-type is 'FP32', but model 'simple' expects 'INT32'"):
            self.client.infer("simple", [inputs[0], tensor("INPUT1", second.astype(np.float32))])
        with self.refused("unexpected shape for input 'INPUT1' for model 'simple'. Expected [-1,16], got [1,8]"):
            self.client.infer("simple", [inputs[0], tensor("INPUT1", second[:, :8].copy())])
        with self.refused("inference request batch-size must be <= 8 for 'simple'"):
            self.client.infer("simple", simple_inputs(rows=9)[2])

    def test_outputs(self):
        _, _, inputs = simple_inputs()
        with self.refused("unexpected inference output 'NONE' for model"):
            self.client.infer("simple", inputs, outputs=[requested("NONE")])
        with self.refused("output 'OUTPUT0' already exists in request"):
            self.client.infer("simple", inputs, outputs=[requested("OUTPUT0"), requested("OUTPUT0")])

    def test_models_and_versions(self):
        _, _, inputs = simple_inputs()
        with self.refused("Request for unknown model: 'nothing' is not found", status="NOT_FOUND"):
            self.client.infer("nothing", inputs)
        with self.refused("Request for unknown model: 'simple' version 7 is not found", status="NOT_FOUND"):
            self.client.infer("simple", inputs, model_version="7")
        for version in ("-1", "text"):
            with self.subTest(version), self.refused():
                self.client.infer("simple", inputs, model_version=version)

    def test_a_failure_of_the_runtime_is_internal(self):
        texts = np.array([[b"x"] * 16], np.object_)
        with self.refused(status="INTERNAL"):
            self.client.infer("simple_string", [tensor("INPUT0", texts), tensor("INPUT1", texts)])

    def test_bytes_tensors_that_lie(self):
        good = tensor("INPUT0", np.array([[b"abc", b"de"]], np.object_))
        raw = good._get_content()
        for wrong in (raw[:-1], raw[:5], raw + b"\0", raw + raw[:7], raw[:7], b"\xff\xff\xff\xff" + raw[4:], b""):
            with self.subTest(wrong), self.refused():
                good._raw_content = wrong
                self.client.infer("simple_identity", [good])

    def test_bool_bytes_other_than_0_and_1(self):
        given = tensor("x", np.array([[True, False]]))
        given._raw_content = b"\x01\x02"
        with self.refused():
            self.client.infer("identity_bool", [given])

    def test_sizes_that_lie(self):
        given = tensor("x", np.float32([[1, 2]]))
        for raw in (b"\0" * 7, b"\0" * 9, b"\0" * 4, b""):
            given._raw_content = raw
            with self.subTest(len(raw)), self.refused(
                f"input byte size mismatch for input 'x' for model 'identity_fp32'. Expected 8, got {len(raw)}"
            ):
                self.client.infer("identity_fp32", [given])


class Cancellation(GrpcClientTest):
    def test_client_timeout(self):
        """client_timeout_test: each call of it ends, the server goes on."""
        with self.refused(status="DEADLINE_EXCEEDED"):
            self.client.infer("slow", slow_inputs(FOR_EVER), client_timeout=0.3)
        self.assertEqual(self.client.infer("slow", slow_inputs(1)).as_numpy("y").tolist(), [1])

    def test_cancel(self):
        """simple_grpc_async_infer_client with cancel: more than there are cores, all freed."""
        ended = queue.Queue()
        calls = [
            self.client.async_infer("slow", slow_inputs(FOR_EVER), lambda result, error: ended.put(error))
            for _ in range(6)
        ]
        time.sleep(0.2)
        for call in calls:
            call.cancel()
        for _ in calls:
            self.assertEqual(ended.get(timeout=30).status(), "StatusCode.CANCELLED")
        self.assertEqual(self.client.infer("slow", slow_inputs(1), client_timeout=60).as_numpy("y").tolist(), [1])


class Streams(GrpcClientTest):
    def setUp(self):
        super().setUp()
        self.answers = queue.Queue()

    def start(self, **fields):
        self.client.start_stream(lambda result, error: self.answers.put((result, error)), **fields)

    def answer(self):
        return self.answers.get(timeout=60)

    def send(self, number, model="simple", **fields):
        array = np.full((1, 16), number, np.int32)
        self.client.async_stream_infer(
            model, [tensor("INPUT0", array), tensor("INPUT1", array)], request_id=str(number), **fields
        )

    def stop(self):
        """A server that does not end a half-closed stream hangs the client: that must not hang the test."""
        done = threading.Thread(target=self.client.stop_stream, daemon=True)
        done.start()
        done.join(60)
        self.assertFalse(done.is_alive(), "the stream does not end")

    def test_answers_come_in_order(self):
        self.start()
        for number in range(100):
            self.send(number)
        for number in range(100):
            result, error = self.answer()
            self.assertIsNone(error)
            self.assertEqual(result.get_response().id, str(number))
            self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[2 * number] * 16])
            self.assertTrue(result.get_response().parameters["triton_final_response"].bool_param)
        self.stop()

    def test_a_slow_request_does_not_let_a_quick_one_pass(self):
        self.start()
        self.client.async_stream_infer("slow", slow_inputs(5000), request_id="slow")
        self.send(1)
        self.assertEqual([self.answer()[0].get_response().id for _ in range(2)], ["slow", "1"])
        self.stop()

    def test_an_error_leaves_the_stream_open(self):
        self.start()
        self.send(1)
        self.send(2, model="nothing")
        self.send(3)
        self.assertEqual(self.answer()[0].get_response().id, "1")
        result, error = self.answer()
        self.assertIn("Request for unknown model: 'nothing' is not found", str(error))
        self.assertEqual(self.answer()[0].get_response().id, "3")
        self.stop()

    def test_half_close_finishes_what_is_outstanding(self):
        self.start()
        for number in range(50):
            self.send(number)
        self.stop()
        self.assertEqual([self.answer()[0].get_response().id for _ in range(50)], [str(n) for n in range(50)])

    def test_an_empty_stream_ends(self):
        self.start()
        self.stop()
        self.assertTrue(self.answers.empty())

    def test_streams_may_be_started_again(self):
        for number in range(5):
            self.start()
            self.send(number)
            self.assertEqual(self.answer()[0].get_response().id, str(number))
            self.stop()

    def test_cancelled_streams_drop_their_work(self):
        self.start()
        for _ in range(6):
            self.client.async_stream_infer("slow", slow_inputs(FOR_EVER))
        time.sleep(0.2)
        done = threading.Thread(target=lambda: self.client.stop_stream(cancel_requests=True), daemon=True)
        done.start()
        done.join(30)
        self.assertFalse(done.is_alive())
        self.assertEqual(self.client.infer("slow", slow_inputs(1), client_timeout=60).as_numpy("y").tolist(), [1])

    def test_a_stream_ends_at_its_timeout(self):
        self.start(stream_timeout=0.5)
        self.client.async_stream_infer("slow", slow_inputs(FOR_EVER))
        _, error = self.answer()
        self.assertEqual(error.status(), "StatusCode.DEADLINE_EXCEEDED")

    def test_large_messages_and_strings_in_one_stream(self):
        self.start(compression_algorithm="gzip")
        array = np.zeros((1, 2_000_000), np.float32)
        texts = np.array([[b"a", b""]], np.object_)
        self.client.async_stream_infer("identity_fp32", [tensor("x", array)], request_id="large")
        self.client.async_stream_infer("simple_identity", [tensor("INPUT0", texts)], request_id="texts")
        assert_same(self, self.answer()[0].as_numpy("y"), array)
        assert_same(self, self.answer()[0].as_numpy("OUTPUT0"), texts)
        self.stop()


if __name__ == "__main__":
    main()

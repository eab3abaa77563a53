"""tritonclient.http: what its own examples do, and every element type."""

import json

import numpy as np
import tritonclient.http as httpclient
from tritonclient.utils import InferenceServerException

import tensor_values
from onda_server import ServerTest, main
from tensor_values import assert_same, datatype

MODELS = [
    *[f"identity_{name}" for name in tensor_values.NAMES],
    *[f"configured_{name}" for name in tensor_values.NAMES],
    "simple",
    "simple_string",
    "simple_identity",
    "addsub",
    "scalar",
    "fixed",
    "versions",
    "all_versions",
    "two_versions",
    "classes",
    "optional_input",
    "reshaped",
    "reshaped_matrix",
    "not_finite",
    "fill",
    "count",
    "slow",
]


def tensor(name, array, binary=True):
    made = httpclient.InferInput(name, list(array.shape), datatype(array))
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def requested(name, **fields):
    return httpclient.InferRequestedOutput(name, **fields)


def simple_inputs(rows=1, binary=True):
    first = np.arange(rows * 16, dtype=np.int32).reshape(rows, 16)
    second = np.full((rows, 16), -1, np.int32)
    return first, second, [tensor("INPUT0", first, binary), tensor("INPUT1", second, binary)]


class HttpClientTest(ServerTest):
    models = MODELS

    def setUp(self):
        self.client = httpclient.InferenceServerClient(self.server.http, concurrency=4)
        self.addCleanup(self.client.close)

    def refused(self, *fragments, status="400"):
        return Refused(self, status, fragments)


class Refused:
    """Expects the client to raise a status with a text that has all the fragments."""

    def __init__(self, test, status, fragments):
        self.test, self.status, self.fragments = test, status, fragments

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.test.assertIsInstance(error, InferenceServerException)
        self.test.assertEqual(error.status(), self.status, error)
        for fragment in self.fragments:
            self.test.assertIn(fragment, error.message())
        return True


class Health(HttpClientTest):
    def test_server_and_models_are_ready(self):
        self.assertTrue(self.client.is_server_live())
        self.assertTrue(self.client.is_server_ready())
        self.assertTrue(self.client.is_server_live(query_params={"test_1": 1, "test_2": 2}))
        self.assertTrue(self.client.is_model_ready("simple"))
        self.assertTrue(self.client.is_model_ready("versions", "3"))
        self.assertFalse(self.client.is_model_ready("versions", "1"))
        self.assertFalse(self.client.is_model_ready("nothing"))

    def test_all_start_up_models_are_counted_in_the_ready_line(self):
        self.assertEqual(self.server.models, len(MODELS))

    def test_server_metadata_lists_what_the_clients_look_for(self):
        metadata = self.client.get_server_metadata()
        self.assertIsInstance(metadata["name"], str)
        self.assertRegex(metadata["version"], r"^\d+\.\d+")
        for extension in (
            "binary_tensor_data",
            "classification",
            "statistics",
            "model_repository",
            "model_configuration",
            "parameters",
            "schedule_policy",
            "trace",
            "logging",
        ):
            self.assertIn(extension, metadata["extensions"])

    def test_model_metadata(self):
        metadata = self.client.get_model_metadata("simple")
        self.assertEqual(metadata["name"], "simple")
        self.assertEqual(metadata["versions"], ["1"])
        self.assertEqual(metadata["platform"], "onnxruntime_onnx")
        self.assertEqual(
            metadata["inputs"], [{"name": f"INPUT{index}", "datatype": "INT32", "shape": [-1, 16]} for index in (0, 1)]
        )
        self.assertEqual(
            metadata["outputs"],
            [{"name": f"OUTPUT{index}", "datatype": "INT32", "shape": [-1, 16]} for index in (0, 1)],
        )

    def test_every_type_has_its_name_in_metadata_and_config(self):
        for name in tensor_values.NAMES:
            expected = datatype(tensor_values.matrix(name))
            for model in (f"identity_{name}", f"configured_{name}"):
                with self.subTest(model):
                    metadata = self.client.get_model_metadata(model)
                    self.assertEqual(metadata["inputs"], [{"name": "x", "datatype": expected, "shape": [-1, -1]}])
                    self.assertEqual(metadata["outputs"], [{"name": "y", "datatype": expected, "shape": [-1, -1]}])
                    config = self.client.get_model_config(model)
                    self.assertEqual(
                        config["input"][0]["data_type"], "TYPE_STRING" if expected == "BYTES" else "TYPE_" + expected
                    )

    def test_config_agrees_with_metadata(self):
        """perf_analyzer drops the first dimension of the metadata where max_batch_size is above 0."""
        for model in MODELS:
            with self.subTest(model):
                metadata, config = self.client.get_model_metadata(model), self.client.get_model_config(model)
                batch = [-1] if config["max_batch_size"] > 0 else []
                for ours, theirs in ((config["input"], metadata["inputs"]), (config["output"], metadata["outputs"])):
                    self.assertEqual([t["name"] for t in ours], [t["name"] for t in theirs])
                    self.assertEqual([batch + t["dims"] for t in ours], [t["shape"] for t in theirs])

    def test_config_has_protobuf_names_and_defaults(self):
        config = self.client.get_model_config("simple")
        self.assertEqual(config["name"], "simple")
        self.assertEqual(config["max_batch_size"], 8)
        self.assertEqual(config["backend"], "onnxruntime")
        self.assertEqual(config["default_model_filename"], "model.onnx")
        self.assertEqual(config["version_policy"], {"latest": {"num_versions": 1}})
        first = config["input"][0]
        self.assertEqual(
            (first["data_type"], first["dims"], first["format"], first["optional"]),
            ("TYPE_INT32", [16], "FORMAT_NONE", False),
        )
        self.assertIs(first["is_shape_tensor"], False)
        self.assertIs(first["allow_ragged_batch"], False)
        self.assertEqual(config["output"][0]["label_filename"], "")
        self.assertGreaterEqual(config["instance_group"][0]["count"], 1)
        self.assertEqual(config["instance_group"][0]["kind"], "KIND_CPU")
        self.assertNotIn("dynamic_batching", config)
        self.assertNotIn("sequence_batching", config)
        self.assertNotIn("ensemble_scheduling", config)
        if "model_transaction_policy" in config:
            self.assertIs(config["model_transaction_policy"]["decoupled"], False)

    def test_a_model_without_a_config_is_batchable_by_its_named_first_dimension(self):
        self.assertEqual(self.client.get_model_config("addsub")["max_batch_size"], 64)
        self.assertEqual(self.client.get_model_config("fixed")["max_batch_size"], 0)
        self.assertEqual(self.client.get_model_config("scalar")["max_batch_size"], 0)

    def test_an_input_with_an_initialiser_is_optional(self):
        inputs = {i["name"]: i for i in self.client.get_model_config("optional_input")["input"]}
        self.assertIs(inputs["x"]["optional"], False)
        self.assertIs(inputs["offset"]["optional"], True)

    def test_unknown_models_are_named(self):
        text = "Request for unknown model: 'nothing' is not found"
        for call in (self.client.get_model_metadata, self.client.get_model_config):
            with self.refused(text, status="404"):
                call("nothing")
        with self.refused("Request for unknown model: 'versions' version 9 is not found", status="404"):
            self.client.get_model_metadata("versions", "9")

    def test_versions_are_those_of_the_policy(self):
        self.assertEqual(self.client.get_model_metadata("versions")["versions"], ["3"])
        self.assertEqual(self.client.get_model_metadata("all_versions")["versions"], ["1", "2", "3", "10"])
        self.assertEqual(self.client.get_model_metadata("two_versions")["versions"], ["1", "3"])
        self.assertEqual(self.client.get_model_metadata("all_versions", "2")["versions"], ["2"])


class Inference(HttpClientTest):
    def test_every_type_as_binary(self):
        for name in tensor_values.NAMES:
            array = tensor_values.matrix(name)
            for model in (f"identity_{name}", f"configured_{name}"):
                with self.subTest(model):
                    result = self.client.infer(model, [tensor("x", array)])
                    assert_same(self, result.as_numpy("y"), array)

    def test_every_type_that_has_json_as_json(self):
        for name in tensor_values.JSON_NAMES:
            array = tensor_values.matrix(name)
            if name == "bytes":
                array = np.array([["", "a\0b", "é€😀"], ['"\\\n\t', " " * 300, "12"]], np.object_)
            expected = (
                array if name != "bytes" else np.array([[text.encode() for text in row] for row in array], np.object_)
            )
            with self.subTest(name):
                result = self.client.infer(
                    f"identity_{name}", [tensor("x", array, binary=False)], outputs=[requested("y", binary_data=False)]
                )
                self.assertIn("data", result.get_output("y"))
                self.assertNotIn("parameters", result.get_output("y"))
                assert_same(self, result.as_numpy("y"), expected)

    def test_json_in_binary_out_and_the_other_way_round(self):
        array = tensor_values.matrix("int64")
        for in_binary, out_binary in ((False, True), (True, False)):
            result = self.client.infer(
                "identity_int64", [tensor("x", array, in_binary)], outputs=[requested("y", binary_data=out_binary)]
            )
            assert_same(self, result.as_numpy("y"), array)

    def test_16_bit_floats_have_no_json(self):
        for name in ("fp16", "bf16"):
            array = tensor_values.matrix(name)
            with self.subTest(name), self.refused(name.upper()):
                self.client.infer(f"identity_{name}", [tensor("x", array)], outputs=[requested("y", binary_data=False)])

    def test_zero_elements(self):
        for name in tensor_values.NAMES:
            array = np.zeros((1, 0), tensor_values.matrix(name).dtype)
            with self.subTest(name):
                result = self.client.infer(f"identity_{name}", [tensor("x", array)])
                self.assertEqual(result.get_output("y")["shape"], [1, 0])
        array = np.zeros((1, 0), np.float32)
        result = self.client.infer(
            "identity_fp32", [tensor("x", array, False)], outputs=[requested("y", binary_data=False)]
        )
        self.assertEqual(result.get_output("y")["data"], [])

    def test_scalar(self):
        value = np.array(21, np.float32)
        for binary in (True, False):
            given = httpclient.InferInput("x", [], "FP32")
            given.set_data_from_numpy(value, binary_data=binary)
            result = self.client.infer("scalar", [given], outputs=[requested("y", binary_data=binary)])
            self.assertEqual(result.get_output("y")["shape"], [])
            self.assertEqual(float(result.as_numpy("y")), 42)
        result = self.client.infer("scalar", [tensor("x", np.float32([21]))])
        self.assertEqual(result.as_numpy("y").reshape(-1).tolist(), [42])

    def test_two_inputs_two_outputs(self):
        """simple_http_infer_client"""
        for binary in (True, False):
            first, second, inputs = simple_inputs(binary=binary)
            result = self.client.infer(
                "simple",
                inputs,
                outputs=[requested("OUTPUT0", binary_data=binary), requested("OUTPUT1", binary_data=not binary)],
                query_params={"test_1": 1},
                headers={"test": "1"},
            )
            np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + second)
            np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)
            response = result.get_response()
            self.assertEqual((response["model_name"], response["model_version"]), ("simple", "1"))
            self.assertNotIn("id", response)

    def test_only_requested_outputs_are_sent(self):
        first, second, inputs = simple_inputs()
        result = self.client.infer("simple", inputs, outputs=[requested("OUTPUT1")])
        self.assertIsNone(result.as_numpy("OUTPUT0"))
        np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)

    def test_outputs_come_as_they_were_listed(self):
        _, _, inputs = simple_inputs()
        result = self.client.infer("simple", inputs, outputs=[requested("OUTPUT1"), requested("OUTPUT0")])
        self.assertEqual([output["name"] for output in result.get_response()["outputs"]], ["OUTPUT1", "OUTPUT0"])

    def test_the_order_of_inputs_is_free(self):
        first, second, inputs = simple_inputs()
        result = self.client.infer("simple", inputs[::-1])
        np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)

    def test_request_ids_come_back(self):
        _, _, inputs = simple_inputs()
        for request_id in ("1", "a b", "é€😀", "x" * 5000, '"\\'):
            result = self.client.infer("simple", inputs, request_id=request_id)
            self.assertEqual(result.get_response()["id"], request_id)

    def test_parameters_are_taken(self):
        _, _, inputs = simple_inputs()
        self.client.infer(
            "simple",
            inputs,
            priority=1,
            timeout=10_000_000,
            sequence_id=7,
            sequence_start=True,
            sequence_end=True,
            parameters={"text": "x", "number": 3, "real": 0.5, "yes": True},
        )
        self.client.infer("simple", inputs, sequence_id="a text")

    def test_strings(self):
        """simple_http_string_infer_client"""
        numbers = np.arange(16).reshape(1, 16)
        for binary in (True, False):
            texts = np.array([[str(number) for number in numbers[0]]], np.object_)
            ones = np.array([["1"] * 16], np.object_)
            result = self.client.infer(
                "simple_string",
                [tensor("INPUT0", texts, binary), tensor("INPUT1", ones, binary)],
                outputs=[requested("OUTPUT0", binary_data=binary), requested("OUTPUT1", binary_data=binary)],
            )
            for output, expected in (("OUTPUT0", numbers + 1), ("OUTPUT1", numbers - 1)):
                got = [int(item) for item in result.as_numpy(output).reshape(-1)]
                self.assertEqual(got, expected[0].tolist())

    def test_bytes_that_are_no_text_are_no_json(self):
        array = np.array([[b"\xff\xfe"]], np.object_)
        result = self.client.infer("simple_identity", [tensor("INPUT0", array)])
        assert_same(self, result.as_numpy("OUTPUT0"), array)
        with self.refused("binary"):
            self.client.infer(
                "simple_identity", [tensor("INPUT0", array)], outputs=[requested("OUTPUT0", binary_data=False)]
            )

    def test_versions(self):
        x = np.zeros((1, 4), np.float32)
        for version, expected in (("", "10"), ("1", "1"), ("2", "2"), ("10", "10")):
            result = self.client.infer("all_versions", [tensor("x", x)], model_version=version)
            self.assertEqual(result.get_response()["model_version"], expected)
            self.assertEqual(result.as_numpy("y").tolist(), [[float(expected)] * 4])

    def test_optional_input(self):
        x = np.zeros((1, 4), np.float32)
        result = self.client.infer("optional_input", [tensor("x", x)])
        self.assertEqual(result.as_numpy("y").tolist(), [[10, 20, 30, 40]])
        result = self.client.infer("optional_input", [tensor("offset", np.float32([1, 2, 3, 4])), tensor("x", x)])
        self.assertEqual(result.as_numpy("y").tolist(), [[1, 2, 3, 4]])

    def test_reshape_of_the_config(self):
        x = np.float32([[1], [2], [3]])
        result = self.client.infer("reshaped", [tensor("x", x)])
        assert_same(self, result.as_numpy("y"), 2 * x)
        x = np.float32([[1, 2], [3, 4]])
        result = self.client.infer("reshaped_matrix", [tensor("x", x)])
        assert_same(self, result.as_numpy("y"), np.float32([[2, 4, 6, 8]]))

    def test_not_finite_numbers_as_json(self):
        x = np.zeros((1, 1), np.float32)
        outputs = [requested(name, binary_data=False) for name in ("nan", "infinity", "minus")]
        result = self.client.infer("not_finite", [tensor("x", x)], outputs=outputs)
        self.assertTrue(np.isnan(result.as_numpy("nan")[0, 0]))
        self.assertEqual(result.as_numpy("infinity")[0, 0], np.inf)
        self.assertEqual(result.as_numpy("minus")[0, 0], -np.inf)

    def test_size_given_by_a_value(self):
        for count in (0, 1, 100_000):
            result = self.client.infer("count", [tensor("n", np.int64([count]))])
            self.assertEqual(result.as_numpy("y").tolist() if count else [], list(range(count)))

    def test_large_tensors(self):
        array = np.random.default_rng(0).standard_normal((8, 1_000_000)).astype(np.float32)
        result = self.client.infer("identity_fp32", [tensor("x", array)])
        assert_same(self, result.as_numpy("y"), array)

    def test_objects_may_be_used_again(self):
        """reuse_infer_objects_client"""
        first, second, inputs = simple_inputs()
        outputs = [requested("OUTPUT0"), requested("OUTPUT1", binary_data=False)]
        for _ in range(3):
            result = self.client.infer("simple", inputs, outputs=outputs)
            np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + second)
        inputs[0].set_data_from_numpy(second, binary_data=False)
        result = self.client.infer("simple", inputs, outputs=outputs)
        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), 2 * second)

    def test_async_infer(self):
        """simple_http_async_infer_client"""
        calls = []
        for number in range(32):
            first = np.full((1, 16), number, np.int32)
            calls.append(
                self.client.async_infer(
                    "simple", [tensor("INPUT0", first), tensor("INPUT1", first)], request_id=str(number)
                )
            )
        for number, call in enumerate(calls):
            result = call.get_result()
            self.assertEqual(result.get_response()["id"], str(number))
            self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[2 * number] * 16])

    def test_body_made_and_parsed_apart_from_the_call(self):
        first, second, inputs = simple_inputs()
        body, length = httpclient.InferenceServerClient.generate_request_body(inputs, request_id="7")
        self.assertIsNotNone(length)
        self.assertEqual(json.loads(body[:length])["id"], "7")
        result = self.client.infer("simple", inputs)
        self.assertEqual(result.as_numpy("OUTPUT0").tolist(), (first + second).tolist())

    def test_compression_in_both_directions(self):
        first, second, inputs = simple_inputs(rows=8)
        for request in (None, "gzip", "deflate"):
            for response in (None, "gzip", "deflate"):
                for binary in (True, False):
                    with self.subTest(request=request, response=response, binary=binary):
                        result = self.client.infer(
                            "simple",
                            inputs,
                            request_compression_algorithm=request,
                            response_compression_algorithm=response,
                            outputs=[
                                requested("OUTPUT0", binary_data=binary),
                                requested("OUTPUT1", binary_data=binary),
                            ],
                        )
                        np.testing.assert_array_equal(result.as_numpy("OUTPUT0"), first + second)
                        np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)

    def test_memory_does_not_grow(self):
        """memory_growth_test: after the first requests, thousands more take nothing."""
        _, _, inputs = simple_inputs(rows=8)
        for _ in range(500):
            self.client.infer("simple", inputs)
        before = self.server.resident_bytes()
        for _ in range(3000):
            self.client.infer("simple", inputs)
        self.assertLess(self.server.resident_bytes() - before, 8 << 20)


class Classification(HttpClientTest):
    def classify(self, array, **outputs):
        wanted = [requested(name, class_count=count) for name, count in outputs.items()]
        return self.client.infer("classes", [tensor("x", array)], outputs=wanted)

    def test_labels_values_and_order(self):
        result = self.classify(np.float32([[0.25, 1, -3, 7], [4, 3, 2, 1]]), scores=3)
        self.assertEqual(result.get_output("scores")["datatype"], "BYTES")
        self.assertEqual(
            result.as_numpy("scores").tolist(),
            [
                [b"7.000000:3", b"1.000000:1:dog", b"0.250000:0:cat"],
                [b"4.000000:0:cat", b"3.000000:1:dog", b"2.000000:2:bird"],
            ],
        )

    def test_integers_are_plain_and_k_is_bounded_by_the_classes(self):
        result = self.classify(np.float32([[5, -1, 2, 7]]), counts=100)
        self.assertEqual(result.as_numpy("counts").tolist(), [[b"7:3", b"5:0", b"2:2", b"-1:1"]])

    def test_as_json(self):
        wanted = requested("scores", binary_data=False, class_count=1)
        result = self.client.infer("classes", [tensor("x", np.float32([[1, 2, 3, 0]]))], outputs=[wanted])
        self.assertEqual(result.get_output("scores")["data"], ["3.000000:2:bird"])

    def test_types_without_an_order_are_refused(self):
        with self.refused("class result not available for output due to unsupported type", "BOOL"):
            self.classify(np.float32([[1, 2, 3, 0]]), flags=1)
        for name in ("fp16", "bf16", "bool", "bytes"):
            with self.subTest(name), self.refused("class result not available for output due to unsupported type"):
                self.client.infer(
                    f"identity_{name}",
                    [tensor("x", tensor_values.matrix(name))],
                    outputs=[requested("y", class_count=1)],
                )


class Refusals(HttpClientTest):
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
        with self.refused("unexpected shape for input"):
            self.client.infer("simple", [tensor("INPUT0", first[0]), tensor("INPUT1", second[0])])
        with self.refused("inference request batch-size must be <= 8 for 'simple'"):
            self.client.infer("simple", simple_inputs(rows=9)[2])
        with self.refused("INPUT"):
            self.client.infer("simple", [inputs[0], tensor("INPUT1", np.zeros((2, 16), np.int32))])

    def test_outputs(self):
        _, _, inputs = simple_inputs()
        with self.refused("unexpected inference output 'NONE' for model"):
            self.client.infer("simple", inputs, outputs=[requested("NONE")])
        with self.refused("output 'OUTPUT0' already exists in request"):
            self.client.infer("simple", inputs, outputs=[requested("OUTPUT0"), requested("OUTPUT0")])

    def test_models_and_versions(self):
        _, _, inputs = simple_inputs()
        with self.refused("Request for unknown model: 'nothing' is not found", status="404"):
            self.client.infer("nothing", inputs)
        with self.refused("Request for unknown model: 'simple' version 7 is not found", status="404"):
            self.client.infer("simple", inputs, model_version="7")

    def test_a_failure_of_the_runtime_is_internal(self):
        """A string that is no number cannot be cast."""
        texts = np.array([["x"] * 16], np.object_)
        with self.refused(status="500"):
            self.client.infer("simple_string", [tensor("INPUT0", texts), tensor("INPUT1", texts)])

    def test_the_connection_survives_refusals(self):
        client = httpclient.InferenceServerClient(self.server.http, concurrency=1)
        self.addCleanup(client.close)
        first, second, inputs = simple_inputs()
        for _ in range(20):
            with self.refused("expected 2 inputs"):
                client.infer("simple", inputs[:1])
            np.testing.assert_array_equal(client.infer("simple", inputs).as_numpy("OUTPUT0"), first + second)

    def test_a_client_that_gives_up_frees_the_model(self):
        """More are given up than there are cores: had they gone on, none would be left."""
        x, many = np.float32([1]), np.int64([100_000_000])
        for _ in range(6):
            client = httpclient.InferenceServerClient(self.server.http, network_timeout=0.3)
            with self.assertRaises(Exception):
                client.infer("slow", [tensor("x", x), tensor("rounds", many)])
            client.close()
        result = self.client.infer("slow", [tensor("x", x), tensor("rounds", np.int64([1]))])
        self.assertEqual(result.as_numpy("y").tolist(), [1])


if __name__ == "__main__":
    main()

"""Every situation that the protocol's table of errors lists, over HTTP: status, text, and that nothing else suffers."""

import gzip
import json
import struct
import zlib

import numpy as np

from onda_server import ServerTest, main
from raw_http import Connection, ask, floats

MATRIX = "/v2/models/identity_fp32/infer"
SIMPLE = "/v2/models/simple/infer"
STRINGS = "/v2/models/simple_identity/infer"


def binary(document, *tensors, length=None):
    """The body and the headers of a request with binary tensors."""
    head = json.dumps(document).encode()
    return head + b"".join(tensors), {"Inference-Header-Content-Length": len(head) if length is None else length}


def matrix(shape, data, datatype="FP32", name="x", **more):
    return {"inputs": [{"name": name, "shape": shape, "datatype": datatype, "data": data}], **more}


def sized(shape, size, datatype="FP32", name="x", **more):
    return {
        "inputs": [{"name": name, "shape": shape, "datatype": datatype, "parameters": {"binary_data_size": size}}],
        **more,
    }


class ErrorsTest(ServerTest):
    models = [
        "simple",
        "simple_identity",
        "simple_string",
        "versions",
        "all_versions",
        "classes",
        "optional_input",
        "scalar",
        "fill",
        "count",
        "fixed",
        "not_finite",
        *[
            f"identity_{name}"
            for name in (
                "fp32",
                "fp64",
                "fp16",
                "bf16",
                "bool",
                "bytes",
                "int8",
                "int16",
                "int32",
                "int64",
                "uint8",
                "uint16",
                "uint32",
                "uint64",
            )
        ],
    ]
    flags = ("--allow-client-shm=true",)

    def refused(self, path, document, *fragments, status=400, headers=(), method="POST"):
        response = ask(self.server, method, path, document, headers)
        self.assertEqual(response.status, status, (document if len(str(document)) < 500 else "…", response))
        self.assertEqual(response.headers["content-type"], "application/json")
        self.assertNotIn("content-encoding", response.headers)
        text = response.error()
        for fragment in fragments:
            self.assertIn(fragment, text)
        self.assertLess(len(text), 16384)
        return text

    def answered(self, path, document, headers=()):
        response = ask(self.server, "POST", path, document, headers)
        self.assertEqual(response.status, 200, response)
        length = int(response.headers.get("inference-header-content-length", len(response.body)))
        return json.loads(response.body[:length]), response.body[length:]

    def tearDown(self):
        super().tearDown()
        answer, _ = self.answered(MATRIX, matrix([1, 1], [7]))
        self.assertEqual(answer["outputs"][0]["data"], [7])


class Json(ErrorsTest):
    def test_malformed_documents(self):
        good = json.dumps(matrix([1, 1], [1])).encode()
        for body in (
            b"",
            b"{",
            b"[]",
            b"null",
            b"7",
            b'"x"',
            good[:-1],
            good + b"x",
            b"\xff\xfe",
            good.replace(b'"x"', b'"\xff"'),
            b"\xef\xbb\xbf" + good + b"]",
            b"{'inputs':[]}",
            good + good,
            b'{"inputs":[],}',
            b"\0" + good,
        ):
            with self.subTest(body):
                self.refused(MATRIX, body)

    def test_missing_and_mistyped_members(self):
        one = floats("x", [1, 1], [1])
        for member in ("name", "shape", "datatype"):
            with self.subTest(without=member):
                self.refused(MATRIX, {"inputs": [{k: v for k, v in one.items() if k != member}]})
        for member, value in (
            ("name", 7),
            ("name", None),
            ("name", ["x"]),
            ("shape", 1),
            ("shape", "1,1"),
            ("shape", [1, "1"]),
            ("shape", [1, 1.0]),
            ("shape", [1, None]),
            ("shape", {}),
            ("datatype", 7),
            ("datatype", "FP31"),
            ("datatype", "fp32"),
            ("datatype", ""),
            ("data", 1),
            ("data", "1"),
            ("data", {}),
            ("data", None),
            ("parameters", 7),
            ("parameters", []),
            ("data", [None]),
            ("data", [{}]),
            ("data", [True]),
            ("data", ["1"]),
        ):
            with self.subTest(member=member, value=value):
                self.refused(MATRIX, {"inputs": [{**one, member: value}]})
        for document in (
            {},
            {"inputs": None},
            {"inputs": {}},
            {"inputs": "x"},
            {"inputs": [7]},
            {"inputs": [[]]},
            {"inputs": [one], "outputs": 7},
            {"inputs": [one], "outputs": [7]},
            {"inputs": [one], "outputs": [{}]},
            {"inputs": [one], "outputs": [{"name": 7}]},
            {"inputs": [one], "id": 7},
            {"inputs": [one], "parameters": 7},
        ):
            with self.subTest(document):
                self.refused(MATRIX, document)

    def test_unknown_members_are_ignored(self):
        self.answered(MATRIX, {**matrix([1, 1], [1]), "model_name": "x", "other": {"deep": [1, {"a": None}]}})

    def test_dims(self):
        for shape in ([-1, 1], [1, -1], [-(2**63), 1]):
            self.refused(MATRIX, matrix(shape, [1]))
        for shape in ([2**63, 1], [2**64, 1], [10**30, 1]):
            self.refused(MATRIX, matrix(shape, [1]))
        for shape in ([2**32, 2**32], [2**62, 4], [2**63 - 1, 2**63 - 1]):
            with self.subTest(shape):
                self.refused(MATRIX, matrix(shape, [1]))
                self.refused(
                    MATRIX, *[binary(sized(shape, 4), bytes(4))[0]], headers=binary(sized(shape, 4), bytes(4))[1]
                )

    def test_element_counts(self):
        self.refused(MATRIX, matrix([1, 3], [1, 2]), "Failed to parse 'data' field: shape does not match true shape")
        self.refused(MATRIX, matrix([1, 3], [1, 2, 3, 4]), "Shape does not match true shape of 'data' field")
        self.refused(MATRIX, matrix([1, 3], []))
        self.refused(MATRIX, matrix([1, 0], [1]))
        self.refused("/v2/models/scalar/infer", matrix([], []))
        self.refused("/v2/models/scalar/infer", matrix([], [1, 2]))

    def test_nesting_is_free_within_reason(self):
        for data in ([1, 2, 3, 4], [[1, 2], [3, 4]], [[[1], [2, 3]], 4], [[[[1, 2, 3, 4]]]], [[], [1, 2, 3, 4], []]):
            with self.subTest(data):
                answer, _ = self.answered(MATRIX, matrix([2, 2], data))
                self.assertEqual(answer["outputs"][0]["data"], [1, 2, 3, 4])
        self.refused(
            MATRIX,
            json.dumps(matrix([1, 1], 0)).replace(": 0}", ": " + "[" * 150 + "1" + "]" * 150 + "}").encode(),
            "JSON nesting depth exceeds maximum allowed limit",
        )

    def test_integers(self):
        limits = {
            name: np.iinfo(name) for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
        }
        for name, info in limits.items():
            path, datatype = f"/v2/models/identity_{name}/infer", name.upper()
            low, high = int(info.min), int(info.max)
            answer, _ = self.answered(path, matrix([1, 2], [low, high], datatype))
            self.assertEqual(answer["outputs"][0]["data"], [low, high])
            for value in (low - 1, high + 1, 1.0, 1.5, "1", True, None, 10**30):
                with self.subTest(name, value=value):
                    self.refused(path, matrix([1, 1], [value], datatype))
            for text in (b"1e1", b"01", b"+1", b"0x1", b"--1", b"1_0", b"NaN"):
                body = (
                    json.dumps(matrix([1, 1], [12345], datatype)).encode()
                    if name not in ("int8", "uint8")
                    else json.dumps(matrix([1, 1], [99], datatype)).encode()
                )
                body = body.replace(b"12345", text).replace(b"[99]", b"[" + text + b"]")
                with self.subTest(name, text=text):
                    self.refused(path, body)

    def test_floats(self):
        for name in ("fp32", "fp64"):
            path, datatype = f"/v2/models/identity_{name}/infer", name.upper()
            response = ask(
                self.server,
                "POST",
                path,
                b'{"inputs":[{"name":"x","shape":[1,6],"datatype":"'
                + datatype.encode()
                + b'","data":[1,-2.5,1e3,NaN,Infinity,-Infinity]}]}',
            )
            self.assertEqual(response.status, 200, response)
            data = response.json()["outputs"][0]["data"]
            self.assertEqual(data[:3], [1, -2.5, 1000])
            self.assertTrue(np.isnan(data[3]))
            self.assertEqual(data[4:], [np.inf, -np.inf])
            for text in (b"nan", b"inf", b"+1", b".5", b"1.", b"1e", b"Infinityx", b"- 1", b"0x1p3", b'"NaN"', b"true"):
                with self.subTest(name, text=text):
                    self.refused(
                        path,
                        b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"'
                        + datatype.encode()
                        + b'","data":['
                        + text
                        + b"]}]}",
                    )

    def test_texts(self):
        body = (
            '{"inputs":[{"name":"INPUT0","shape":[1,4],"datatype":"BYTES","data":'
            '["a\\u0000b","\\u00e9\\ud83d\\ude00","\\"\\\\\\/\\b\\f\\n\\r\\t",""]}],'
            '"outputs":[{"name":"OUTPUT0","parameters":{"binary_data":false}}],"id":"i\\u0000d"}'
        ).encode()
        answer, _ = self.answered(STRINGS, body)
        self.assertEqual(answer["outputs"][0]["data"], ["a\0b", "é😀", '"\\/\b\f\n\r\t', ""])
        self.assertEqual(answer["id"], "i\0d")
        for text in (
            b'"\\ud83d"',
            b'"\\x"',
            b'"a\nb"',
            b'"\xff"',
            b'"\\u12"',
            b"7",
            b"null",
            b'["a"',
            b'"\xc0\x80"',
            b'"\xed\xa0\x80"',
        ):
            with self.subTest(text):
                self.refused(
                    STRINGS, b'{"inputs":[{"name":"INPUT0","shape":[1,1],"datatype":"BYTES","data":[' + text + b"]}]}"
                )

    def test_booleans(self):
        path = "/v2/models/identity_bool/infer"
        answer, _ = self.answered(path, matrix([1, 2], [True, False], "BOOL"))
        self.assertEqual(answer["outputs"][0]["data"], [True, False])
        for value in (0, 1, "true", None, 1.0):
            self.refused(path, matrix([1, 1], [value], "BOOL"))

    def test_16_bit_floats(self):
        for name in ("fp16", "bf16"):
            datatype = name.upper()
            self.refused(
                f"/v2/models/identity_{name}/infer",
                matrix([1, 1], [1], datatype),
                f"receiving {datatype} data via JSON is not supported",
            )
            body, headers = binary(sized([1, 1], 2, datatype), b"\0\0")
            self.refused(f"/v2/models/identity_{name}/infer", body, headers=headers)

    def test_where_the_data_are(self):
        one = floats("x", [1, 1], [1])
        text = "Input must set only one of the following fields"
        self.refused(MATRIX, {"inputs": [{k: v for k, v in one.items() if k != "data"}]}, text)
        body, headers = binary({"inputs": [{**one, "parameters": {"binary_data_size": 4}}]}, bytes(4))
        self.refused(MATRIX, body, text, headers=headers)
        self.refused(
            MATRIX,
            {"inputs": [{**one, "parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 4}}]},
            text,
        )
        self.refused(MATRIX, {"inputs": [floats("x", [1, 1], [1], parameters={"shared_memory_region": 7})]})


class Inputs(ErrorsTest):
    def test_names_counts_types(self):
        row = list(range(16))

        def given(name, shape=(1, 16), data=row, datatype="INT32"):
            return {"name": name, "shape": list(shape), "datatype": datatype, "data": data}

        both = [given("INPUT0"), given("INPUT1")]
        self.answered(SIMPLE, {"inputs": both})
        for inputs, *fragments in (
            ([], "expected 2 inputs but got 0 inputs for model 'simple'"),
            (both[:1], "expected 2 inputs but got 1 inputs for model 'simple'"),
            ([*both, given("INPUT2")], "expected 2 inputs but got 3 inputs for model 'simple'"),
            ([both[0], given("OTHER")], "unexpected inference input 'OTHER' for model 'simple'"),
            ([both[0], both[0]], "input 'INPUT0' already exists in request"),
            ([both[0], given("INPUT1", datatype="FP32")], "data-type is 'FP32', but model 'simple' expects 'INT32'"),
            (
                [both[0], given("INPUT1", (16,))],
                "unexpected shape for input 'INPUT1' for model 'simple'. Expected [-1,16], got [16]",
            ),
            ([both[0], given("INPUT1", (1, 8), row[:8])], "Expected [-1,16], got [1,8]"),
            ([both[0], given("INPUT1", (2, 16), row * 2)], "INPUT"),
            (
                [given(f"INPUT{i}", (9, 16), row * 9) for i in (0, 1)],
                "inference request batch-size must be <= 8 for 'simple'",
            ),
        ):
            with self.subTest(fragments):
                self.refused(SIMPLE, {"inputs": inputs}, *fragments)
        self.refused(
            "/v2/models/fixed/infer",
            matrix([2, 2], [1] * 4),
            "unexpected shape for input 'x' for model 'fixed'. Expected [2,3], got [2,2]",
        )

    def test_an_empty_batch_is_refused_or_empty(self):
        response = ask(
            self.server,
            "POST",
            SIMPLE,
            {"inputs": [{"name": f"INPUT{i}", "shape": [0, 16], "datatype": "INT32", "data": []} for i in (0, 1)]},
        )
        self.assertIn(response.status, (200, 400), response)

    def test_optional_inputs(self):
        self.answered("/v2/models/optional_input/infer", matrix([1, 4], [1] * 4))
        self.refused("/v2/models/optional_input/infer", {"inputs": []})
        self.refused("/v2/models/optional_input/infer", {"inputs": [floats("offset", [4], [1] * 4)]})
        self.refused(
            "/v2/models/optional_input/infer",
            {"inputs": [floats("x", [1, 4], [1] * 4), floats("offset", [5], [1] * 5)]},
        )

    def test_outputs(self):
        good = matrix([1, 1], [1])
        self.refused(MATRIX, {**good, "outputs": [{"name": "NONE"}]}, "unexpected inference output 'NONE' for model")
        self.assertTrue(
            self.refused(MATRIX, {**good, "outputs": [{"name": "NONE"}]}).startswith("unexpected inference output")
        )
        self.refused(
            MATRIX, {**good, "outputs": [{"name": "y"}, {"name": "y"}]}, "output 'y' already exists in request"
        )
        answer, _ = self.answered(MATRIX, {**good, "outputs": []})
        self.assertEqual(len(answer["outputs"]), 1)
        for parameters in (
            {"binary_data": 1},
            {"binary_data": "true"},
            {"classification": "1"},
            {"classification": -1},
            {"classification": 1.5},
            {"shared_memory_region": 7},
            7,
        ):
            with self.subTest(parameters):
                self.refused(MATRIX, {**good, "outputs": [{"name": "y", "parameters": parameters}]})
        answer, _ = self.answered(MATRIX, {**good, "outputs": [{"name": "y", "parameters": {"classification": 0}}]})
        self.assertEqual(answer["outputs"][0]["datatype"], "FP32")
        self.refused(
            "/v2/models/identity_bool/infer",
            {**matrix([1, 1], [True], "BOOL"), "outputs": [{"name": "y", "parameters": {"classification": 1}}]},
            "class result not available for output due to unsupported type 'BOOL'",
        )

    def test_parameters(self):
        good = matrix([1, 1], [1])
        for parameters in (
            {"other": "x", "number": 3, "real": 0.5, "yes": True},
            {"priority": 1},
            {"priority": 10**6},
            {"sequence_id": "x", "sequence_start": True},
            {"timeout": 10**9},
            {"binary_data_output": False},
            {},
        ):
            self.answered(MATRIX, {**good, "parameters": parameters})
        for parameters in ({"triton_x": 1}, {"triton_enable_empty_final_response": True}):
            self.refused(MATRIX, {**good, "parameters": parameters}, "reserved for Triton usage")
        for parameters in (
            {"other": {}},
            {"other": []},
            {"other": None},
            {"priority": "1"},
            {"priority": -1},
            {"timeout": "1"},
            {"sequence_start": 1},
            {"binary_data_output": 1},
            {"sequence_id": True},
        ):
            with self.subTest(parameters):
                self.refused(MATRIX, {**good, "parameters": parameters})


class Binary(ErrorsTest):
    def test_sizes(self):
        floats3 = struct.pack("<3f", 1, 2, 3)

        def refused(document, *tensors, fragments=(), length=None):
            body, headers = binary(document, *tensors, length=length)
            return self.refused(MATRIX, body, *fragments, headers=headers)

        body, headers = binary(sized([1, 3], 12), floats3)
        self.assertEqual(self.answered(MATRIX, body, headers)[0]["outputs"][0]["data"], [1, 2, 3])
        refused(
            sized([1, 3], 12),
            floats3[:-1],
            fragments=("unexpected size for input 'x', expecting 1 additional bytes for model 'identity_fp32'",),
        )
        refused(sized([1, 3], 12), b"", fragments=("expecting 12 additional bytes",))
        refused(
            sized([1, 3], 12), floats3, b"x", fragments=("unexpected additional input data for model 'identity_fp32'",)
        )
        for size in (8, 16, 0):
            refused(
                sized([1, 3], size),
                bytes(size),
                fragments=(
                    f"input byte size mismatch for input 'x' for model 'identity_fp32'. Expected 12, got {size}",
                ),
            )
        for size in (-1, "12", 1.5, True, 2**63, 2**64 - 1, None):
            with self.subTest(size):
                refused(sized([1, 3], size), floats3)
        self.refused(MATRIX, binary(sized([1, 3], 12), floats3)[0])
        self.answered(MATRIX, *binary(sized([1, 0], 0)))
        self.answered(MATRIX, json.dumps(sized([1, 0], 0)).encode())

    def test_the_length_of_the_header(self):
        body, _ = binary(sized([1, 1], 4), bytes(4))
        for length in (-1, "x", "", "1 2", "0x5", 2**31, 99999999999, 2**64, len(body) + 1, "1.5", "+5"):
            with self.subTest(length):
                text = self.refused(MATRIX, body, headers={"Inference-Header-Content-Length": length})
                if isinstance(length, int):
                    self.assertIn("inference header size should be in range", text)
        plain = json.dumps(matrix([1, 1], [1])).encode()
        self.answered(MATRIX, plain, {"Inference-Header-Content-Length": len(plain)})
        for length in (1, len(plain) - 1):
            self.refused(MATRIX, plain, headers={"Inference-Header-Content-Length": length})

    def test_raw_bodies(self):
        """Header 0: the whole body is the tensor."""
        raw = {"Inference-Header-Content-Length": 0}
        answer, data = self.answered(MATRIX, struct.pack("<3f", 1, 2, 3), raw)
        self.assertEqual((answer["outputs"][0]["shape"], data), ([1, 3], struct.pack("<3f", 1, 2, 3)))
        self.refused(MATRIX, b"12345", headers=raw)
        self.refused(SIMPLE, bytes(128), headers=raw)
        self.refused(STRINGS, b"abc", headers=raw)
        answer, data = self.answered("/v2/models/scalar/infer", struct.pack("<f", 3), raw)
        self.assertEqual(data, struct.pack("<f", 6))

    def test_bytes(self):
        def element(data):
            return struct.pack("<I", len(data)) + data

        good = element(b"abc") + element(b"")
        body, headers = binary(sized([1, 2], len(good), "BYTES", "INPUT0"), good)
        self.assertEqual(self.answered(STRINGS, body, headers)[0]["outputs"][0]["data"], ["abc", ""])
        for wrong in (
            good[:-1],
            good[:-5],
            element(b"abc"),
            good + element(b"x"),
            good + b"\0",
            b"",
            b"\xff\xff\xff\xff" * 2,
            element(b"abc") + b"\x01\0\0\0",
            element(b"abc") + struct.pack("<I", 2**31) + b"x",
        ):
            with self.subTest(wrong):
                body, headers = binary(sized([1, 2], len(wrong), "BYTES", "INPUT0"), wrong)
                self.refused(STRINGS, body, headers=headers)

    def test_bool_bytes(self):
        path = "/v2/models/identity_bool/infer"
        body, headers = binary(sized([1, 2], 2, "BOOL"), b"\1\0")
        self.answered(path, body, headers)
        for wrong in (b"\2\0", b"\0\xff"):
            body, headers = binary(sized([1, 2], 2, "BOOL"), wrong)
            self.refused(path, body, headers=headers)

    def test_which_outputs_are_binary(self):
        good = matrix([1, 1], [1])
        asked = {"name": "y", "parameters": {"binary_data": True}}
        for document, is_binary in (
            (good, False),
            ({**good, "parameters": {"binary_data_output": True}}, True),
            ({**good, "outputs": [asked]}, True),
            ({**good, "outputs": [{"name": "y"}]}, False),
            ({**good, "parameters": {"binary_data_output": True}, "outputs": [{"name": "y"}]}, True),
            (
                {
                    **good,
                    "parameters": {"binary_data_output": True},
                    "outputs": [{"name": "y", "parameters": {"binary_data": False}}],
                },
                False,
            ),
        ):
            response = ask(self.server, "POST", MATRIX, document)
            with self.subTest(document):
                self.assertEqual(
                    response.headers["content-type"], "application/octet-stream" if is_binary else "application/json"
                )
                if is_binary:
                    length = int(response.headers["inference-header-content-length"])
                    output = json.loads(response.body[:length])["outputs"][0]
                    self.assertEqual(output["parameters"], {"binary_data_size": 4})
                    self.assertEqual(response.body[length:], struct.pack("<f", 1))
                else:
                    self.assertNotIn("inference-header-content-length", response.headers)
                    self.assertNotIn("parameters", response.json()["outputs"][0])

    def test_mixed_json_and_binary_inputs(self):
        row = list(range(16))
        document = {
            "inputs": [
                {"name": "INPUT1", "shape": [1, 16], "datatype": "INT32", "parameters": {"binary_data_size": 64}},
                {"name": "INPUT0", "shape": [1, 16], "datatype": "INT32", "data": row},
            ]
        }
        body, headers = binary(document, struct.pack("<16i", *[1] * 16))
        outputs = {o["name"]: o["data"] for o in self.answered(SIMPLE, body, headers)[0]["outputs"]}
        self.assertEqual(outputs, {"OUTPUT0": [n + 1 for n in row], "OUTPUT1": [n - 1 for n in row]})


class Compression(ErrorsTest):
    good = json.dumps(matrix([1, 1], [7])).encode()

    def test_requests(self):
        for coding, body in (
            ("gzip", gzip.compress(self.good)),
            ("deflate", zlib.compress(self.good)),
            ("identity", self.good),
            ("", self.good),
            ("GZIP", gzip.compress(self.good)),
        ):
            with self.subTest(coding):
                answer, _ = self.answered(MATRIX, body, {"Content-Encoding": coding})
                self.assertEqual(answer["outputs"][0]["data"], [7])
        document, headers = binary(sized([1, 1], 4), bytes(4))
        self.answered(MATRIX, gzip.compress(document), {**headers, "Content-Encoding": "gzip"})

    def test_unsupported_codings(self):
        for coding in ("br", "zstd", "x", "compress"):
            response = ask(self.server, "POST", MATRIX, self.good, {"Content-Encoding": coding})
            self.assertIn(response.status, (415, 501))
            self.assertEqual(
                [part.strip() for part in response.headers["accept-encoding"].split(",")], ["gzip", "deflate"]
            )
            response.error()

    def test_streams_that_cannot_be_decoded(self):
        packed = gzip.compress(self.good)
        for coding, body in (
            ("gzip", packed[:-5]),
            ("gzip", packed[:5]),
            ("gzip", b"x" * 100),
            ("gzip", b""),
            ("deflate", b"x" * 100),
            ("deflate", zlib.compress(self.good)[:-3]),
            ("gzip", packed[:20] + b"\xff" * 20 + packed[40:]),
            ("gzip", packed + b"trailing"),
        ):
            with self.subTest(coding, body=body):
                self.refused(MATRIX, body, headers={"Content-Encoding": coding})

    def test_responses(self):
        for accepted, coding in (
            ("gzip", "gzip"),
            ("deflate", "deflate"),
            ("gzip;q=0.5, deflate", "deflate"),
            ("identity", None),
            ("deflate, gzip", "deflate"),
            ("br, zstd", None),
            ("gzip;q=0", None),
            ("", None),
            ("gzip, deflate, br, zstd", "gzip"),
            ("GZIP", "gzip"),
            ("gzip;q=abc", None),
        ):
            response = ask(self.server, "POST", MATRIX, matrix([1, 3000], [1] * 3000), {"Accept-Encoding": accepted})
            if accepted == "gzip;q=abc":
                self.assertIn(response.status, (200, 400))
                continue
            with self.subTest(accepted):
                self.assertEqual(response.status, 200)
                self.assertEqual(response.headers.get("content-encoding"), coding)
                body = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}[coding](response.body)
                self.assertEqual(json.loads(body)["outputs"][0]["data"], [1] * 3000)
        response = ask(
            self.server,
            "POST",
            MATRIX,
            {**matrix([1, 3], [1, 2, 3]), "parameters": {"binary_data_output": True}},
            {"Accept-Encoding": "gzip"},
        )
        body = gzip.decompress(response.body)
        length = int(response.headers["inference-header-content-length"])
        json.loads(body[:length])
        self.assertEqual(body[length:], struct.pack("<3f", 1, 2, 3))

    def test_only_successful_inferences_are_compressed(self):
        for method, path, body in (
            ("GET", "/v2", None),
            ("GET", "/v2/models/simple", None),
            ("GET", "/v2/models/stats", None),
            ("GET", "/v2/models/simple/config", None),
            ("GET", "/v2/nothing", None),
            ("POST", MATRIX, b"{"),
            ("POST", "/v2/repository/index", b""),
            ("GET", "/v2/health/ready", None),
        ):
            response = ask(self.server, method, path, body, {"Accept-Encoding": "gzip, deflate"})
            self.assertNotIn("content-encoding", response.headers, path)
            response.json()


class Models(ErrorsTest):
    def test_unknown_and_unavailable(self):
        good = matrix([1, 1], [1])
        for path in ("", "/infer", "/config", "/ready", "/versions/1", "/versions/1/infer"):
            method = "POST" if path.endswith("infer") else "GET"
            text = (
                self.refused(f"/v2/models/nothing{path}", good if method == "POST" else None, status=404, method=method)
                if path != "/ready"
                else None
            )
            if text:
                self.assertTrue(text.startswith("Request for unknown model: 'nothing'"), text)
        self.assertNotEqual(ask(self.server, "GET", "/v2/models/nothing/ready").status, 200)
        text = self.refused("/v2/models/versions/versions/9/infer", matrix([1, 4], [1] * 4), status=404)
        self.assertTrue(text.startswith("Request for unknown model: 'versions' version 9 is not found"), text)
        for version in ("x", "-1", "1.0", " 1", "1x"):
            response = ask(
                self.server, "POST", f"/v2/models/versions/versions/{version.replace(' ', '%20')}/infer", good
            )
            self.assertIn(response.status, (400, 404), version)
        response = ask(self.server, "POST", f"/v2/models/versions/versions/{10**40}/infer", good)
        self.assertIn(response.status, (400, 404))

    def test_execution_failures(self):
        self.refused(
            "/v2/models/simple_string/infer",
            {
                "inputs": [
                    {"name": f"INPUT{i}", "shape": [1, 16], "datatype": "BYTES", "data": ["x"] * 16} for i in (0, 1)
                ]
            },
            status=500,
        )
        text = self.refused("/v2/models/count/infer", matrix([1], [10**12], "INT64", "n"), status=503)
        self.assertNotIn("onnxruntime_src", text)
        response = ask(self.server, "POST", "/v2/models/fill/infer", matrix([1], [2**62], "INT64", "n"))
        self.assertIn(response.status, (500, 503))
        response = ask(self.server, "POST", "/v2/models/fill/infer", matrix([1], [-5], "INT64", "n"))
        self.assertIn(response.status, (400, 500))

    def test_error_texts_quote_no_build_paths(self):
        response = ask(self.server, "POST", "/v2/models/fill/infer", matrix([1], [-5], "INT64", "n"))
        self.assertNotIn("/onnxruntime", response.error())

    def test_hostile_names_are_bounded_in_texts(self):
        for name in ("x" * 10_000, "\x01\x02", "é" * 3000, "\"'<>&"):
            self.refused(MATRIX, matrix([1, 1], [1], name=name))
            self.refused(MATRIX, {**matrix([1, 1], [1]), "outputs": [{"name": name}]})

    def test_not_finite_outputs_as_json(self):
        response = ask(self.server, "POST", "/v2/models/not_finite/infer", matrix([1, 1], [0]))
        self.assertEqual(response.status, 200, response)
        data = [output["data"][0] for output in response.json()["outputs"]]
        self.assertTrue(np.isnan(data[0]))
        self.assertEqual(data[1:], [np.inf, -np.inf])

    def test_floats_come_back_to_the_bit(self):
        random = np.random.default_rng(0)
        for name, unsigned, real in (("fp32", np.uint32, np.float32), ("fp64", np.uint64, np.float64)):
            bits = random.integers(0, np.iinfo(unsigned).max, 5000, unsigned).view(real)
            bits = bits[np.isfinite(bits)]
            answer, _ = self.answered(
                f"/v2/models/identity_{name}/infer", matrix([1, len(bits)], bits.astype(float).tolist(), name.upper())
            )
            self.assertEqual(np.array(answer["outputs"][0]["data"], real).tobytes(), bits.tobytes())


class Control(ErrorsTest):
    def test_load_without_explicit_control(self):
        for action in ("load", "unload"):
            self.refused(
                f"/v2/repository/models/simple/{action}",
                b"{}",
                "explicit model load / unload is not allowed",
                status=503,
            )

    def test_statistics_of_the_unknown(self):
        for path, fragment in (
            ("/v2/models/nothing/stats", "requested model 'nothing' is not available"),
            ("/v2/models/simple/versions/9/stats", "requested model version is not available for model 'simple'"),
        ):
            response = ask(self.server, "GET", path)
            self.assertIn(response.status, (400, 404))
            self.assertIn(fragment, response.error())

    def test_shared_memory(self):
        register = "/v2/systemsharedmemory/region/r/register"
        self.refused(
            register,
            {"key": "/onda-none", "byte_size": 4},
            "Unable to open shared memory region: '/onda-none'",
            status=500,
        )
        for body in (
            {},
            [],
            {"key": 7, "byte_size": 4},
            {"key": "/k"},
            {"key": "/k", "byte_size": -1},
            {"key": "/k", "byte_size": "4"},
            {"key": "/k", "byte_size": 4, "offset": -1},
            {"byte_size": 4},
        ):
            with self.subTest(body):
                self.refused(register, body)
        self.refused(
            "/v2/systemsharedmemory/region/none/status",
            None,
            "Unable to find shared memory region: 'none'",
            method="GET",
            status=404,
        )
        shared = floats("x", [1, 1], None)
        del shared["data"]
        shared["parameters"] = {"shared_memory_region": "none", "shared_memory_byte_size": 4}
        self.refused(MATRIX, {"inputs": [shared]}, "Unable to find shared memory region: 'none'", status=404)
        self.assertEqual(ask(self.server, "POST", "/v2/systemsharedmemory/region/none/unregister", b"").status, 200)
        self.assertEqual(ask(self.server, "POST", "/v2/systemsharedmemory/unregister").status, 200)
        self.assertEqual(ask(self.server, "GET", "/v2/systemsharedmemory/status").json(), [])
        self.assertEqual(ask(self.server, "GET", "/v2/cudasharedmemory/status").json(), [])
        self.assertEqual(ask(self.server, "POST", "/v2/cudasharedmemory/unregister").status, 200)
        self.refused(
            "/v2/cudasharedmemory/region/c/register",
            {"raw_handle": {"b64": "AAAA"}, "device_id": 0, "byte_size": 4},
            "not supported",
        )

    def test_generate_is_not_here(self):
        self.assertIn(ask(self.server, "POST", "/v2/models/simple/generate", b"{}").status, (404, 501))

    def test_health_bodies(self):
        with Connection(self.server) as connection:
            self.assertEqual(connection.request("GET", "/v2/health/live").json()["live"], True)
            self.assertEqual(connection.request("GET", "/v2/health/ready").json()["ready"], True)
            self.assertEqual(
                connection.request("GET", "/v2/models/simple/ready").json(), {"name": "simple", "ready": True}
            )


if __name__ == "__main__":
    main()

"""gRPC through stubs generated from our own .proto files: what neither tritonclient nor kserve sends."""

import importlib
import os
import pathlib
import queue
import sys
import tempfile
import threading
import unittest

import grpc
import grpc_tools
import numpy as np
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_tools import protoc

from onda_server import Server, ServerTest, main, make_repository

SOURCE = pathlib.Path(os.environ["ONDA_SOURCE_DIR"], "src")


def generate():
    """The modules of our messages and of our service."""
    folder = tempfile.TemporaryDirectory(prefix="onda-stubs-")
    well_known = pathlib.Path(grpc_tools.__file__).parent / "_proto"
    command = [
        "protoc",
        f"-I{SOURCE}",
        f"-I{well_known}",
        f"--python_out={folder.name}",
        f"--grpc_python_out={folder.name}",
        "serving/model_config.proto",
        "protocol/grpc_service.proto",
    ]
    if protoc.main(command) != 0:
        raise AssertionError("our .proto files do not compile")
    sys.path.insert(0, folder.name)
    return (
        folder,
        importlib.import_module("protocol.grpc_service_pb2"),
        importlib.import_module("protocol.grpc_service_pb2_grpc"),
    )


folder, pb, pb_grpc = generate()
unittest.addModuleCleanup(folder.cleanup)

LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Stubs(ServerTest):
    models = [
        "simple",
        "identity_fp32",
        "identity_bool",
        "identity_uint8",
        "identity_uint16",
        "identity_uint32",
        "identity_uint64",
        "identity_int8",
        "identity_int16",
        "identity_int32",
        "identity_int64",
        "identity_fp16",
        "identity_bf16",
        "identity_fp64",
        "identity_bytes",
        "scalar",
        "slow",
        "fill",
        "all_versions",
        "optional_input",
        "classes",
    ]

    def setUp(self):
        self.channel = grpc.insecure_channel(self.server.grpc, options=LIMITS)
        self.addCleanup(self.channel.close)
        self.stub = pb_grpc.GRPCInferenceServiceStub(self.channel)

    def refused(self, call, code="INVALID_ARGUMENT", *fragments):
        with self.assertRaises(grpc.RpcError) as caught:
            call()
        self.assertEqual(caught.exception.code().name, code, caught.exception.details())
        for fragment in fragments:
            self.assertIn(fragment, caught.exception.details())

    @staticmethod
    def request(model, name, datatype, shape, contents=None, raw=None, **fields):
        request = pb.ModelInferRequest(model_name=model, **fields)
        given = request.inputs.add(name=name, datatype=datatype, shape=shape)
        if contents:
            for field, values in contents.items():
                getattr(given.contents, field).extend(values)
        if raw is not None:
            request.raw_input_contents.append(raw)
        return request


class Contents(Stubs):
    TYPED = [
        ("bool", "BOOL", "bool_contents", [True, False, True], "?"),
        ("uint8", "UINT8", "uint_contents", [0, 255, 7], "u1"),
        ("uint16", "UINT16", "uint_contents", [0, 65535, 7], "<u2"),
        ("uint32", "UINT32", "uint_contents", [0, 2**32 - 1, 7], "<u4"),
        ("uint64", "UINT64", "uint64_contents", [0, 2**64 - 1, 7], "<u8"),
        ("int8", "INT8", "int_contents", [-128, 127, 7], "i1"),
        ("int16", "INT16", "int_contents", [-32768, 32767, 7], "<i2"),
        ("int32", "INT32", "int_contents", [-(2**31), 2**31 - 1, 7], "<i4"),
        ("int64", "INT64", "int64_contents", [-(2**63), 2**63 - 1, 7], "<i8"),
        ("fp32", "FP32", "fp32_contents", [0.5, -0.0, 1e-45], "<f4"),
        ("fp64", "FP64", "fp64_contents", [0.1, -0.0, 5e-324], "<f8"),
    ]

    def test_every_type_that_has_typed_contents(self):
        for name, datatype, field, values, dtype in self.TYPED:
            with self.subTest(name):
                answer = self.stub.ModelInfer(self.request(f"identity_{name}", "x", datatype, [1, 3], {field: values}))
                self.assertEqual(list(answer.raw_output_contents), [np.array(values, dtype).tobytes()])
                self.assertFalse(answer.outputs[0].HasField("contents"))
        answer = self.stub.ModelInfer(
            self.request("identity_bytes", "x", "BYTES", [1, 3], {"bytes_contents": [b"", b"a\0", b"\xff"]})
        )
        self.assertEqual(list(answer.raw_output_contents), [b"\0\0\0\0" b"\2\0\0\0a\0" b"\1\0\0\0\xff"])

    def test_values_out_of_range_are_refused(self):
        for name, datatype, field, value in (
            ("int8", "INT8", "int_contents", 128),
            ("int8", "INT8", "int_contents", -129),
            ("int16", "INT16", "int_contents", 32768),
            ("uint8", "UINT8", "uint_contents", 256),
            ("uint16", "UINT16", "uint_contents", 65536),
        ):
            with self.subTest(name):
                self.refused(
                    lambda: self.stub.ModelInfer(
                        self.request(f"identity_{name}", "x", datatype, [1, 1], {field: [value]})
                    )
                )

    def test_wrong_field_or_count(self):
        for contents in (
            {"int_contents": [1, 2, 3]},
            {"fp32_contents": [1, 2]},
            {"fp32_contents": [1, 2, 3, 4]},
            {"fp32_contents": [1, 2, 3], "fp64_contents": [1]},
        ):
            with self.subTest(contents):
                self.refused(lambda: self.stub.ModelInfer(self.request("identity_fp32", "x", "FP32", [1, 3], contents)))
        for name, datatype in (("fp16", "FP16"), ("bf16", "BF16")):
            self.refused(
                lambda: self.stub.ModelInfer(
                    self.request(f"identity_{name}", "x", datatype, [1, 1], {"fp32_contents": [1]})
                )
            )

    def test_raw_and_typed_do_not_mix(self):
        both = self.request("identity_fp32", "x", "FP32", [1, 1], {"fp32_contents": [1]}, raw=b"\0\0\0\0")
        self.refused(
            lambda: self.stub.ModelInfer(both),
            "INVALID_ARGUMENT",
            "contents field must not be specified when using raw_input_contents",
        )

    def test_the_number_of_raw_contents(self):
        none = self.request("identity_fp32", "x", "FP32", [1, 1])
        self.refused(lambda: self.stub.ModelInfer(none))
        many = self.request("identity_fp32", "x", "FP32", [1, 1], raw=b"\0\0\0\0")
        many.raw_input_contents.append(b"\0\0\0\0")
        self.refused(lambda: self.stub.ModelInfer(many))
        two = pb.ModelInferRequest(model_name="simple")
        for index in (0, 1):
            two.inputs.add(name=f"INPUT{index}", datatype="INT32", shape=[1, 16])
        two.raw_input_contents.append(bytes(64))
        self.refused(
            lambda: self.stub.ModelInfer(two), "INVALID_ARGUMENT", "unable to find data for input tensor 'INPUT1'"
        )

    def test_zero_elements_and_scalars(self):
        answer = self.stub.ModelInfer(self.request("identity_fp32", "x", "FP32", [1, 0], raw=b""))
        self.assertEqual(list(answer.raw_output_contents), [b""])
        answer = self.stub.ModelInfer(self.request("scalar", "x", "FP32", [], {"fp32_contents": [21]}))
        self.assertEqual((list(answer.outputs[0].shape), answer.raw_output_contents[0]), ([], np.float32(42).tobytes()))

    def test_shapes_that_lie(self):
        for shape in ([-1, 3], [1, -3], [2**62, 2**62], [2**63 - 1, 2], [2**40, 2**40, 2**40], [1, 2**61]):
            with self.subTest(shape):
                self.refused(
                    lambda: self.stub.ModelInfer(self.request("identity_fp32", "x", "FP32", shape, raw=bytes(12)))
                )
        for datatype in ("", "FP31", "fp32", "STRING"):
            with self.subTest(datatype):
                self.refused(
                    lambda: self.stub.ModelInfer(self.request("identity_fp32", "x", datatype, [1, 1], raw=bytes(4)))
                )

    def test_an_optional_input_may_be_left_out(self):
        answer = self.stub.ModelInfer(self.request("optional_input", "x", "FP32", [1, 4], raw=bytes(16)))
        self.assertEqual(np.frombuffer(answer.raw_output_contents[0], "<f4").tolist(), [10, 20, 30, 40])


class Parameters(Stubs):
    def ask(self, **parameters):
        request = self.request("identity_fp32", "x", "FP32", [1, 1], raw=bytes(4))
        for name, (kind, value) in parameters.items():
            setattr(request.parameters[name], kind, value)
        return lambda: self.stub.ModelInfer(request)

    def test_kinds_of_reserved_parameters(self):
        for good in (
            {"priority": ("uint64_param", 1)},
            {"priority": ("int64_param", 1)},
            {"timeout": ("int64_param", 10**7)},
            {"sequence_id": ("int64_param", 1)},
            {"sequence_id": ("string_param", "x")},
            {"sequence_start": ("bool_param", True)},
            {"other": ("double_param", 0.5)},
            {"priority": ("uint64_param", 99)},
            {"triton_enable_empty_final_response": ("bool_param", True)},
            {"other": ("uint64_param", 5)},
        ):
            with self.subTest(good):
                self.ask(**good)()
        for bad in (
            {"priority": ("string_param", "1")},
            {"priority": ("int64_param", -1)},
            {"timeout": ("string_param", "x")},
            {"sequence_id": ("bool_param", True)},
            {"sequence_start": ("int64_param", 1)},
            {"triton_enable_empty_final_response": ("int64_param", 1)},
            {"triton_x": ("bool_param", True)},
        ):
            with self.subTest(bad):
                self.refused(self.ask(**bad))

    def test_classification(self):
        request = self.request("classes", "x", "FP32", [1, 4], raw=np.float32([1, 2, 3, 0]).tobytes())
        request.outputs.add(name="scores").parameters["classification"].int64_param = 1
        answer = self.stub.ModelInfer(request)
        self.assertEqual(answer.raw_output_contents[0][4:], b"3.000000:2:bird")
        for kind, value in (("int64_param", 0), ("int64_param", -1), ("string_param", "1")):
            del request.outputs[:]
            setattr(request.outputs.add(name="scores").parameters["classification"], kind, value)
            self.refused(lambda: self.stub.ModelInfer(request))

    def test_names_and_versions(self):
        self.refused(lambda: self.stub.ModelInfer(pb.ModelInferRequest()), "NOT_FOUND")
        self.refused(lambda: self.stub.ModelInfer(self.request("a/../b", "x", "FP32", [1], raw=bytes(4))), "NOT_FOUND")
        for version in ("-1", "x", "99999999999999999999999", " 1"):
            with self.subTest(version):
                self.refused(
                    lambda: self.stub.ModelInfer(
                        self.request("identity_fp32", "x", "FP32", [1, 1], raw=bytes(4), model_version=version)
                    )
                )
        self.refused(
            lambda: self.stub.ModelInfer(
                self.request("identity_fp32", "x", "FP32", [1, 1], raw=bytes(4), model_version="5")
            ),
            "NOT_FOUND",
        )

    def test_metadata_keys_are_ignored(self):
        self.stub.ModelInfer(
            self.request("identity_fp32", "x", "FP32", [1, 1], raw=bytes(4)),
            metadata=(("anything", "x"), ("bytes-bin", b"\xff\0"), ("triton_grpc_error", "false")),
        )


class Methods(Stubs):
    def test_health_and_metadata(self):
        self.assertTrue(self.stub.ServerLive(pb.ServerLiveRequest()).live)
        self.assertTrue(self.stub.ServerReady(pb.ServerReadyRequest()).ready)
        self.assertFalse(self.stub.ModelReady(pb.ModelReadyRequest(name="nothing")).ready)
        self.assertTrue(self.stub.ServerMetadata(pb.ServerMetadataRequest()).version)

    def test_a_repository_name_is_unimplemented(self):
        self.refused(lambda: self.stub.RepositoryIndex(pb.RepositoryIndexRequest(repository_name="x")), "UNIMPLEMENTED")

    def test_an_unknown_method(self):
        call = self.channel.unary_unary("/inference.GRPCInferenceService/Nothing")
        self.refused(lambda: call(b""), "UNIMPLEMENTED")

    def test_bytes_that_are_no_message(self):
        """The raw method must end such a call with a status, whatever the bytes are."""
        call = self.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for body in (
            b"\xff",
            b"\x0a\xff\xff\xff\xff\x0f",
            b"\x2a\x05abc",
            b"\x08",
            b"\x0b" * 1000,
            b"\x0a\x02a",
            bytes(10),
        ):
            with self.subTest(body):
                with self.assertRaises(grpc.RpcError) as caught:
                    call(body)
                self.assertIn(caught.exception.code().name, ("INVALID_ARGUMENT", "INTERNAL", "NOT_FOUND"))
        self.server.check()

    def test_unknown_fields_are_skipped(self):
        body = self.request("identity_fp32", "x", "FP32", [1, 1], raw=np.float32(3).tobytes()).SerializeToString()
        call = self.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        answer = pb.ModelInferResponse.FromString(call(body + b"\xa2\x06\x03abc\xa8\x06\x05"))
        self.assertEqual(answer.raw_output_contents[0], np.float32(3).tobytes())

    def test_a_message_in_an_unusual_order_and_with_unpacked_shapes(self):
        """What another protobuf library may write: fields in any order, repeated numbers one by one."""

        def field(number, data):
            return bytes([number << 3 | 2, len(data)]) + data

        given = field(2, b"FP32") + b"\x18\x01\x18\x01" + field(1, b"x")
        body = field(7, np.float32(3).tobytes()) + field(5, given) + field(1, b"identity_fp32")
        call = self.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        answer = pb.ModelInferResponse.FromString(call(body))
        self.assertEqual(
            (list(answer.outputs[0].shape), answer.raw_output_contents[0]), ([1, 1], np.float32(3).tobytes())
        )

    def test_a_size_beyond_all_memory_fails_only_its_request(self):
        for count, codes in ((10**12, ("RESOURCE_EXHAUSTED",)), (2**62, ("RESOURCE_EXHAUSTED", "INTERNAL"))):
            with self.assertRaises(grpc.RpcError) as caught:
                self.stub.ModelInfer(self.request("fill", "n", "INT64", [1], {"int64_contents": [count]}))
            self.assertIn(caught.exception.code().name, codes, caught.exception.details())
        answer = self.stub.ModelInfer(self.request("fill", "n", "INT64", [1], {"int64_contents": [3]}))
        self.assertEqual(answer.raw_output_contents[0], np.ones(3, np.float32).tobytes())

    def test_streams_mix_models_and_end_after_the_half_close(self):
        requests = [
            self.request("identity_fp32", "x", "FP32", [1, 1], raw=bytes(4), id="a"),
            self.request("nothing", "x", "FP32", [1, 1], raw=bytes(4), id="b"),
            self.request("scalar", "x", "FP32", [], {"fp32_contents": [1]}, id="c"),
        ]
        answers = list(self.stub.ModelStreamInfer(iter(requests), timeout=60))
        self.assertEqual([answer.infer_response.id for answer in answers], ["a", "b", "c"])
        self.assertEqual([bool(answer.error_message) for answer in answers], [False, True, False])
        self.assertEqual(list(self.stub.ModelStreamInfer(iter([]), timeout=60)), [])

    def test_an_idle_stream_survives_and_many_streams_share_a_channel(self):
        streams = []
        for _ in range(20):
            requests = queue.Queue()
            streams.append((requests, self.stub.ModelStreamInfer(iter(requests.get, None), timeout=120)))
        for round_number in range(3):
            for number, (requests, answers) in enumerate(streams):
                requests.put(
                    self.request("identity_fp32", "x", "FP32", [1, 1], raw=bytes(4), id=f"{round_number}-{number}")
                )
            for number, (requests, answers) in enumerate(streams):
                self.assertEqual(next(answers).infer_response.id, f"{round_number}-{number}")
        for requests, answers in streams:
            requests.put(None)
            self.assertEqual(list(answers), [])

    def test_a_flood_of_cancelled_calls(self):
        calls = []
        for _ in range(500):
            call = self.stub.ModelInfer.future(self.request("slow", "x", "FP32", [1], {"fp32_contents": [1]}))
            call.cancel()
            calls.append(call)
        with grpc.insecure_channel(self.server.grpc) as channel:
            stub = pb_grpc.GRPCInferenceServiceStub(channel)
            self.assertTrue(stub.ServerLive(pb.ServerLiveRequest(), timeout=30, wait_for_ready=True).live)


class HealthAndReflection(Stubs):
    def test_check(self):
        stub = health_pb2_grpc.HealthStub(self.channel)
        for service in ("", "inference.GRPCInferenceService"):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service))
            self.assertEqual(answer.status, health_pb2.HealthCheckResponse.SERVING)

    def test_watch_answers_at_once_and_tells_of_the_end(self):
        repository = make_repository(["simple"])
        server = Server("--models", repository)
        self.addCleanup(server.kill)
        channel = grpc.insecure_channel(server.grpc)
        self.addCleanup(channel.close)
        answers = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        self.assertEqual(next(answers).status, health_pb2.HealthCheckResponse.SERVING)
        rest = []

        def read():
            try:
                rest.extend(answers)
            except grpc.RpcError:
                pass

        reader = threading.Thread(target=read)
        reader.start()
        server.stop()
        reader.join(60)
        self.assertFalse(reader.is_alive())
        self.assertTrue(all(answer.status == health_pb2.HealthCheckResponse.NOT_SERVING for answer in rest))

    def test_reflection(self):
        database = ProtoReflectionDescriptorDatabase(self.channel)
        services = set(database.get_services())
        self.assertLessEqual({"inference.GRPCInferenceService", "grpc.health.v1.Health"}, services)
        pool = descriptor_pool.DescriptorPool(database)
        service = pool.FindServiceByName("inference.GRPCInferenceService")
        ours = pb.DESCRIPTOR.services_by_name["GRPCInferenceService"]
        self.assertEqual({m.name for m in service.methods}, {m.name for m in ours.methods})
        infer = service.methods_by_name["ModelInfer"]
        self.assertEqual(infer.input_type.full_name, "inference.ModelInferRequest")
        self.assertEqual(
            {f.name: f.number for f in infer.input_type.fields},
            {f.name: f.number for f in pb.ModelInferRequest.DESCRIPTOR.fields},
        )


if __name__ == "__main__":
    main()

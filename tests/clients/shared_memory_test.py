"""System shared memory as simple_http_shm_client, simple_grpc_shm_client and the string ones use it."""

import base64
import os
import subprocess
import sys
import unittest
import uuid

import numpy as np
import tritonclient.grpc as grpcclient
import tritonclient.http as httpclient
import tritonclient.utils.shared_memory as shm
from tritonclient.utils import InferenceServerException

import tensor_values
from onda_server import Server, ServerTest, main, make_repository
from raw_http import ask
from tensor_values import assert_same, datatype

MODELS = [*[f"identity_{name}" for name in tensor_values.NAMES], "simple", "simple_string", "classes", "count"]
ROW_BYTES = 64

#: Cuts and fills the file that it is given, for ever.
REWRITER = """
import os, sys
noise = os.urandom(4096)
with open(sys.argv[1], "r+b", buffering=0) as file:
    while True:
        for size in (0, 4096, 100, 4096):
            file.truncate(size)
            file.seek(0)
            file.write(noise[:size])
"""


class SharedMemoryTest(ServerTest):
    models = MODELS
    flags = ("--allow-client-shm",)

    def each(self):
        """A client of each protocol, with no region registered."""
        for kind, module in (("http", httpclient), ("grpc", grpcclient)):
            client = module.InferenceServerClient(getattr(self.server, kind))
            self.addCleanup(client.close)
            client.unregister_system_shared_memory()
            yield kind, module, client

    def region(self, byte_size):
        """A POSIX object of that size; its key and the client's handle."""
        key = f"/onda-{uuid.uuid4().hex}"
        handle = shm.create_shared_memory_region("mine", key, byte_size)
        self.addCleanup(self.forget, handle)
        return key, handle

    @staticmethod
    def forget(handle):
        try:
            shm.destroy_shared_memory_region(handle)
        except Exception:
            pass

    def status(self, kind, client):
        """{region: (key, offset, bytes)}"""
        status = client.get_system_shared_memory_status()
        entries = status if kind == "http" else status.regions.values()
        get = (lambda e, k: e[k]) if kind == "http" else getattr
        return {get(e, "name"): (get(e, "key"), get(e, "offset"), get(e, "byte_size")) for e in entries}

    def refused(self, call, *fragments):
        with self.assertRaises(InferenceServerException) as caught:
            call()
        for fragment in fragments:
            self.assertIn(fragment, caught.exception.message())
        return caught.exception.status()


class Registration(SharedMemoryTest):
    def test_register_status_unregister(self):
        for kind, _, client in self.each():
            key, _ = self.region(4096)
            self.assertEqual(self.status(kind, client), {})
            client.register_system_shared_memory("a", key, 4096)
            client.register_system_shared_memory("b", key, 100, offset=128)
            self.assertEqual(self.status(kind, client), {"a": (key, 0, 4096), "b": (key, 128, 100)})
            client.unregister_system_shared_memory("a")
            self.assertEqual(self.status(kind, client), {"b": (key, 128, 100)})
            client.unregister_system_shared_memory("a")
            client.unregister_system_shared_memory()
            self.assertEqual(self.status(kind, client), {})

    def test_one_region_by_name(self):
        for kind, _, client in self.each():
            key, _ = self.region(4096)
            client.register_system_shared_memory("a b", key, 4096)
            status = client.get_system_shared_memory_status("a b")
            self.assertEqual(len(status if kind == "http" else status.regions), 1)
            self.refused(
                lambda: client.get_system_shared_memory_status("none"), "Unable to find shared memory region: 'none'"
            )

    def test_refusals(self):
        for kind, _, client in self.each():
            key, _ = self.region(4096)
            client.register_system_shared_memory("a", key, 4096)
            status = self.refused(
                lambda: client.register_system_shared_memory("a", key, 4096),
                "shared memory region 'a' already in manager",
            )
            self.assertEqual(status, "400" if kind == "http" else "StatusCode.ALREADY_EXISTS")
            status = self.refused(
                lambda: client.register_system_shared_memory("c", "/onda-no-such-key", 64),
                "Unable to open shared memory region: '/onda-no-such-key'",
            )
            self.assertEqual(status, "500" if kind == "http" else "StatusCode.INTERNAL")
            for size, offset in ((4097, 0), (1, 4096), (4096, 1), (2**63, 2**63), (2**64 - 1, 1)):
                with self.subTest(size=size, offset=offset):
                    self.refused(lambda: client.register_system_shared_memory("d", key, size, offset=offset))
            for key in ("/../etc/passwd", "../x", "/a/b", "", "/", "x" * 5000):
                with self.subTest(key):
                    self.refused(lambda: client.register_system_shared_memory("e", key, 1))
            self.assertEqual(list(self.status(kind, client)), ["a"])

    def test_cuda_regions_answer_as_a_build_without_them(self):
        for kind, _, client in self.each():
            status = client.get_cuda_shared_memory_status()
            self.assertEqual(len(status if kind == "http" else status.regions), 0)
            client.unregister_cuda_shared_memory()
            client.unregister_cuda_shared_memory("any")
            status = self.refused(
                lambda: client.register_cuda_shared_memory("c", base64.b64encode(bytes(64)), 0, 64), "not supported"
            )
            self.assertEqual(status, "400" if kind == "http" else "StatusCode.INVALID_ARGUMENT")


class Tensors(SharedMemoryTest):
    def test_in_and_out(self):
        first = np.arange(16, dtype=np.int32).reshape(1, 16)
        second = np.ones((1, 16), np.int32)
        for kind, module, client in self.each():
            in_key, in_handle = self.region(2 * ROW_BYTES)
            out_key, out_handle = self.region(2 * ROW_BYTES)
            shm.set_shared_memory_region(in_handle, [first, second])
            client.register_system_shared_memory("input", in_key, 2 * ROW_BYTES)
            client.register_system_shared_memory("output", out_key, 2 * ROW_BYTES)
            inputs, outputs = [], []
            for index in (0, 1):
                given = module.InferInput(f"INPUT{index}", [1, 16], "INT32")
                given.set_shared_memory("input", ROW_BYTES, offset=index * ROW_BYTES)
                wanted = module.InferRequestedOutput(f"OUTPUT{index}")
                wanted.set_shared_memory("output", ROW_BYTES, offset=index * ROW_BYTES)
                inputs.append(given)
                outputs.append(wanted)
            result = client.infer("simple", inputs, outputs=outputs)
            for index, expected in enumerate((first + second, first - second)):
                got = shm.get_contents_as_numpy(out_handle, np.int32, [1, 16], offset=index * ROW_BYTES)
                np.testing.assert_array_equal(got, expected)
                output = result.get_output(f"OUTPUT{index}")
                if kind == "http":
                    self.assertNotIn("data", output)
                    self.assertNotIn("parameters", output)
                    self.assertEqual((output["shape"], output["datatype"]), ([1, 16], "INT32"))
            if kind == "grpc":
                self.assertEqual(list(result.get_response().raw_output_contents), [b"", b""])

    def test_mixed_with_data_in_the_request(self):
        first = np.arange(16, dtype=np.int32).reshape(1, 16)
        second = np.ones((1, 16), np.int32)
        for kind, module, client in self.each():
            key, handle = self.region(ROW_BYTES)
            shm.set_shared_memory_region(handle, [first])
            client.register_system_shared_memory("input", key, ROW_BYTES)
            shared = module.InferInput("INPUT0", [1, 16], "INT32")
            shared.set_shared_memory("input", ROW_BYTES)
            plain = module.InferInput("INPUT1", [1, 16], "INT32")
            plain.set_data_from_numpy(second)
            for inputs in ([shared, plain], [plain, shared]):
                result = client.infer("simple", inputs)
                np.testing.assert_array_equal(result.as_numpy("OUTPUT1"), first - second)

    def test_every_type(self):
        for kind, module, client in self.each():
            for name in tensor_values.NAMES:
                array = tensor_values.matrix(name)
                raw = module.InferInput("x", [2, 3], datatype(array))
                raw.set_data_from_numpy(array)
                content = raw._get_binary_data() if kind == "http" else raw._get_content()
                key, handle = self.region(2 * len(content))
                handle_bytes = np.frombuffer(content, np.uint8)
                shm.set_shared_memory_region(handle, [handle_bytes])
                client.register_system_shared_memory(name, key, 2 * len(content))
                given = module.InferInput("x", [2, 3], datatype(array))
                given.set_shared_memory(name, len(content))
                wanted = module.InferRequestedOutput("y")
                wanted.set_shared_memory(name, len(content), offset=len(content))
                with self.subTest(name):
                    client.infer(f"identity_{name}", [given], outputs=[wanted])
                    if name == "bf16":
                        got = shm.get_contents_as_numpy(handle, np.uint16, [2, 3], offset=len(content))
                        self.assertEqual(got.tobytes(), array.tobytes())
                    else:
                        got = shm.get_contents_as_numpy(handle, array.dtype, [2, 3], offset=len(content))
                        assert_same(self, got, array)

    def test_refusals(self):
        for kind, module, client in self.each():
            key, _ = self.region(4 * ROW_BYTES)
            client.register_system_shared_memory("r", key, 2 * ROW_BYTES)

            def infer(region="r", byte_size=ROW_BYTES, offset=0, out_region=None, out_size=ROW_BYTES, out_offset=0):
                inputs = []
                for index in (0, 1):
                    given = module.InferInput(f"INPUT{index}", [1, 16], "INT32")
                    given.set_shared_memory(region, byte_size, offset=offset)
                    inputs.append(given)
                outputs = None
                if out_region:
                    outputs = [module.InferRequestedOutput("OUTPUT0")]
                    outputs[0].set_shared_memory(out_region, out_size, offset=out_offset)
                return client.infer("simple", inputs, outputs=outputs)

            infer()
            self.refused(lambda: infer(region="none"), "Unable to find shared memory region: 'none'")
            self.refused(lambda: infer(offset=2 * ROW_BYTES), "Invalid offset for shared memory region")
            self.refused(lambda: infer(offset=ROW_BYTES + 1), "Invalid offset + byte size for shared memory region")
            self.refused(lambda: infer(byte_size=ROW_BYTES - 4), "input byte size mismatch for input")
            self.refused(lambda: infer(out_region="none"), "Unable to find shared memory region: 'none'")
            self.refused(lambda: infer(out_region="r", out_size=ROW_BYTES - 1))
            self.refused(lambda: infer(out_region="r", out_offset=2 * ROW_BYTES), "Invalid offset")
            infer(out_region="r", out_offset=ROW_BYTES)

    def test_a_class_ranking_does_not_go_to_shared_memory(self):
        for kind, _, client in self.each():
            key, _ = self.region(4096)
            client.register_system_shared_memory("r", key, 4096)
            if kind == "http":
                response = ask(
                    self.server,
                    "POST",
                    "/v2/models/classes/infer",
                    {
                        "inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}],
                        "outputs": [
                            {
                                "name": "scores",
                                "parameters": {
                                    "classification": 1,
                                    "shared_memory_region": "r",
                                    "shared_memory_byte_size": 64,
                                },
                            }
                        ],
                    },
                )
                self.assertEqual(response.status, 400, response)


class HostileRegions(SharedMemoryTest):
    def simple(self, module, region):
        inputs = []
        for index in (0, 1):
            given = module.InferInput(f"INPUT{index}", [1, 16], "INT32")
            given.set_shared_memory(region, ROW_BYTES, offset=index * ROW_BYTES)
            inputs.append(given)
        wanted = module.InferRequestedOutput("OUTPUT0")
        wanted.set_shared_memory(region, ROW_BYTES, offset=2 * ROW_BYTES)
        return inputs, [wanted]

    def test_an_object_cut_short_after_its_registration(self):
        """Read in place this would be SIGBUS."""
        for kind, module, client in self.each():
            key, _ = self.region(4096)
            client.register_system_shared_memory("r", key, 4096)
            inputs, outputs = self.simple(module, "r")
            client.infer("simple", inputs, outputs=outputs)
            path = "/dev/shm" + key
            os.truncate(path, 0)
            self.refused(lambda: client.infer("simple", inputs, outputs=outputs))
            self.server.check()
            os.truncate(path, 2 * ROW_BYTES)
            self.refused(lambda: client.infer("simple", inputs, outputs=outputs))
            os.truncate(path, 4096)
            client.infer("simple", inputs, outputs=outputs)

    def test_an_object_that_another_process_truncates_and_rewrites_all_the_time(self):
        for _, module, client in self.each():
            key, _ = self.region(4096)
            client.register_system_shared_memory("r", key, 4096)
            inputs, outputs = self.simple(module, "r")
            client.infer("simple", inputs, outputs=outputs)
            writer = subprocess.Popen([sys.executable, "-c", REWRITER, "/dev/shm" + key])
            try:
                answered = failed = 0
                while answered + failed < 3000 or not (answered and failed):
                    try:
                        client.infer("simple", inputs, outputs=outputs)
                        answered += 1
                    except InferenceServerException:
                        failed += 1
                    self.assertLess(answered + failed, 200_000, "nothing was cut and rewritten in between")
                self.server.check()
            finally:
                writer.kill()
                writer.wait()


class TurnedOff(unittest.TestCase):
    def test_without_the_flag_registration_is_unimplemented_and_status_answers(self):
        repository = make_repository(["simple"])
        with Server("--models", repository) as server:
            for kind, module, status in (("http", httpclient, "501"), ("grpc", grpcclient, "StatusCode.UNIMPLEMENTED")):
                client = module.InferenceServerClient(getattr(server, kind))
                for call in (
                    lambda: client.register_system_shared_memory("r", "/k", 64),
                    client.unregister_system_shared_memory,
                ):
                    with self.assertRaises(InferenceServerException) as caught:
                        call()
                    self.assertEqual(caught.exception.status(), status)
                    self.assertIn("Client shared memory is disabled", caught.exception.message())
                entries = client.get_system_shared_memory_status()
                self.assertEqual(len(entries if kind == "http" else entries.regions), 0)
                self.assertNotIn(
                    "system_shared_memory",
                    (
                        client.get_server_metadata()["extensions"]
                        if kind == "http"
                        else client.get_server_metadata().extensions
                    ),
                )
                client.close()


if __name__ == "__main__":
    main()

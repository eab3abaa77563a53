"""kserve's REST and gRPC inference clients."""

import importlib.util
import os
import sys
import types
import unittest

import numpy as np

import tensor_values
from onda_server import ServerTest, main


def load_clients():
    """kserve's package imports the whole of Kubernetes' client; its inference clients do not need it."""
    package = types.ModuleType("kserve")
    package.__path__ = list(importlib.util.find_spec("kserve").submodule_search_locations)
    sys.modules["kserve"] = package
    os.environ.setdefault("KSERVE_LOGLEVEL", "ERROR")
    from kserve import inference_client
    from kserve.protocol import infer_type

    return inference_client, infer_type


clients, types_of_kserve = load_clients()
InferInput, InferRequest = types_of_kserve.InferInput, types_of_kserve.InferRequest
RequestedOutput = getattr(types_of_kserve, "RequestedOutput", None)

#: What kserve itself can put into a request.
NAMES = [name for name in tensor_values.NAMES if name not in ("bf16", "fp16")]


def request(model, array, binary, name="x"):
    given = InferInput(name=name, shape=list(array.shape), datatype=tensor_values.datatype(array))
    given.set_data_from_numpy(array, binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[given])


class Kserve(ServerTest, unittest.IsolatedAsyncioTestCase):
    models = [*[f"identity_{name}" for name in tensor_values.NAMES], "simple", "all_versions"]

    async def asyncSetUp(self):
        self.rest = clients.InferenceRESTClient(clients.RESTConfig(protocol="v2"))
        self.grpc = clients.InferenceGRPCClient(self.server.grpc)
        self.url = f"http://{self.server.http}"

    async def asyncTearDown(self):
        await self.rest.close()
        await self.grpc.close()

    async def test_health(self):
        self.assertIs(await self.rest.is_server_live(self.url), True)
        self.assertIs(await self.rest.is_server_ready(self.url), True)
        self.assertIs(await self.rest.is_model_ready(self.url, "simple"), True)
        self.assertIs(await self.rest.is_model_ready(self.url, "nothing"), False)
        self.assertIs(await self.grpc.is_server_live(), True)
        self.assertIs(await self.grpc.is_server_ready(), True)
        self.assertIs(await self.grpc.is_model_ready("simple"), True)
        self.assertIs(await self.grpc.is_model_ready("nothing"), False)

    async def test_rest_with_json(self):
        for name in NAMES:
            array = tensor_values.matrix(name)
            if name == "bytes":
                array = np.array([["", "é€😀", "x"], ['"\\\n\t', "a", "12"]], np.object_)
            with self.subTest(name):
                answer = await self.rest.infer(
                    self.url, request(f"identity_{name}", array, False), model_name=f"identity_{name}"
                )
                output = answer.outputs[0]
                self.assertEqual(output.shape, list(array.shape))
                if name == "bytes":
                    self.assertEqual(list(output.data), list(array.reshape(-1)))
                else:
                    self.assertEqual(np.array(output.data, array.dtype).tobytes(), array.tobytes())

    async def test_rest_with_binary(self):
        for name in [*NAMES, "fp16"]:
            array = tensor_values.matrix(name)
            made = request(f"identity_{name}", array, True)
            made.parameters = {"binary_data_output": True}
            with self.subTest(name):
                answer = await self.rest.infer(self.url, made, model_name=f"identity_{name}")
                tensor_values.assert_same(self, answer.outputs[0].as_numpy(), array)

    async def test_grpc_with_raw_and_with_typed_contents(self):
        for name in [*NAMES, "fp16"]:
            for binary in (True, False):
                if name == "fp16" and not binary:
                    continue
                array = tensor_values.matrix(name)
                with self.subTest(name, binary=binary):
                    answer = await self.grpc.infer(request(f"identity_{name}", array, binary))
                    self.assertEqual(answer.model_name, f"identity_{name}")
                    tensor_values.assert_same(self, answer.outputs[0].as_numpy(), array)

    async def test_answers_carry_the_id(self):
        array = np.zeros((1, 2), np.float32)
        made = request("identity_fp32", array, False)
        made.id = "an id"
        self.assertEqual((await self.rest.infer(self.url, made, model_name="identity_fp32")).id, "an id")
        made = request("identity_fp32", array, True)
        made.id = "another"
        self.assertEqual((await self.grpc.infer(made)).id, "another")

    async def test_errors(self):
        array = np.zeros((1, 16), np.int32)
        with self.assertRaises(Exception) as caught:
            await self.rest.infer(self.url, request("simple", array, False, "INPUT0"), model_name="simple")
        self.assertEqual(caught.exception.response.status_code, 400)
        self.assertIn(
            "expected 2 inputs but got 1 inputs for model 'simple'", caught.exception.response.json()["error"]
        )
        with self.assertRaises(Exception) as caught:
            await self.grpc.infer(request("nothing", array, True))
        self.assertEqual(caught.exception.code().name, "NOT_FOUND")


if __name__ == "__main__":
    main()

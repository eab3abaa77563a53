"""tritonclient.http.aio, which compresses, labels and frames its requests otherwise than its sibling."""

import asyncio
import unittest

import numpy as np
import tritonclient.http.aio as httpclient
from tritonclient.utils import InferenceServerException

import tensor_values
from onda_server import ServerTest, main
from tensor_values import assert_same, datatype


def tensor(name, array, binary=True):
    made = httpclient.InferInput(name, list(array.shape), datatype(array))
    made.set_data_from_numpy(array, binary_data=binary)
    return made


class HttpAioClient(ServerTest, unittest.IsolatedAsyncioTestCase):
    models = [*[f"identity_{name}" for name in tensor_values.NAMES], "simple", "slow"]
    flags = ("--model-control", "explicit", "--load-model", "*")

    async def asyncSetUp(self):
        self.client = httpclient.InferenceServerClient(self.server.http)

    async def asyncTearDown(self):
        await self.client.close()

    async def test_health_and_metadata(self):
        self.assertTrue(await self.client.is_server_live())
        self.assertTrue(await self.client.is_server_ready())
        self.assertTrue(await self.client.is_model_ready("simple"))
        self.assertFalse(await self.client.is_model_ready("nothing"))
        self.assertEqual((await self.client.get_model_metadata("simple"))["name"], "simple")
        self.assertEqual((await self.client.get_model_config("simple"))["max_batch_size"], 8)
        self.assertIn("extensions", await self.client.get_server_metadata())
        self.assertIn("model_stats", await self.client.get_inference_statistics("simple"))

    async def test_every_type(self):
        for name in tensor_values.NAMES:
            array = tensor_values.matrix(name)
            with self.subTest(name):
                result = await self.client.infer(f"identity_{name}", [tensor("x", array)])
                assert_same(self, result.as_numpy("y"), array)

    async def test_many_at_once(self):
        async def one(number):
            array = np.full((1, 16), number, np.int32)
            result = await self.client.infer(
                "simple", [tensor("INPUT0", array), tensor("INPUT1", array)], request_id=str(number)
            )
            self.assertEqual(result.get_response()["id"], str(number))
            self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[2 * number] * 16])

        await asyncio.gather(*(one(number) for number in range(200)))

    async def test_compression(self):
        array = np.zeros((1, 100_000), np.float32)
        for request in (None, "gzip", "deflate"):
            for response in (None, "gzip", "deflate"):
                result = await self.client.infer(
                    "identity_fp32",
                    [tensor("x", array)],
                    request_compression_algorithm=request,
                    response_compression_algorithm=response,
                )
                assert_same(self, result.as_numpy("y"), array)

    async def test_errors_are_readable_although_every_request_accepts_compression(self):
        with self.assertRaises(InferenceServerException) as caught:
            await self.client.infer("simple", [tensor("INPUT0", np.zeros((1, 16), np.int32))])
        self.assertIn("expected 2 inputs but got 1 inputs for model 'simple'", caught.exception.message())
        self.assertEqual(caught.exception.status(), "400")
        with self.assertRaises(InferenceServerException) as caught:
            await self.client.get_model_metadata("nothing")
        self.assertIn("Request for unknown model: 'nothing' is not found", caught.exception.message())

    async def test_load_and_unload(self):
        """simple_http_aio_infer_client and simple_http_model_control"""
        await self.client.unload_model("identity_int8")
        self.assertFalse(await self.client.is_model_ready("identity_int8"))
        await self.client.load_model("identity_int8")
        self.assertTrue(await self.client.is_model_ready("identity_int8"))
        index = await self.client.get_model_repository_index()
        self.assertIn(
            {"name": "simple", "version": "1", "state": "READY"},
            [{key: entry.get(key) for key in ("name", "version", "state")} for entry in index],
        )

    async def test_settings(self):
        settings = await self.client.get_log_settings()
        self.assertEqual((await self.client.update_log_settings({"log_verbose_level": 0}))["log_verbose_level"], 0)
        self.assertIn("log_info", settings)
        self.assertIn("trace_level", await self.client.get_trace_settings())

    async def test_a_cancelled_request_leaves_the_others_alone(self):
        x = np.float32([1])
        call = asyncio.ensure_future(
            self.client.infer("slow", [tensor("x", x), tensor("rounds", np.int64([100_000_000]))])
        )
        await asyncio.sleep(0.2)
        call.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await call
        result = await self.client.infer("slow", [tensor("x", x), tensor("rounds", np.int64([1]))])
        self.assertEqual(result.as_numpy("y").tolist(), [1])


if __name__ == "__main__":
    main()

"""tritonclient.grpc.aio: simple_grpc_aio_infer_client, ..._sequence_stream_infer_client and cancellation."""

import asyncio
import unittest

import numpy as np
import tritonclient.grpc.aio as grpcclient
from tritonclient.utils import InferenceServerException

import tensor_values
from onda_server import ServerTest, main
from tensor_values import assert_same, datatype


def tensor(name, array):
    made = grpcclient.InferInput(name, list(array.shape), datatype(array))
    made.set_data_from_numpy(array)
    return made


def simple_inputs(number):
    array = np.full((1, 16), number, np.int32)
    return [tensor("INPUT0", array), tensor("INPUT1", array)]


def slow_inputs(rounds):
    return [tensor("x", np.float32([1])), tensor("rounds", np.int64([rounds]))]


class GrpcAioClient(ServerTest, unittest.IsolatedAsyncioTestCase):
    models = [*[f"identity_{name}" for name in tensor_values.NAMES], "simple", "slow"]
    flags = ("--model-control", "explicit", "--load-model", "*")

    async def asyncSetUp(self):
        self.client = grpcclient.InferenceServerClient(self.server.grpc)

    async def asyncTearDown(self):
        await self.client.close()

    async def test_health_and_metadata(self):
        self.assertTrue(await self.client.is_server_live())
        self.assertTrue(await self.client.is_server_ready())
        self.assertTrue(await self.client.is_model_ready("simple"))
        self.assertFalse(await self.client.is_model_ready("nothing"))
        self.assertEqual((await self.client.get_model_metadata("simple")).name, "simple")
        self.assertEqual((await self.client.get_model_config("simple")).config.max_batch_size, 8)
        self.assertIn("extensions", await self.client.get_server_metadata(as_json=True))
        self.assertEqual((await self.client.get_inference_statistics("simple")).model_stats[0].name, "simple")
        self.assertIn("trace_level", (await self.client.get_trace_settings()).settings)
        self.assertIn("log_info", (await self.client.get_log_settings()).settings)

    async def test_every_type(self):
        for name in tensor_values.NAMES:
            array = tensor_values.matrix(name)
            with self.subTest(name):
                result = await self.client.infer(f"identity_{name}", [tensor("x", array)])
                assert_same(self, result.as_numpy("y"), array)

    async def test_many_at_once(self):
        async def one(number):
            result = await self.client.infer("simple", simple_inputs(number), request_id=str(number))
            self.assertEqual(result.get_response().id, str(number))
            self.assertEqual(result.as_numpy("OUTPUT0").tolist(), [[2 * number] * 16])

        await asyncio.gather(*(one(number) for number in range(200)))

    async def test_stream(self):
        async def requests():
            for number in range(50):
                yield {"model_name": "simple", "inputs": simple_inputs(number), "request_id": str(number)}

        seen = []
        async for result, error in self.client.stream_infer(requests()):
            self.assertIsNone(error)
            seen.append(result.get_response().id)
        self.assertEqual(seen, [str(number) for number in range(50)])

    async def test_stream_with_an_error_in_it(self):
        async def requests():
            for number, model in enumerate(("simple", "nothing", "simple")):
                yield {"model_name": model, "inputs": simple_inputs(number), "request_id": str(number)}

        seen = [(result, error) async for result, error in self.client.stream_infer(requests())]
        self.assertEqual([error is None for _, error in seen], [True, False, True])
        self.assertIn("Request for unknown model: 'nothing' is not found", str(seen[1][1]))

    async def test_cancelled_stream(self):
        """grpc_aio cancel: the iterator's cancel() ends it."""

        async def requests():
            for _ in range(6):
                yield {"model_name": "slow", "inputs": slow_inputs(100_000_000)}

        stream = self.client.stream_infer(requests())

        async def cancel():
            await asyncio.sleep(0.3)
            stream.cancel()

        task = asyncio.ensure_future(cancel())
        with self.assertRaises(asyncio.CancelledError):
            async for _ in stream:
                self.fail("there is no answer to wait for")
        await task
        result = await self.client.infer("slow", slow_inputs(1), client_timeout=60)
        self.assertEqual(result.as_numpy("y").tolist(), [1])

    async def test_cancelled_call(self):
        call = asyncio.ensure_future(self.client.infer("slow", slow_inputs(100_000_000)))
        await asyncio.sleep(0.2)
        call.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await call
        result = await self.client.infer("slow", slow_inputs(1), client_timeout=60)
        self.assertEqual(result.as_numpy("y").tolist(), [1])

    async def test_client_timeout(self):
        with self.assertRaises(InferenceServerException) as caught:
            await self.client.infer("slow", slow_inputs(100_000_000), client_timeout=0.3)
        self.assertEqual(caught.exception.status(), "StatusCode.DEADLINE_EXCEEDED")

    async def test_load_and_unload(self):
        await self.client.unload_model("identity_int8")
        self.assertFalse(await self.client.is_model_ready("identity_int8"))
        await self.client.load_model("identity_int8")
        self.assertTrue(await self.client.is_model_ready("identity_int8"))


if __name__ == "__main__":
    main()

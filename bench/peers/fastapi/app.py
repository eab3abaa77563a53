"""Models behind FastAPI, as somebody writes it who knows both FastAPI and ONNX Runtime.

Sessions are made once. JSON is read and written by orjson, arrays are NumPy's,
and a run leaves the event loop to the other requests. MODELS names the
directory with NAME.onnx files.

Example: MODELS=build/models uvicorn --app-dir bench/peers/fastapi app:app
"""

import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
import orjson
from fastapi import FastAPI, HTTPException, Request, Response
from starlette.concurrency import run_in_threadpool

DTYPES = {"FP32": np.float32, "INT64": np.int64}

sessions = {
    path.stem: ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    for path in sorted(Path(os.environ["MODELS"]).glob("*.onnx"))
}
output_names = {name: [output.name for output in session.get_outputs()] for name, session in sessions.items()}

app = FastAPI()


def array(tensor):
    dtype = DTYPES.get(tensor["datatype"])
    if dtype is None:
        raise HTTPException(400, f"datatype {tensor['datatype']} is not served")
    return np.array(tensor["data"], dtype=dtype).reshape(tensor["shape"])


@app.post("/v2/models/{model}/infer")
async def infer(model: str, request: Request) -> Response:
    session = sessions.get(model)
    if session is None:
        raise HTTPException(404, f"there is no model {model}")
    try:
        body = orjson.loads(await request.body())
        inputs = {tensor["name"]: array(tensor) for tensor in body["inputs"]}
    except (KeyError, TypeError, ValueError) as error:
        raise HTTPException(400, str(error)) from error
    outputs = await run_in_threadpool(session.run, None, inputs)
    answer = {
        "model_name": model,
        "outputs": [
            {"name": name, "datatype": "FP32", "shape": output.shape, "data": output.ravel()}
            for name, output in zip(output_names[model], outputs)
        ],
    }
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")

"""Runs a test model in ONNX Runtime, with inputs made up from what the model declares."""

import numpy as np
import onnx
import onnxruntime

from test_models.entry import Outcome

NUMPY_TYPES = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_, "tensor(int8)": np.int8, "tensor(int16)": np.int16,
    "tensor(int32)": np.int32, "tensor(int64)": np.int64, "tensor(uint8)": np.uint8,
    "tensor(uint16)": np.uint16, "tensor(uint32)": np.uint32, "tensor(uint64)": np.uint64,
}
#: What the Python binding takes and returns as Python objects.
OBJECT_TYPES = {
    "tensor(string)", "seq(tensor(float))", "seq(map(string,tensor(float)))",
    "optional(tensor(float))",
}
#: Types that NumPy lacks and the Python binding takes as raw bytes.
RAW_TYPES = {
    "tensor(bfloat16)": (np.uint16, onnx.TensorProto.BFLOAT16),
    "tensor(float8e4m3fn)": (np.uint8, onnx.TensorProto.FLOAT8E4M3FN),
    "tensor(float8e4m3fnuz)": (np.uint8, onnx.TensorProto.FLOAT8E4M3FNUZ),
    "tensor(float8e5m2)": (np.uint8, onnx.TensorProto.FLOAT8E5M2),
    "tensor(float8e5m2fnuz)": (np.uint8, onnx.TensorProto.FLOAT8E5M2FNUZ),
}


def version():
    return onnxruntime.__version__


def open_session(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def packed(path, dims):
    """A tensor of several elements a byte, which only ONNX Runtime itself can make here."""
    numbers = onnxruntime.OrtValue.ortvalue_from_numpy(np.ones(dims, np.float32))
    maker = open_session(path.with_name(path.name.replace("cast_from_", "cast_to_")))
    return maker.run_with_ort_values(None, {"x": numbers})[0]


def made_up(declared, path):
    """A value for one input of the model at `path`."""
    dims = [2 if not isinstance(dim, int) else dim for dim in declared.shape]
    count = int(np.prod(dims))
    if declared.type == "tensor(string)":
        return np.array([f"é{index}" for index in range(count)], object).reshape(dims)
    if declared.type in NUMPY_TYPES:
        return (np.arange(count) % 2).astype(NUMPY_TYPES[declared.type]).reshape(dims)
    if declared.type in RAW_TYPES:
        raw, onnx_type = RAW_TYPES[declared.type]
        array = np.zeros(dims, raw)
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(array, onnx_type)
    if declared.type == "seq(tensor(float))":
        return [np.zeros(2, np.float32)]
    if declared.type == "optional(tensor(float))":
        return np.zeros(3, np.float32)
    return packed(path, dims)


def run(path):
    """Loads and runs a model once."""
    session = open_session(path)
    feeds = {declared.name: made_up(declared, path) for declared in session.get_inputs()}
    types = {value.type for value in session.get_inputs() + session.get_outputs()}
    if all(name in NUMPY_TYPES or name in OBJECT_TYPES for name in types):
        session.run(None, feeds)
        return
    for name, feed in feeds.items():
        if isinstance(feed, np.ndarray):
            feeds[name] = onnxruntime.OrtValue.ortvalue_from_numpy(feed)
    session.run_with_ort_values(None, feeds)


def faults(path, entry):
    """What is not as `entry` says, as a list of sentences."""
    refused = entry.outcome is Outcome.REFUSED
    try:
        if not refused and entry.is_standard:
            onnx.checker.check_model(str(path), full_check=True)
        run(path)
    except Exception as error:  # ONNX Runtime's exceptions have no common base.
        return [] if refused else [f"{path.name}: {error}"]
    return [f"{path.name}: loads, but is said to be refused"] if refused else []

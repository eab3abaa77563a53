"""Values of each of the protocol's element types, chosen to break what is read or written carelessly."""

import ml_dtypes
import numpy as np

from tritonclient.utils import np_to_triton_dtype

INTEGERS = {name: np.dtype(name) for name in ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")}


def matrix(name):
    """A [2,3] array of the type that identity_NAME takes."""
    if name in INTEGERS:
        info = np.iinfo(INTEGERS[name])
        return np.array([[info.min, info.max, 0], [1, info.max - 1, info.min + 1]], INTEGERS[name])
    if name == "bool":
        return np.array([[True, False, True], [False, False, True]])
    if name == "fp16":
        return np.array([[0, -0.0, 65504], [6e-8, 1.0009765625, -2]], np.float16)
    if name == "bf16":
        return np.array([[0, -0.0, 3.38953e38], [1e-38, 1.0078125, -2]], ml_dtypes.bfloat16)
    if name == "fp32":
        return np.array([[0.1, -0.0, 3.4028235e38], [1e-45, 16777217.0, 1 / 3]], np.float32)
    if name == "fp64":
        return np.array([[0.1, -0.0, 1.7976931348623157e308], [5e-324, 2**53 + 1, 1 / 3]], np.float64)
    if name == "bytes":
        return np.array([[b"", b"a\0b", "é€😀".encode()], [b'"\\\n\t', b" " * 300, b"12"]], np.object_)
    raise KeyError(name)


NAMES = [*INTEGERS, "bool", "fp16", "bf16", "fp32", "fp64", "bytes"]
#: Those that may be written as JSON.
JSON_NAMES = [name for name in NAMES if name not in ("fp16", "bf16")]


def datatype(array):
    """The protocol's name of the array's type."""
    return "BF16" if array.dtype == ml_dtypes.bfloat16 else np_to_triton_dtype(array.dtype)


def assert_same(test, got, expected):
    """Equal to the bit: -0.0 is not 0.0, and a shape is part of the value."""
    test.assertIsNotNone(got)
    test.assertEqual(tuple(got.shape), tuple(expected.shape))
    if expected.dtype == np.object_:
        as_bytes = [item if isinstance(item, bytes) else str(item).encode() for item in got.reshape(-1)]
        test.assertEqual(as_bytes, list(expected.reshape(-1)))
    else:
        test.assertEqual(got.dtype, expected.dtype)
        test.assertEqual(got.tobytes(), expected.tobytes())

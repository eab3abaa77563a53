"""x -> Identity -> y for each element type that ONNX has, and conversions of the packed ones.

ONNX Runtime's Identity takes no type narrower than a byte, but its Cast does,
so such tensors do go in and out.
"""

from onnx import TensorProto

import onnx_model
from test_models.entry import Outcome, entry, graph, value

RUNS, REFUSED = Outcome.RUNS, Outcome.REFUSED

# name, the first opset whose Identity takes it, the IR version of that opset, outcome
TYPES = [
    ("float16", 13, 8, RUNS),
    ("bfloat16", 13, 8, RUNS),
    ("float32", 13, 8, RUNS),
    ("float64", 13, 8, RUNS),
    ("int8", 13, 8, RUNS),
    ("int16", 13, 8, RUNS),
    ("int32", 13, 8, RUNS),
    ("int64", 13, 8, RUNS),
    ("uint8", 13, 8, RUNS),
    ("uint16", 13, 8, RUNS),
    ("uint32", 13, 8, RUNS),
    ("uint64", 13, 8, RUNS),
    ("bool", 13, 8, RUNS),
    ("string", 13, 8, RUNS),
    ("complex64", 13, 8, REFUSED),
    ("complex128", 13, 8, REFUSED),
    ("float8e4m3fn", 19, 9, RUNS),
    ("float8e4m3fnuz", 19, 9, RUNS),
    ("float8e5m2", 19, 9, RUNS),
    ("float8e5m2fnuz", 19, 9, RUNS),
    ("int4", 21, 10, REFUSED),
    ("uint4", 21, 10, REFUSED),
    ("float4e2m1", 23, 11, REFUSED),
    ("float8e8m0", 24, 12, REFUSED),
    ("int2", 25, 13, REFUSED),
    ("uint2", 25, 13, REFUSED),
]

#: Types of several elements a byte that ONNX Runtime's Cast knows.
PACKED = [("int4", 21, 10), ("uint4", 21, 10), ("int2", 25, 13), ("uint2", 25, 13)]

ONNX_NAMES = {"float32": "FLOAT", "float64": "DOUBLE"}


def identity(name, dtype, opset, ir_version):
    inputs, outputs = [value("x", dtype, ["N", 4])], [value("y", dtype, ["N", 4])]
    made = graph(name, [("Identity", ["x"], ["y"], {})], inputs, outputs)
    return onnx_model.model(made, opset, ir_version)


def cast(source, target, opset, ir_version):
    made = graph(
        "cast", [("Cast", ["x"], ["y"], {"to": target})],
        [value("x", source, ["N", 5])], [value("y", target, ["N", 5])],
    )
    return onnx_model.model(made, opset, ir_version)


def conversions():
    """Five elements a row: the last byte of an odd count is half empty."""
    for name, opset, ir_version in PACKED:
        dtype = TensorProto.DataType.Value(name.upper())
        yield entry(
            f"cast_to_{name}", f"x [N,5] of float32 to y of {name}, opset {opset}",
            cast(TensorProto.FLOAT, dtype, opset, ir_version),
        )
        yield entry(
            f"cast_from_{name}", f"x [N,5] of {name} to y of float32, opset {opset}",
            cast(dtype, TensorProto.FLOAT, opset, ir_version),
        )


def entries():
    yield from conversions()
    for name, opset, ir_version, outcome in TYPES:
        dtype = TensorProto.DataType.Value(ONNX_NAMES.get(name, name.upper()))
        yield entry(
            f"identity_{name}",
            f"x [N,4] of {name} to y, opset {opset}",
            identity("identity", dtype, opset, ir_version),
            outcome,
        )
    yield entry(
        "dtype_99",
        "Identity of an element type that does not exist (99)",
        identity("identity", 99, 13, 8),
        REFUSED,
    )

"""Inputs and outputs of every sort: ranks, unknown shapes, sequences, maps, images."""

import numpy as np
from onnx import TensorProto, helper

import onnx_model
from test_models.entry import entry, floats, graph, value


def add_n():
    made = graph(
        "add", [("Add", ["a", "b"], ["c"], {})],
        [floats("a", ["N", 4]), floats("b", ["N", 4])], [floats("c", ["N", 4])],
    )
    return onnx_model.model(made)


def one_operator(operator, input_dims, output_dims, **attributes):
    made = graph(
        operator.lower(), [(operator, ["x"], ["y"], attributes)],
        [floats("x", input_dims)], [floats("y", output_dims)],
    )
    return onnx_model.model(made)


def doubled(dims):
    made = graph(
        "double", [("Mul", ["x", "two"], ["y"], {})],
        [floats("x", dims)], [floats("y", dims)], [("two", np.float32(2))],
    )
    return onnx_model.model(made)


def split():
    made = graph(
        "split", [("Split", ["x", "sizes"], ["a", "b", "c"], {"axis": 1})],
        [floats("x", ["N", 6])],
        [floats("a", ["N", 1]), floats("b", ["N", 2]), floats("c", ["N", 3])],
        [("sizes", np.array([1, 2, 3], np.int64))],
    )
    return onnx_model.model(made)


def range_int64():
    made = graph(
        "range", [("Range", ["zero", "n", "one"], ["y"], {})],
        [value("n", TensorProto.INT64, [])], [value("y", TensorProto.INT64, ["M"])],
        [("zero", np.int64(0)), ("one", np.int64(1))],
    )
    return onnx_model.model(made)


def dynamic_output():
    made = graph(
        "nonzero", [("NonZero", ["x"], ["y"], {})],
        [floats("x", ["N"])], [value("y", TensorProto.INT64, [1, "M"])],
    )
    return onnx_model.model(made)


def constant_output():
    constant = onnx_model.tensor("", np.arange(6, dtype=np.float32).reshape(2, 3))
    made = graph(
        "constant", [("Constant", [], ["y"], {"value": constant})], [], [floats("y", [2, 3])]
    )
    return onnx_model.model(made)


def logits():
    made = graph(
        "logits", [("Gemm", ["x", "W"], ["y"], {})],
        [floats("x", ["N", 4])], [floats("y", ["N", 3])],
        [("W", np.arange(12, dtype=np.float32).reshape(4, 3) / 10)],
    )
    return onnx_model.model(made)


def sequence_output():
    made = graph(
        "sequence", [("SequenceConstruct", ["a", "b"], ["s"], {})],
        [floats("a", ["N"]), floats("b", ["M"])],
        [helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)],
    )
    return onnx_model.model(made)


def sequence_input():
    made = graph(
        "sequence", [("SequenceAt", ["s", "zero"], ["y"], {})],
        [helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, ["N"])],
        [floats("y", ["N"])], [("zero", np.int64(0))],
    )
    return onnx_model.model(made)


def map_output():
    node = helper.make_node(
        "ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_strings=["cat", "dog", "eel"]
    )
    key_and_value = helper.make_map_type_proto(
        TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    )
    output = helper.make_value_info("y", helper.make_sequence_type_proto(key_and_value))
    made = helper.make_graph([node], "zipmap", [floats("x", ["N", 3])], [output])
    return onnx_model.model(made, extra_opsets=[("ai.onnx.ml", 1)])


def optional_input():
    wrapped = helper.make_optional_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [3]))
    made = graph(
        "optional", [("OptionalHasElement", ["x"], ["y"], {})],
        [helper.make_value_info("x", wrapped)], [value("y", TensorProto.BOOL, [])],
    )
    return onnx_model.model(made, opset=18)


def pixels(dtype, dims):
    """What preprocessing handed over, as it came."""
    made = graph(
        "pixels", [("Identity", ["image"], ["pixels"], {})],
        [value("image", dtype, dims)], [value("pixels", dtype, dims)],
    )
    return onnx_model.model(made)


IMAGES = [
    ("nchw", TensorProto.FLOAT, ["N", 3, 32, 48]),
    ("nhwc", TensorProto.FLOAT, ["N", 32, 48, 3]),
    ("chw", TensorProto.FLOAT, [3, 32, 48]),
    ("grey", TensorProto.FLOAT, ["N", 1, 28, 28]),
    ("any_size", TensorProto.FLOAT, ["N", 3, "H", "W"]),
    ("uint8_nhwc", TensorProto.UINT8, ["N", 32, 48, 3]),
    ("ambiguous", TensorProto.FLOAT, ["N", 3, 32, 3]),
]


def entries():
    yield entry("add_n", "c = a + b, all [N,4]: two inputs share one symbolic dimension", add_n())
    yield entry("scalar", "y = 2 x, both of shape []", doubled([]))
    yield entry("fixed_shape", "y = 2 x, both [2,3]", doubled([2, 3]))
    yield entry("unknown_rank", "y = 2 x, of any rank: no shape is declared", doubled(None),
                is_standard=False)
    yield entry("unnamed_dims", "y = 2 x, [?,3]: a dimension without size or name", doubled([None, 3]))
    yield entry("split", "x [N,6] to three outputs a [N,1], b [N,2], c [N,3]", split())
    yield entry("range_int64", "y = 0 … n-1: the output's size is the input's value", range_int64())
    yield entry("dynamic_output", "NonZero of x [N]: the output's size depends on the data", dynamic_output())
    yield entry("constant_output", "y = [[0,1,2],[3,4,5]]: a model without inputs", constant_output())
    yield entry("no_softmax", "x [N,4] to logits y [N,3], W = (0 … 11) / 10", logits())
    yield entry("reshape_last", "x [N,2,3] to y [N,6]: the last node only changes the shape",
                one_operator("Flatten", ["N", 2, 3], ["N", 6], axis=1))
    yield entry("sequence_output", "a sequence of the tensors a and b", sequence_output())
    yield entry("sequence_input", "the first tensor of a sequence", sequence_input())
    yield entry("map_output", "a sequence of maps from string to float (ZipMap)", map_output())
    yield entry("optional_input", "whether an optional tensor is there", optional_input())
    for name, dtype, dims in IMAGES:
        shown = ",".join(str(dim) for dim in dims)
        kind = TensorProto.DataType.Name(dtype).lower()
        yield entry(f"image_{name}", f"image {kind} [{shown}], returned as it came", pixels(dtype, dims))

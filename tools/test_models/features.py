"""What a model file can hold besides a plain graph: weights elsewhere, functions, metadata."""

import numpy as np
from onnx import TensorProto, helper

import make_tiny
import onnx_model
from test_models.entry import entry, floats, graph, refused, value


def stored_outside(name, array, location, offset, length=None):
    """An initialiser whose bytes are those of `location` from `offset`."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=array.shape)
    tensor.data_location = TensorProto.EXTERNAL
    where = {"location": location, "offset": offset, "length": length or array.nbytes}
    for key, setting in where.items():
        tensor.external_data.add(key=key, value=str(setting))
    return tensor


def external(matrices, bias):
    """The tiny model with W1 and W2 in the file `matrices`, B1 in `bias`; both files' bytes."""
    weights = make_tiny.weights()
    w1, b1, w2 = weights["W1"], weights["B1"], weights["W2"]
    tensors = [
        stored_outside("W1", w1, matrices, 0),
        stored_outside("B1", b1, bias, 0),
        stored_outside("W2", w2, matrices, w1.nbytes),
    ]
    model = onnx_model.model(make_tiny.graph(tensors))
    return model, w1.tobytes() + w2.tobytes(), b1.tobytes()


def external_entries():
    model, matrices, bias = external("external.bin", "external_bias.bin")
    yield entry(
        "external", "`tiny` with its weights in `external.bin` and `external_bias.bin`",
        model, beside={"external.bin": matrices, "external_bias.bin": bias},
    )
    model, _, _ = external("external_missing.bin", "external_bias.bin")
    yield refused("external_missing", "its external data are in a file that is not there", model)
    model, _, _ = external("external_truncated.bin", "external_bias.bin")
    yield refused(
        "external_truncated", "its external data end 100 bytes early", model,
        {"external_truncated.bin": matrices[:-100]},
    )
    model, _, _ = external("../../etc/passwd", "external_bias.bin")
    yield refused("external_escape", "its external data are in `../../etc/passwd`", model)
    model, _, _ = external("/etc/passwd", "external_bias.bin")
    yield refused("external_absolute", "its external data are in `/etc/passwd`", model)


def initializer_as_input(ir_version):
    made = graph(
        "default", [("Add", ["x", "w"], ["y"], {})],
        [floats("x", ["N", 4]), floats("w", [4])], [floats("y", ["N", 4])],
        [("w", np.array([1, 2, 3, 4], np.float32))],
    )
    return onnx_model.model(made, ir_version=ir_version, opset=13 if ir_version > 3 else 8)


def custom_metadata():
    node = helper.make_node(
        "Scaler", ["x"], ["y"], domain="ai.onnx.ml", offset=[1.0], scale=[2.0],
        doc_string="what a node can say",
    )
    made = helper.make_graph(
        [node], "scaler", [floats("x", ["N", 3])], [floats("y", ["N", 3])],
        doc_string="what a graph can say",
    )
    made.input[0].doc_string = "what an input can say"
    model = onnx_model.model(
        made, extra_opsets=[("ai.onnx.ml", 2)],
        producer_name="a producer", producer_version="1.2.3", domain="org.example",
        model_version=7, doc_string="y = 2 (x - 1)\non two lines",
    )
    helper.set_model_props(
        model, {"author": "Åsa \"quoted\"", "classes": '["cat","dog"]', "empty": ""}
    )
    return model


def local_function():
    function = helper.make_function(
        "org.example", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 13)],
    )
    node = helper.make_node("Twice", ["x"], ["y"], domain="org.example")
    made = helper.make_graph([node], "twice", [floats("x", ["N", 4])], [floats("y", ["N", 4])])
    return onnx_model.model(made, extra_opsets=[("org.example", 1)], functions=[function])


def slow_loop():
    """y = x after `trips` rounds of x = sin(x): cheap rounds, as many as the caller asks for."""
    body = graph(
        "round",
        [("Sin", ["carried"], ["next"], {}), ("Identity", ["going"], ["goes_on"], {})],
        [value("index", TensorProto.INT64, []), value("going", TensorProto.BOOL, []),
         floats("carried", [4])],
        [value("goes_on", TensorProto.BOOL, []), floats("next", [4])],
    )
    made = graph(
        "loop", [("Loop", ["trips", "", "x"], ["y"], {"body": body})],
        [value("trips", TensorProto.INT64, []), floats("x", [4])], [floats("y", [4])],
    )
    return onnx_model.model(made)


def unknown_operator(domain):
    node = helper.make_node("FooBar", ["x"], ["y"], domain=domain)
    made = helper.make_graph([node], "unknown", [floats("x", ["N", 4])], [floats("y", ["N", 4])])
    return onnx_model.model(made, extra_opsets=[(domain, 1)] if domain else [])


def identity(opset=13, ir_version=8, source="x", output_dims=("N", 4)):
    made = graph(
        "identity", [("Identity", [source], ["y"], {})],
        [floats("x", ["N", 4])], [floats("y", list(output_dims))],
    )
    return onnx_model.model(made, opset, ir_version)


def impossible_shapes():
    made = graph(
        "impossible", [("MatMul", ["x", "W"], ["y"], {})],
        [floats("x", ["N", 4])], [floats("y", ["N", 3])], [("W", np.ones((5, 3), np.float32))],
    )
    return onnx_model.model(made)


def entries():
    yield from external_entries()
    yield entry("initializer_as_input", "y = x + w; w is an input with a default, [1,2,3,4]",
                initializer_as_input(8))
    yield entry("initializer_as_input_ir3", "the same in IR version 3, where every weight is listed "
                "as an input and none can be given", initializer_as_input(3))
    yield entry("custom_metadata", "y = 2 (x - 1), with every field of metadata and two domains",
                custom_metadata())
    yield entry("local_function", "y = 2 x by a function that the model defines", local_function())
    yield entry("slow_loop", "x [4] through `trips` rounds of sin: runs as long as asked for",
                slow_loop())
    yield refused("opset_99", "needs opset 99", identity(opset=99))
    yield refused("ir_99", "is of IR version 99", identity(ir_version=99))
    yield refused("unknown_op", "uses an operator that does not exist", unknown_operator(""))
    yield refused("unknown_domain", "uses an operator of a domain that nobody registered",
                  unknown_operator("my.dom"))
    yield refused("input_from_nowhere", "a node reads a value that nothing makes",
                  identity(source="nope"))
    yield refused("impossible_shapes", "multiplies [N,4] by [5,3]", impossible_shapes())

#!/usr/bin/env python3
"""Writes a small quantised (QDQ, INT8) image classifier with seeded weights.

x [N,3,16,16] -> Conv+Relu -> Conv -> Add (of the first Conv) -> Relu ->
GlobalAveragePool -> MatMul -> Add -> Softmax -> y [N,10]. Every tensor between
two operators passes a QuantizeLinear/DequantizeLinear pair, as quantisers emit
them: activations uint8 with zero point, weights int8, per output channel for
the convolutions and per tensor for the MatMul, convolutions' biases int32.
The scales come from running the float graph over seeded noise.

Example: make_qdq.py -o qdq.onnx
"""

import argparse

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import onnx_model

CHANNELS = 16
CLASSES = 10


def float_weights(rng):
    """The weights before quantisation, by name."""
    def normal(*shape, fan_in):
        return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32)

    return {
        "conv1.weight": normal(CHANNELS, 3, 3, 3, fan_in=27),
        "conv1.bias": normal(CHANNELS, fan_in=200),
        "conv2.weight": normal(CHANNELS, CHANNELS, 3, 3, fan_in=9 * CHANNELS),
        "conv2.bias": normal(CHANNELS, fan_in=200),
        "classify.weight": normal(CHANNELS, CLASSES, fan_in=CHANNELS),
        "classify.bias": normal(CLASSES, fan_in=200),
    }


def operators():
    """The float graph: (operator, inputs, output, attributes)."""
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    return [
        ("Conv", ["x", "conv1.weight", "conv1.bias"], "conv1", {**same, "strides": [2, 2]}),
        ("Relu", ["conv1"], "relu1", {}),
        ("Conv", ["relu1", "conv2.weight", "conv2.bias"], "conv2", same),
        ("Add", ["conv2", "relu1"], "sum", {}),
        ("Relu", ["sum"], "relu2", {}),
        ("GlobalAveragePool", ["relu2"], "pooled", {}),
        ("Flatten", ["pooled"], "features", {"axis": 1}),
        ("MatMul", ["features", "classify.weight"], "product", {}),
        ("Add", ["product", "classify.bias"], "logits", {}),
        ("Softmax", ["logits"], "y", {"axis": -1}),
    ]


def value_info(name, dims):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dims)


def activation_ranges(weights, rng):
    """(lowest, highest) of every activation of the float graph over seeded noise."""
    nodes = [helper.make_node(op, i, [o], **a) for op, i, o, a in operators()]
    outputs = [value_info(output, None) for _, _, output, _ in operators()]
    graph = helper.make_graph(
        nodes,
        "float",
        [value_info("x", ["N", 3, 16, 16])],
        outputs,
        [onnx_model.tensor(name, array) for name, array in weights.items()],
    )
    x = rng.standard_normal((16, 3, 16, 16)).astype(np.float32)
    results = ReferenceEvaluator(onnx_model.model(graph)).run(None, {"x": x})
    ranges = {"x": (float(x.min()), float(x.max()))}
    for (_, _, output, _), values in zip(operators(), results):
        ranges[output] = (float(values.min()), float(values.max()))
    return ranges


class Quantiser:
    """Writes the QDQ graph. A tensor `t` is read by operators as `t/dequantised`."""

    def __init__(self, weights, ranges):
        self.weights = weights
        self.ranges = ranges
        self.scales = {}
        self.nodes = []
        self.initializers = []

    def constant(self, name, array):
        self.initializers.append(onnx_model.tensor(name, array))
        return name

    def dequantise(self, name, scale, zero_point, **attributes):
        output = f"{name}/dequantised"
        self.nodes.append(
            helper.make_node(
                "DequantizeLinear", [name, scale, zero_point], [output], output, **attributes
            )
        )
        return output

    def activation(self, name):
        low, high = min(self.ranges[name][0], 0.0), max(self.ranges[name][1], 0.0)
        scale = np.float32((high - low) / 255)
        self.scales[name] = scale
        scale_name = self.constant(f"{name}/scale", scale)
        zero_point = self.constant(f"{name}/zero_point", np.uint8(np.rint(-low / scale)))
        quantised = f"{name}/quantised"
        self.nodes.append(
            helper.make_node("QuantizeLinear", [name, scale_name, zero_point], [quantised], quantised)
        )
        self.dequantise(quantised, scale_name, zero_point)

    def reads(self, name):
        return f"{name}/quantised/dequantised"

    def weight(self, name, per_channel):
        array = self.weights[name]
        axes = tuple(range(1, array.ndim)) if per_channel else None
        scale = (np.abs(array).max(axis=axes) / 127).astype(np.float32)
        shape = (-1,) + (1,) * (array.ndim - 1) if per_channel else ()
        quantised = np.clip(np.rint(array / scale.reshape(shape)), -127, 127).astype(np.int8)
        self.scales[name] = scale
        scale_name = self.constant(f"{name}/scale", scale)
        zero_point = self.constant(f"{name}/zero_point", np.zeros(scale.shape, np.int8))
        attributes = {"axis": 0} if per_channel else {}
        return self.dequantise(self.constant(name, quantised), scale_name, zero_point, **attributes)

    def conv_bias(self, name, scale):
        quantised = np.rint(self.weights[name] / scale).astype(np.int32)
        scale_name = self.constant(f"{name}/scale", scale)
        zero_point = self.constant(f"{name}/zero_point", np.zeros(scale.shape, np.int32))
        return self.dequantise(self.constant(name, quantised), scale_name, zero_point, axis=0)

    def operator(self, operator, inputs, output, attributes):
        if operator == "Conv":
            weight = self.weight(inputs[1], per_channel=True)
            scale = (self.scales[inputs[0]] * self.scales[inputs[1]]).astype(np.float32)
            names = [self.reads(inputs[0]), weight, self.conv_bias(inputs[2], scale)]
        else:
            names = [
                self.weight(i, per_channel=False) if i in self.weights else self.reads(i)
                for i in inputs
            ]
        self.nodes.append(helper.make_node(operator, names, [output], output, **attributes))
        if output != "y":
            self.activation(output)


def build(seed=0):
    """The quantised classifier as a ModelProto, opset 13."""
    rng = np.random.default_rng(seed)
    weights = float_weights(rng)
    quantiser = Quantiser(weights, activation_ranges(weights, rng))
    quantiser.activation("x")
    for operator in operators():
        quantiser.operator(*operator)
    graph = helper.make_graph(
        quantiser.nodes,
        "qdq",
        [value_info("x", ["N", 3, 16, 16])],
        [value_info("y", ["N", CLASSES])],
        quantiser.initializers,
    )
    return onnx_model.model(graph)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write it")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    options = parser.parse_args()
    size = onnx_model.save(options.output, build(options.seed))
    print(f"{options.output}: {size} bytes")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes a ResNet-50 v1 with seeded weights (98 MB), for benchmarks and tests.

53 Conv, 53 BatchNormalization, 16 Add, 1 Gemm, Softmax; input data
[N,3,224,224], output prob [N,1000], opset 13. The stride of a stage is in its
3x3 convolution. It has learnt nothing, but does the work of one that has.
The same seed gives the same bytes.

Example: make_resnet50.py -o build/resnet50.onnx
"""

import argparse
import sys

import numpy as np
from onnx import TensorProto, helper

import onnx_model

#: Blocks and inner channels of each stage; a block puts out four times as many.
STAGES = [(3, 64), (4, 128), (6, 256), (3, 512)]
EXPANSION = 4
CLASSES = 1000
CONVOLUTIONS = 53


class Network:
    """Collects nodes and weights while the graph is written from input to output."""

    def __init__(self, seed, progress):
        self.rng = np.random.default_rng(seed)
        self.progress = progress
        self.convolutions = 0
        self.nodes = []
        self.initializers = []

    def node(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def weight(self, name, array):
        self.initializers.append(onnx_model.tensor(name, array.astype(np.float32)))
        return name

    def normal(self, name, shape, deviation):
        return self.weight(name, self.rng.standard_normal(shape) * deviation)

    def convolution(self, x, name, channels, size, stride=1):
        """A convolution with batch normalisation; `channels` are (in, out)."""
        given, made = channels
        fan_in = given * size * size
        weight = self.normal(f"{name}.weight", (made, given, size, size), np.sqrt(2 / fan_in))
        x = self.node("Conv", [x, weight], f"{name}/conv", kernel_shape=[size, size],
                      strides=[stride, stride], pads=[size // 2] * 4)
        statistics = [("scale", 0.5), ("bias", 0), ("mean", 0), ("variance", 1)]
        names = [self.weight(f"{name}.{label}", np.full(made, filling))
                 for label, filling in statistics]
        self.convolutions += 1
        self.progress(self.convolutions)
        return self.node("BatchNormalization", [x, *names], f"{name}/norm", epsilon=1e-5)

    def block(self, x, name, given, inner, stride):
        """A bottleneck: 1x1, 3x3, 1x1, and the input added; returns its output."""
        made = inner * EXPANSION
        y = self.convolution(x, f"{name}.reduce", (given, inner), 1)
        y = self.node("Relu", [y], f"{name}.reduce/relu")
        y = self.convolution(y, f"{name}.spatial", (inner, inner), 3, stride)
        y = self.node("Relu", [y], f"{name}.spatial/relu")
        y = self.convolution(y, f"{name}.expand", (inner, made), 1)
        if given != made:
            x = self.convolution(x, f"{name}.shortcut", (given, made), 1, stride)
        return self.node("Relu", [self.node("Add", [y, x], f"{name}/sum")], f"{name}/relu")

    def stages(self, x, channels):
        for index, (blocks, inner) in enumerate(STAGES):
            for block in range(blocks):
                stride = 2 if index > 0 and block == 0 else 1
                x = self.block(x, f"stage{index + 1}.block{block + 1}", channels, inner, stride)
                channels = inner * EXPANSION
        return x, channels

    def graph(self):
        x = self.convolution("data", "stem", (3, 64), 7, 2)
        x = self.node("Relu", [x], "stem/relu")
        x = self.node("MaxPool", [x], "stem/pool", kernel_shape=[3, 3], strides=[2, 2],
                      pads=[1, 1, 1, 1])
        x, channels = self.stages(x, 64)
        x = self.node("AveragePool", [x], "pool", kernel_shape=[7, 7], strides=[1, 1])
        self.initializers.append(onnx_model.tensor("flat", np.array([0, -1], np.int64)))
        x = self.node("Reshape", [x, "flat"], "features")
        weight = self.normal("classify.weight", (CLASSES, channels), 0.01)
        bias = self.weight("classify.bias", np.zeros(CLASSES))
        x = self.node("Gemm", [x, weight, bias], "logits", transB=1)
        self.node("Softmax", [x], "prob", axis=1)
        data = helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 3, 224, 224])
        prob = helper.make_tensor_value_info("prob", TensorProto.FLOAT, ["N", CLASSES])
        return helper.make_graph(self.nodes, "resnet50", [data], [prob], self.initializers)


def build(seed=0, progress=lambda done: None):
    """The network as a ModelProto, opset 13. `progress` hears of each convolution."""
    return onnx_model.model(Network(seed, progress).graph(), ir_version=7)


def show_progress(done):
    if sys.stderr.isatty():
        end = "\n" if done == CONVOLUTIONS else ""
        print(f"\rlayer {done} of {CONVOLUTIONS}", end=end, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write it")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    options = parser.parse_args()
    size = onnx_model.save(options.output, build(options.seed, show_progress))
    print(f"{options.output}: {size} bytes")


if __name__ == "__main__":
    main()

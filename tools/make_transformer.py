#!/usr/bin/env python3
"""Writes a BERT-like encoder with seeded weights, for tests and benchmarks.

Inputs input_ids and attention_mask, int64 [batch, sequence], both dimensions
dynamic (sequence up to --positions); output last_hidden_state
[batch, sequence, hidden]. Post-norm layers, LayerNormalization (opset 17) and
an exact Gelu by Erf. It has learnt nothing: it is there for its shape.

Example: make_transformer.py -o encoder.onnx --layers 4 --hidden 256 --heads 4
"""

import argparse
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper

import onnx_model


@dataclass(frozen=True)
class Size:
    """The measures of an encoder. `heads` divides `hidden`."""

    layers: int = 4
    hidden: int = 256
    heads: int = 4
    feed_forward: int = 1024
    vocabulary: int = 8000
    positions: int = 512


class Encoder:
    """Collects nodes and weights while the graph is written from input to output."""

    def __init__(self, size, seed):
        self.size = size
        self.rng = np.random.default_rng(seed)
        self.nodes = []
        self.initializers = []

    def node(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def constant(self, name, values, dtype=np.float32):
        self.initializers.append(onnx_model.tensor(name, np.array(values, dtype=dtype)))
        return name

    def weight(self, name, *shape):
        values = self.rng.standard_normal(shape, dtype=np.float32) / np.sqrt(np.float32(shape[0]))
        return self.constant(name, values)

    def linear(self, x, name, inputs, outputs):
        product = self.node(
            "MatMul", [x, self.weight(f"{name}.weight", inputs, outputs)], f"{name}/product"
        )
        bias = self.constant(f"{name}.bias", np.zeros(outputs))
        return self.node("Add", [product, bias], f"{name}/output")

    def layer_norm(self, x, name, output=None):
        scale = self.constant(f"{name}.scale", np.ones(self.size.hidden))
        bias = self.constant(f"{name}.bias", np.zeros(self.size.hidden))
        return self.node(
            "LayerNormalization", [x, scale, bias], output or f"{name}/output", axis=-1, epsilon=1e-5
        )

    def gelu(self, x, name):
        scaled = self.node("Div", [x, "sqrt_two"], f"{name}/scaled")
        erf = self.node("Erf", [scaled], f"{name}/erf")
        shifted = self.node("Add", [erf, "one"], f"{name}/shifted")
        product = self.node("Mul", [x, shifted], f"{name}/product")
        return self.node("Mul", [product, "half"], f"{name}/output")

    def embeddings(self):
        size = self.size
        words = self.constant(
            "word_embeddings", self.rng.standard_normal((size.vocabulary, size.hidden))
        )
        places = self.constant(
            "position_embeddings", self.rng.standard_normal((size.positions, size.hidden)) * 0.1
        )
        tokens = self.node("Gather", [words, "input_ids"], "tokens")
        shape = self.node("Shape", ["input_ids"], "shape")
        length = self.node("Gather", [shape, "index_one"], "length", axis=0)
        table = self.node("Slice", [places, "start", length, "axis_zero"], "places")
        return self.layer_norm(self.node("Add", [tokens, table], "embedded"), "embeddings.norm")

    def mask_bias(self):
        """0 where a token counts and -10000 where it is padding, [batch, 1, 1, sequence]."""
        mask = self.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
        inverted = self.node("Sub", ["one", mask], "mask/inverted")
        bias = self.node("Mul", [inverted, "masked"], "mask/bias")
        return self.node("Unsqueeze", [bias, "axes_one_two"], "mask/output")

    def heads(self, x, name, order):
        split = self.node("Reshape", [x, "split_heads"], f"{name}/split")
        return self.node("Transpose", [split], f"{name}/heads", perm=order)

    def attention(self, x, mask, name):
        hidden = self.size.hidden
        query = self.heads(
            self.linear(x, f"{name}.query", hidden, hidden), f"{name}.query", [0, 2, 1, 3]
        )
        key = self.heads(self.linear(x, f"{name}.key", hidden, hidden), f"{name}.key", [0, 2, 3, 1])
        value = self.heads(
            self.linear(x, f"{name}.value", hidden, hidden), f"{name}.value", [0, 2, 1, 3]
        )
        scores = self.node("MatMul", [query, key], f"{name}/scores")
        scaled = self.node("Div", [scores, "sqrt_head"], f"{name}/scaled")
        biased = self.node("Add", [scaled, mask], f"{name}/biased")
        shares = self.node("Softmax", [biased], f"{name}/shares", axis=-1)
        mixed = self.node("MatMul", [shares, value], f"{name}/mixed")
        ordered = self.node("Transpose", [mixed], f"{name}/ordered", perm=[0, 2, 1, 3])
        joined = self.node("Reshape", [ordered, "join_heads"], f"{name}/joined")
        return self.linear(joined, f"{name}.out", hidden, hidden)

    def layer(self, x, mask, index):
        name, size = f"layer{index}", self.size
        attended = self.attention(x, mask, f"{name}.attention")
        x = self.layer_norm(
            self.node("Add", [x, attended], f"{name}/attended"), f"{name}.attention.norm"
        )
        wide = self.linear(x, f"{name}.wide", size.hidden, size.feed_forward)
        narrow = self.linear(
            self.gelu(wide, f"{name}.gelu"), f"{name}.narrow", size.feed_forward, size.hidden
        )
        last = "last_hidden_state" if index == size.layers - 1 else None
        return self.layer_norm(self.node("Add", [x, narrow], f"{name}/sum"), f"{name}.norm", last)

    def constants(self):
        size = self.size
        head = size.hidden // size.heads
        self.constant("one", 1)
        self.constant("half", 0.5)
        self.constant("masked", -10000)
        self.constant("sqrt_two", np.sqrt(2))
        self.constant("sqrt_head", np.sqrt(head))
        self.constant("start", [0], np.int64)
        self.constant("axis_zero", [0], np.int64)
        self.constant("index_one", [1], np.int64)
        self.constant("axes_one_two", [1, 2], np.int64)
        self.constant("split_heads", [0, 0, size.heads, head], np.int64)
        self.constant("join_heads", [0, 0, size.hidden], np.int64)

    def graph(self):
        self.constants()
        x, mask = self.embeddings(), self.mask_bias()
        for index in range(self.size.layers):
            x = self.layer(x, mask, index)
        dims = ["batch", "sequence"]
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, dims)
            for name in ("input_ids", "attention_mask")
        ]
        output = helper.make_tensor_value_info(
            "last_hidden_state", TensorProto.FLOAT, dims + [self.size.hidden]
        )
        return helper.make_graph(self.nodes, "encoder", inputs, [output], self.initializers)


def build(size=Size(), seed=0):
    """An encoder of the given size as a ModelProto, opset 17."""
    return onnx_model.model(Encoder(size, seed).graph(), opset=17)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write it")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    default = Size()
    measures = ("layers", "hidden", "heads", "feed_forward", "vocabulary", "positions")
    for name in measures:
        value = getattr(default, name)
        parser.add_argument(
            "--" + name.replace("_", "-"), type=int, default=value, help=f"default: {value}"
        )
    options = parser.parse_args()
    size = Size(**{name: getattr(options, name) for name in measures})
    if min(vars(size).values()) < 1:
        parser.error("every size must be at least 1")
    if size.hidden % size.heads != 0:
        parser.error(f"--hidden {size.hidden} is not a multiple of --heads {size.heads}")
    written = onnx_model.save(options.output, build(size, options.seed))
    print(f"{options.output}: {written} bytes")


if __name__ == "__main__":
    main()

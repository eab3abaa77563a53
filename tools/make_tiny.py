#!/usr/bin/env python3
"""Writes the tiny model: x[N,64] -> MatMul -> Add -> Relu -> MatMul -> Softmax -> y[N,10].

It runs in about 2 microseconds, so what is measured with it is the cost of a
call and of a start, not of arithmetic.

Example: make_tiny.py -o tiny.onnx
"""

import argparse

import numpy as np
from onnx import TensorProto, helper

import onnx_model


def weights(seed=0):
    """The model's weights by name."""
    rng = np.random.default_rng(seed)
    return {
        "W1": (rng.standard_normal((64, 32)) * np.sqrt(2 / 64)).astype(np.float32),
        "B1": (rng.standard_normal(32) * 0.1).astype(np.float32),
        "W2": (rng.standard_normal((32, 10)) * np.sqrt(1 / 32)).astype(np.float32),
    }


def graph(initializers):
    """The graph around the given initialisers W1, B1 and W2."""
    nodes = [
        helper.make_node("MatMul", ["x", "W1"], ["projected"], "project"),
        helper.make_node("Add", ["projected", "B1"], ["biased"], "bias"),
        helper.make_node("Relu", ["biased"], ["hidden"], "activate"),
        helper.make_node("MatMul", ["hidden", "W2"], ["logits"], "classify"),
        helper.make_node("Softmax", ["logits"], ["y"], "normalise", axis=-1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])
    return helper.make_graph(nodes, "tiny", [x], [y], initializers)


def build(seed=0):
    """The tiny model as a ModelProto, opset 13."""
    return onnx_model.model(
        graph([onnx_model.tensor(name, array) for name, array in weights(seed).items()])
    )


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

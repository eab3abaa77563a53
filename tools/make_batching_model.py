#!/usr/bin/env python3
"""Writes a model that gains from batching: x[N,64] -> MatMul -> Relu -> MatMul -> Relu -> MatMul -> y[N,10].

One item alone reads all weights for one multiplication with each of them, so
memory sets its pace; a batch reads them once for all of its items.

Example: make_batching_model.py -o batching_model.onnx --hidden 4096
"""

import argparse

import numpy as np
from onnx import TensorProto, helper

import onnx_model


def build(hidden=4096, seed=0):
    """The model as a ModelProto, opset 13."""
    rng = np.random.default_rng(seed)

    def weight(name, rows, columns):
        values = rng.standard_normal((rows, columns), dtype=np.float32) / np.sqrt(np.float32(rows))
        return onnx_model.tensor(name, values)

    nodes = [
        helper.make_node("MatMul", ["x", "W1"], ["wide"], "widen"),
        helper.make_node("Relu", ["wide"], ["first"], "activate_first"),
        helper.make_node("MatMul", ["first", "W2"], ["mixed"], "mix"),
        helper.make_node("Relu", ["mixed"], ["second"], "activate_second"),
        helper.make_node("MatMul", ["second", "W3"], ["y"], "classify"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])
    weights = [weight("W1", 64, hidden), weight("W2", hidden, hidden), weight("W3", hidden, 10)]
    return onnx_model.model(helper.make_graph(nodes, "batching", [x], [y], weights))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help="where to write it")
    parser.add_argument("--hidden", type=int, default=4096, help="the width (default: 4096)")
    parser.add_argument("--seed", type=int, default=0, help="of the weights (default: 0)")
    options = parser.parse_args()
    size = onnx_model.save(options.output, build(options.hidden, options.seed))
    print(f"{options.output}: {size} bytes")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Trains the digits example and writes examples/digits: the model as ONNX, its
labels, and the held-out images as PNG files with their true labels.

The data are the 1 797 handwritten digits of 8x8 pixels that ship with
scikit-learn. A fifth of each class, drawn with --seed, is held out: training
sees neither those images nor their labels.

Needs tools/requirements-train.txt. Takes under a minute.

Example: train_digits.py --output examples/digits
"""

import argparse
import io
import sys
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from PIL import Image
from sklearn.datasets import load_digits

import digit_network
import onnx_model

HELD_OUT = 0.2


def load():
    """Images as the grey levels of the PNG files, uint8 [1797,8,8], and their digits."""
    data = load_digits()
    return np.rint(data.images * 255 / 16).astype(np.uint8), data.target


def split(labels, seed):
    """(training, held-out) indices, ascending: HELD_OUT of every class is held out."""
    rng = np.random.default_rng(seed)
    held_out = []
    for digit in range(digit_network.CLASSES):
        members = rng.permutation(np.flatnonzero(labels == digit))
        held_out.extend(members[: round(len(members) * HELD_OUT)])
    held_out = np.sort(held_out)
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out


def as_input(grey):
    """What the model reads: [N,1,8,8] float32 in [0,1]."""
    return (grey / np.float32(255)).astype(np.float32)[:, None]


def build(weights):
    """The trained network as a ModelProto, opset 13."""
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["image", "conv1.weight", "conv1.bias"], ["conv1"], **same),
        helper.make_node("Relu", ["conv1"], ["relu1"]),
        helper.make_node("Conv", ["relu1", "conv2.weight", "conv2.bias"], ["conv2"], **same),
        helper.make_node("Relu", ["conv2"], ["relu2"]),
        helper.make_node("MaxPool", ["relu2"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["features"], axis=1),
        helper.make_node("Gemm", ["features", "classify.weight", "classify.bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 10])],
        [onnx_model.tensor(name, array) for name, array in weights.items()],
    )
    return onnx_model.model(graph)


def png(grey):
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def write_images(folder, images, labels, indices):
    """images/<digit>_<index in the data set>.png for each index, and manifest.csv."""
    for stale in (folder / "images").glob("*.png"):
        stale.unlink()
    rows = ["file,label"]
    for index in sorted(indices, key=lambda i: (labels[i], i)):
        name = f"images/{labels[index]}_{index:04d}.png"
        onnx_model.write_bytes(folder / name, png(images[index]))
        rows.append(f"{name},{labels[index]}")
    onnx_model.write_bytes(folder / "manifest.csv", ("\n".join(rows) + "\n").encode())


def accuracy_from_files(model, folder):
    """(right, all) over the written PNG files, read back as a user of them would."""
    rows = [row.split(",") for row in (folder / "manifest.csv").read_text().splitlines()[1:]]
    images = np.stack([np.asarray(Image.open(folder / name).convert("L")) for name, _ in rows])
    (probabilities,) = ReferenceEvaluator(model).run(None, {"image": as_input(images)})
    truth = np.array([int(label) for _, label in rows])
    return int((probabilities.argmax(axis=1) == truth).sum()), len(truth)


def cross_validate(images, labels, seed):
    """Accuracy by five-fold cross validation over the training images alone."""
    folds = np.random.default_rng(seed).integers(0, 5, len(images))
    right = 0
    for fold in range(5):
        weights = digit_network.train(images[folds != fold], labels[folds != fold], seed)
        predicted = digit_network.predict(weights, images[folds == fold])
        right += int((predicted == labels[folds == fold]).sum())
        print(f"fold {fold + 1} of 5: {right} right so far", flush=True)
    return right / len(images)


def show_progress(epoch, epochs):
    if sys.stderr.isatty():
        end = "\n" if epoch == epochs else ""
        print(f"\repoch {epoch} of {epochs}", end=end, file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="the folder to write")
    parser.add_argument("--seed", type=int, default=0, help="of split and training (default: 0)")
    parser.add_argument(
        "--cross-validate",
        action="store_true",
        help="judge the network on the training images alone, write nothing",
    )
    options = parser.parse_args()
    images, labels = load()
    training, held_out = split(labels, options.seed)
    inputs = as_input(images)
    if options.cross_validate:
        score = cross_validate(inputs[training], labels[training], options.seed)
        print(f"cross-validated accuracy: {score:.4f}")
        return
    if options.output is None:
        parser.error("--output DIR is missing")
    weights = digit_network.train(
        inputs[training], labels[training], options.seed, progress=show_progress
    )
    model = build(weights)
    size = onnx_model.save(options.output / "digits.onnx", model)
    onnx_model.write_bytes(
        options.output / "labels.txt", b"".join(b"%d\n" % digit for digit in range(10))
    )
    write_images(options.output, images, labels, held_out)
    right, count = accuracy_from_files(model, options.output)
    print(f"digits.onnx: {size} bytes, trained on {len(training)} images")
    print(f"held out: {right} of {count} right, {right / count:.2%}")


if __name__ == "__main__":
    main()

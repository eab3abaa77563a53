"""One committed test model: its files, and what ONNX Runtime makes of it."""

from dataclasses import dataclass
from enum import Enum

from onnx import TensorProto, helper

import onnx_model


class Outcome(Enum):
    """What ONNX Runtime's CPU provider does with a model."""

    RUNS = "runs"
    REFUSED = "refused at load"


@dataclass(frozen=True)
class Entry:
    """`files` maps a name below the folder to its bytes; the model is `<name>.onnx`."""

    name: str
    summary: str
    files: dict
    outcome: Outcome = Outcome.RUNS
    #: Whether the ONNX checker accepts it; ONNX Runtime is sometimes more tolerant.
    is_standard: bool = True


def entry(name, summary, model, outcome=Outcome.RUNS, beside=None, **fields):
    """An entry for `model`, with the files `beside` it."""
    files = {f"{name}.onnx": model.SerializeToString(deterministic=True)}
    files.update(beside or {})
    return Entry(name, summary, files, outcome, **fields)


def refused(name, summary, model, beside=None):
    """An entry for a model that ONNX Runtime does not load."""
    return entry(name, summary, model, Outcome.REFUSED, beside)


def value(name, dtype, dims):
    return helper.make_tensor_value_info(name, dtype, dims)


def floats(name, dims):
    return value(name, TensorProto.FLOAT, dims)


def graph(name, nodes, inputs, outputs, initializers=()):
    """`nodes` are (operator, inputs, outputs, attributes)."""
    made = [
        helper.make_node(operator, sources, results, f"{name}_{index}", **attributes)
        for index, (operator, sources, results, attributes) in enumerate(nodes)
    ]
    weights = [onnx_model.tensor(label, array) for label, array in initializers]
    return helper.make_graph(made, name, inputs, outputs, weights)

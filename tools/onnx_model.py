"""Puts a graph into an ONNX model file, the same bytes for the same graph.

Every generator in this folder goes through here, so that all models carry the
same producer and a file is either whole or not there at all.
"""

import os
import tempfile
from pathlib import Path

import onnx
from onnx import helper, numpy_helper

PRODUCER = "onda-tools"


def tensor(name, array):
    """A weight: `array` as an initialiser called `name`."""
    return numpy_helper.from_array(array, name)


def model(graph, opset=13, ir_version=8, extra_opsets=(), **fields):
    """A ModelProto around `graph`. `extra_opsets` are (domain, version) pairs."""
    opsets = [helper.make_opsetid("", opset)]
    opsets += [helper.make_opsetid(domain, version) for domain, version in extra_opsets]
    fields.setdefault("producer_name", PRODUCER)
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir_version, **fields)


def write_bytes(path, data):
    """Writes `data` beside `path` and renames it there; makes the folder if need be."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="." + path.name + ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def save(path, proto, check=True):
    """Checks `proto` against the ONNX standard, then writes it. Returns its size."""
    if check:
        onnx.checker.check_model(proto, full_check=True)
    data = proto.SerializeToString(deterministic=True)
    write_bytes(path, data)
    return len(data)

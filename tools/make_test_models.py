#!/usr/bin/env python3
"""Writes the models that the tests read, and the README that lists them.

The models are committed: building and testing Onda needs no Python. Run this
after changing a generator; with the same versions of the packages in
tools/requirements.txt it writes the same bytes.

Example: make_test_models.py -o tests/data/models
         make_test_models.py -o tests/data/models --check   (needs onnxruntime)
"""

import argparse
import sys
from pathlib import Path

import make_qdq
import make_tiny
import make_transformer
import onnx_model
from test_models import data_types, features, values
from test_models.entry import entry

SMALL_ENCODER = make_transformer.Size(
    layers=2, hidden=32, heads=4, feed_forward=64, vocabulary=100, positions=512
)

README = """# Test models

Written by `tools/make_test_models.py`; do not edit them by hand. "Refused" is
what ONNX Runtime 1.29.0 and 1.32.0 say to a model on the CPU provider; what
Onda says to it is for the tests to state.

| model | what it is | ONNX Runtime |
|---|---|---|
"""


def networks():
    """Small models with the shape of real ones."""
    yield entry("tiny", "x [N,64] to y [N,10]: two MatMul, Add, Relu, Softmax", make_tiny.build())
    yield entry(
        "transformer", "input_ids and attention_mask [batch,sequence] to last_hidden_state "
        "[batch,sequence,32]: an encoder of 2 layers, token ids below 100, sequence up to 512",
        make_transformer.build(SMALL_ENCODER),
    )
    yield entry("qdq", "x [N,3,16,16] to y [N,10]: a quantised (QDQ, INT8) network", make_qdq.build())


def all_entries():
    for source in (networks(), values.entries(), data_types.entries(), features.entries()):
        yield from source


def readme(entries):
    rows = [f"| `{e.name}.onnx` | {e.summary} | {e.outcome.value} |\n" for e in entries]
    return (README + "".join(rows)).encode()


def write(folder, entries):
    """Writes every file and removes models that are no longer made."""
    wanted = {"README.md": readme(entries)}
    for e in entries:
        wanted.update(e.files)
    for stale in folder.glob("*"):
        if stale.name not in wanted:
            stale.unlink()
    for name, data in wanted.items():
        onnx_model.write_bytes(folder / name, data)
    print(f"{folder}: {len(wanted)} files, {sum(map(len, wanted.values()))} bytes")


def check(folder, entries):
    """Compares the folder with what would be written, and ONNX Runtime with what is claimed."""
    from test_models import runtime_check

    faults = []
    for e in entries:
        for name, data in e.files.items():
            if not (folder / name).is_file() or (folder / name).read_bytes() != data:
                faults.append(f"{name} is not what the generator writes")
        faults += runtime_check.faults(folder / f"{e.name}.onnx", e)
    print(f"checked {len(entries)} models with ONNX Runtime {runtime_check.version()}")
    return faults


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR",
                        help="the folder of the models")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a difference")
    options = parser.parse_args()
    entries = list(all_entries())
    if not options.check:
        write(options.output, entries)
        return
    faults = check(options.output, entries)
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()

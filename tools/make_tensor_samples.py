#!/usr/bin/env python3
"""Writes the tensor files that the tests read: NumPy's and ONNX's own output.

The files are committed: the tests need no Python. Each array is stored both by
NumPy (.npy) and by ONNX (.pb), so that the two readers can be compared.

Example: make_tensor_samples.py -o tests/data/tensors
"""

import argparse
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from onnx import helper, numpy_helper

SHAPE = (2, 3, 5)

# What NumPy can store, by Onda's names.
NUMPY_TYPES = {
    "bool": np.bool_,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
    "float16": np.float16,
    "float32": np.float32,
    "float64": np.float64,
    "complex64": np.complex64,
    "complex128": np.complex128,
}

# What only ONNX has.
ONNX_TYPES = {
    "bfloat16": ml_dtypes.bfloat16,
    "float8e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8e5m2": ml_dtypes.float8_e5m2,
    "float8e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float8e8m0": ml_dtypes.float8_e8m0fnu,
    "uint4": ml_dtypes.uint4,
    "int4": ml_dtypes.int4,
    "float4e2m1": ml_dtypes.float4_e2m1fn,
    "uint2": ml_dtypes.uint2,
    "int2": ml_dtypes.int2,
}

WORDS = ["", "a", "größe", "寸法", "🙂 ok", "a longer one"]


def values(dtype, count):
    """Numbers that the type holds exactly, its extremes among them."""
    kind = np.dtype(dtype).kind
    if dtype is np.bool_:
        return np.arange(count) % 3 == 0
    if kind in "iu":
        info = np.iinfo(dtype)
        numbers = [info.min, info.max] + [(7 * i) % 100 for i in range(count - 2)]
        return np.array(numbers, dtype=dtype)
    if kind in "fc":
        numbers = np.array([(i - 11) * 0.375 for i in range(count)], dtype=dtype)
        if kind == "c":
            numbers = numbers + 1j * numbers[::-1]
        return numbers.astype(dtype)
    if np.dtype(dtype).itemsize == 1 and dtype in (
        ml_dtypes.uint4, ml_dtypes.int4, ml_dtypes.uint2, ml_dtypes.int2,
    ):
        info = ml_dtypes.iinfo(dtype)
        span = int(info.max) - int(info.min) + 1
        return np.array([int(info.min) + i % span for i in range(count)]).astype(dtype)
    # Powers of two are exact in every small float.
    return np.array([2.0 ** (i % 3) for i in range(count)]).astype(dtype)


def write_pair(folder, name, array):
    """The array by ONNX: its bytes as they are, and in the typed fields."""
    raw = numpy_helper.from_array(array, name)
    (folder / f"{name}_raw.pb").write_bytes(raw.SerializeToString())
    typed = helper.make_tensor(name, raw.data_type, array.shape, array.flatten().tolist())
    (folder / f"{name}_typed.pb").write_bytes(typed.SerializeToString())


def save(folder, name, array, version=None):
    with open(folder / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def write_strings(folder):
    words = np.array(WORDS).reshape(2, 3)
    save(folder, "string", words)
    save(folder, "string_big", words.astype(words.dtype.newbyteorder(">")))
    save(folder, "string_fortran", np.asfortranarray(words))
    save(folder, "string_bytes", np.array([w.encode() for w in WORDS]).reshape(2, 3))
    proto = numpy_helper.from_array(words.astype(object), "string")
    (folder / "string_raw.pb").write_bytes(proto.SerializeToString())


def write_special(folder):
    save(folder, "scalar", np.array(2.5, dtype=np.float32))
    save(folder, "empty", np.zeros((0, 3), dtype=np.int64))
    save(folder, "deep", np.arange(3, dtype=np.int8).reshape((1,) * 31 + (3,)))
    save(folder, "version2", values(np.float32, 30).reshape(SHAPE), version=(2, 0))
    save(folder, "version3", values(np.float32, 30).reshape(SHAPE), version=(3, 0))
    structure = np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")])
    save(folder, "refused_structured", structure)
    np.save(folder / "refused_object.npy", np.array([{}, None]), allow_pickle=True)
    save(folder, "refused_datetime", np.array(["2020-01-01"], dtype="datetime64[D]"))
    save(folder, "refused_longdouble", np.zeros(1, dtype=np.longdouble))
    save(folder, "refused_void", values(ml_dtypes.bfloat16, 3))
    external = numpy_helper.from_array(np.zeros(3, dtype=np.float32), "external")
    onnx.external_data_helper.set_external_data(external, "weights.bin")
    external.ClearField("raw_data")
    external.data_location = onnx.TensorProto.EXTERNAL
    (folder / "refused_external.pb").write_bytes(external.SerializeToString())
    sequence = numpy_helper.from_list([np.zeros(3, dtype=np.float32)], "sequence")
    (folder / "refused_sequence.pb").write_bytes(sequence.SerializeToString())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write to")
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    for name, dtype in NUMPY_TYPES.items():
        array = values(dtype, 30).reshape(SHAPE)
        save(folder, name, array)
        save(folder, f"{name}_big", array.astype(array.dtype.newbyteorder(">")))
        save(folder, f"{name}_fortran", np.asfortranarray(array))
        write_pair(folder, name, array)
    for name, dtype in ONNX_TYPES.items():
        write_pair(folder, name, values(dtype, 15).reshape(3, 5))
    write_strings(folder)
    write_special(folder)


if __name__ == "__main__":
    main()

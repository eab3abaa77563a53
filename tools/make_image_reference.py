#!/usr/bin/env python3
"""Writes the images that Onda's preprocessing is compared on, and what Pillow and
torchvision make of each, into tests/image/reference.

Both are committed: the tests need no Python. Needs tools/requirements-train.txt,
whose versions give the same bytes again.

Example: make_image_reference.py -o tests/image/reference
"""

import argparse
import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, features

import onnx_model
from image_reference import cases, reference, samples

HEADER = ("image,expected,color,resize_shortest,resize_height,resize_width,"
          "crop_height,crop_width")


def opened(sample):
    return Image.open(io.BytesIO(sample.data))


def check_known(sample):
    """Where the pixels are known without a decoder, Pillow must read the same."""
    if sample.known is None:
        return
    decoded = np.asarray(reference.upright_rgb(opened(sample)))
    if not np.array_equal(decoded, sample.known):
        raise SystemExit(f"{sample.name}: Pillow reads other pixels than were written")


def expected_name(image, steps):
    parts = [image.replace(".", "_"), steps.color]
    if steps.resize_shortest:
        parts.append(f"s{steps.resize_shortest}")
    if steps.resize_exact != (0, 0):
        parts.append("r{}x{}".format(*steps.resize_exact))
    if steps.crop != (0, 0):
        parts.append("c{}x{}".format(*steps.crop))
    return "-".join(parts) + ".npy"


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(array), allow_pickle=False)
    return buffer.getvalue()


def row(image, expected, steps):
    numbers = (steps.resize_shortest, *steps.resize_exact, *steps.crop)
    return ",".join([f"images/{image}", f"expected/{expected}", steps.color, *map(str, numbers)])


def files():
    """Every file by its name below the folder, the README apart."""
    by_name = {sample.name: sample for sample in samples.all_samples()}
    made = {f"images/{name}": sample.data for name, sample in by_name.items()}
    rows = [HEADER]
    for sample in by_name.values():
        check_known(sample)
    for name, steps in cases.all_cases(by_name):
        expected = expected_name(name, steps)
        made[f"expected/{expected}"] = npy(reference.expected(opened(by_name[name]), steps))
        rows.append(row(name, expected, steps))
    made["cases.csv"] = ("\n".join(rows) + "\n").encode()
    return made


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR",
                        help="the folder to write")
    options = parser.parse_args()
    # Pillow advises RGBA for palettes with transparency; the contract is RGB.
    warnings.filterwarnings("ignore", message="Palette images with Transparency")
    made = files()
    for folder in ("images", "expected"):
        for stale in (options.output / folder).glob("*"):
            if f"{folder}/{stale.name}" not in made:
                stale.unlink()
    for name, data in made.items():
        onnx_model.write_bytes(options.output / name, data)
    count = made["cases.csv"].count(b"\n") - 1
    print(f"{options.output}: {count} cases, {len(made)} files, {sum(map(len, made.values()))} bytes")
    versions = {name: features.version(name) for name in ("libjpeg_turbo", "zlib", "webp")}
    print(f"Pillow {Image.__version__} with {versions}")


if __name__ == "__main__":
    main()

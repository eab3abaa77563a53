"""Writes PNG files of every colour type and bit depth, which Pillow's writer does not.

https://www.w3.org/TR/png-3/
"""

import struct
import zlib

import numpy as np

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
#: x and y start and step of the seven passes of Adam7.
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def packed_row(row, depth):
    """One row of samples as bytes: big-endian, or several a byte from the high bits down."""
    if depth == 16:
        return row.astype(">u2").tobytes()
    if depth == 8:
        return row.astype(np.uint8).tobytes()
    bits = (row.reshape(-1, 1) >> np.arange(depth - 1, -1, -1)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1)).tobytes()


def filtered_rows(samples, depth):
    """The rows of one pass, each with filter 1 (Sub) or 2 (Up) where that means something."""
    pixel = max(1, samples.shape[2] * depth // 8)
    previous = None
    for index, row in enumerate(samples):
        data = np.frombuffer(packed_row(row, depth), np.uint8)
        if index % 2 == 0 or previous is None:
            left = np.concatenate([np.zeros(pixel, np.uint8), data[:-pixel]])
            yield b"\1" + (data - left[: len(data)]).tobytes()
        else:
            yield b"\2" + (data - previous).tobytes()
        previous = data


def passes(samples, interlaced):
    if not interlaced:
        return [samples]
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
    return [part for part in parts if part.size]


def encode(samples, color_type, depth=8, interlaced=False, before_data=()):
    """A PNG file. `samples` are [height, width] or [height, width, channels]; `before_data`
    are (kind, bytes) of the chunks between the header and the pixels."""
    if samples.ndim == 2:
        samples = samples[:, :, None]
    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    rows = b"".join(
        row for part in passes(samples, interlaced) for row in filtered_rows(part, depth)
    )
    chunks = [(b"IHDR", header), *before_data, (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)

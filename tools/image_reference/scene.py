"""Paints pictures that exercise preprocessing: smooth shades, hard edges, fine stripes, noise."""

import numpy as np


def paint(width, height, seed=0, noise=3.0):
    """A picture as float64 [height, width, 3] in 0…255. The same seed paints the same."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    u, v = (x + 0.5) / width, (y + 0.5) / height
    red = 40 + 190 * u
    green = 60 + 150 * v * (1 - 0.5 * u)
    blue = 200 - 120 * u * v + 40 * np.sin(6 * v)
    picture = np.stack([red, green, blue], axis=2)
    disc = (u - 0.35) ** 2 * (width / height) ** 2 + (v - 0.4) ** 2 < 0.04
    picture[disc] = [240, 210, 30]
    box = (u > 0.55) & (u < 0.85) & (v > 0.5) & (v < 0.9)
    picture[box] = [20, 40, 90]
    stripes = (v < 0.15) & (x % 4 < 2)
    picture[stripes] = [250, 250, 250]
    # A mark in one corner, so that no turn or mirror image looks like another.
    picture[(u < 0.12) & (v > 0.85)] = [255, 0, 0]
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255)


def rgb(width, height, seed=0, noise=3.0):
    """`paint` in 8 bits."""
    return np.rint(paint(width, height, seed, noise)).astype(np.uint8)


def rgb16(width, height, seed=0):
    """`paint` in 16 bits, the low byte in use."""
    return np.rint(paint(width, height, seed) * 257).astype(np.uint16)


def grey(array):
    """One channel of the same depth, [height, width]."""
    return array[:, :, 1].copy()


def alpha(width, height, maximum):
    """Opaque in the middle, transparent in the corners."""
    y, x = np.mgrid[0:height, 0:width]
    distance = np.hypot((x + 0.5) / width - 0.5, (y + 0.5) / height - 0.5) / np.hypot(0.5, 0.5)
    opacity = np.clip(1.3 - 1.6 * distance, 0, 1)
    return np.rint(opacity * maximum).astype(np.uint16 if maximum > 255 else np.uint8)

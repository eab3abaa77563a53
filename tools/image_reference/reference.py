"""What Pillow and torchvision make of an image: the steps that Onda's must agree with."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps


@dataclass(frozen=True)
class Steps:
    """Colour, then one of two resizes or none, then the crop or none. Sizes are (height, width)."""

    color: str = "rgb"
    resize_shortest: int = 0
    resize_exact: tuple = (0, 0)
    crop: tuple = (0, 0)


def in_eight_bits(image):
    """16-bit grey by its high byte; Pillow's own conversion clips it to white."""
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    return image


def upright_rgb(image):
    """`ImageOps.exif_transpose(image).convert('RGB')`, with 16 bits shifted to 8 first."""
    return in_eight_bits(ImageOps.exif_transpose(image)).convert("RGB")


def resize_shortest(image, shortest):
    """torchvision's Resize(shortest) on a Pillow image."""
    width, height = image.size
    short, long = min(width, height), max(width, height)
    other = int(shortest * long / short)
    size = (shortest, other) if width <= height else (other, shortest)
    return image if size == image.size else image.resize(size, Image.Resampling.BILINEAR)


def center_crop(image, height, width):
    """torchvision's CenterCrop((height, width)) on a Pillow image: black where it is too small."""
    missing_x, missing_y = max(width - image.width, 0), max(height - image.height, 0)
    if missing_x or missing_y:
        border = (missing_x // 2, missing_y // 2, (missing_x + 1) // 2, (missing_y + 1) // 2)
        image = ImageOps.expand(image, border, fill=0)
    # Python rounds halves to the even number, and so does this crop.
    top = int(round((image.height - height) / 2.0))
    left = int(round((image.width - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


def expected(image, steps):
    """The pixels after `steps`, uint8 [height, width, 3] or, for grey, [height, width]."""
    image = upright_rgb(image)
    if steps.color == "grey":
        image = image.convert("L")
    if steps.resize_shortest:
        image = resize_shortest(image, steps.resize_shortest)
    if steps.resize_exact != (0, 0):
        height, width = steps.resize_exact
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    if steps.crop != (0, 0):
        image = center_crop(image, *steps.crop)
    return np.asarray(image)

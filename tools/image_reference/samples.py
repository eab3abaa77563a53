"""The test images: name and bytes of each, and for PNG what its pixels are known to be."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms

from image_reference import png_writer as png
from image_reference import scene

ORIENTATION = 0x0112


@dataclass(frozen=True)
class Sample:
    """An image file. `known` is its decoded RGB where no decoder is needed to know it."""

    name: str
    data: bytes
    known: np.ndarray | None = None


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(array, quality=85, **options):
    return saved(Image.fromarray(array), "JPEG", quality=quality, **options)


def exif(orientation, big_endian=False):
    tags = Image.Exif()
    tags.endian = ">" if big_endian else "<"
    tags[ORIENTATION] = orientation
    return tags.tobytes()


def bare_exif(orientation):
    """The TIFF part alone, as PNG and WebP keep it."""
    return exif(orientation).removeprefix(b"Exif\0\0")


def cmyk(rgb):
    """A CMYK picture with black taken out of the colours, uint8 [height, width, 4]."""
    ink = 255 - rgb.astype(np.int16)
    black = ink.min(axis=2, keepdims=True) // 2
    return np.concatenate([ink - black, black], axis=2).astype(np.uint8)


def cmyk_jpeg(array, **options):
    return saved(Image.fromarray(array, "CMYK"), "JPEG", quality=90, **options)


def adobe_marker(data):
    """Where the Adobe segment of a JPEG file starts."""
    return data.index(b"\xff\xee\x00\x0eAdobe")


def without_adobe(data):
    at = adobe_marker(data)
    return data[:at] + data[at + 16 :]


def ycck_jpeg(array):
    """Pillow writes no YCCK: the colours are turned into YCC here and the marker says so.

    Adobe's files hold inverted inks, and Pillow inverts what it is given. YCC is made of the
    complement of the inks as they stand in the file."""
    in_file = 255 - array
    ycc = np.asarray(Image.fromarray(255 - in_file[:, :, :3]).convert("YCbCr"))
    planes = np.concatenate([ycc, in_file[:, :, 3:]], axis=2)
    data = bytearray(cmyk_jpeg(255 - planes, subsampling=0))
    data[adobe_marker(data) + 15] = 2  # transform: YCCK
    return bytes(data)


def color_profile():
    """A profile that would change the colours, without the time at which it was made."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes())
    profile[24:36] = bytes([7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
    return bytes(profile)


def jpegs():
    portrait, even = scene.rgb(37, 53), scene.rgb(64, 48)
    yield Sample("jpeg_444.jpg", jpeg(portrait, subsampling=0))
    yield Sample("jpeg_422.jpg", jpeg(portrait, subsampling=1))
    yield Sample("jpeg_420.jpg", jpeg(portrait, subsampling=2))
    yield Sample("jpeg_420_even.jpg", jpeg(even, subsampling=2))
    yield Sample("jpeg_420_landscape.jpg", jpeg(scene.rgb(53, 37), subsampling=2))
    yield Sample("jpeg_low_quality.jpg", jpeg(even, quality=25))
    yield Sample("jpeg_progressive.jpg", jpeg(portrait, progressive=True))
    yield Sample("jpeg_restarts.jpg", jpeg(even, restart_marker_rows=1))
    yield Sample("jpeg_untransformed_rgb.jpg", jpeg(portrait, keep_rgb=True))
    yield Sample("jpeg_grey.jpg", jpeg(scene.grey(portrait)))
    yield Sample("jpeg_one_pixel.jpg", jpeg(portrait[:1, :1]))
    yield Sample("jpeg_icc_profile.jpg", jpeg(portrait, icc_profile=color_profile()))
    inks = cmyk(portrait)
    yield Sample("jpeg_cmyk_adobe.jpg", cmyk_jpeg(inks))
    yield Sample("jpeg_cmyk_without_adobe.jpg", without_adobe(cmyk_jpeg(inks)))
    yield Sample("jpeg_ycck.jpg", ycck_jpeg(inks))


def turned():
    """The same picture under every orientation, and under one that does not exist."""
    picture = scene.rgb(41, 29)
    for orientation in range(1, 9):
        yield Sample(f"exif_{orientation}.jpg", jpeg(picture, exif=exif(orientation)))
    yield Sample("exif_6_big_endian.jpg", jpeg(picture, exif=exif(6, big_endian=True)))
    yield Sample("exif_9_unknown.jpg", jpeg(picture, exif=exif(9)))
    in_png = png.encode(picture, png.RGB, before_data=[(b"eXIf", bare_exif(5))])
    yield Sample("exif_5.png", in_png, picture.transpose(1, 0, 2))
    image = Image.fromarray(picture)
    yield Sample("exif_8.webp", saved(image, "WEBP", quality=90, exif=bare_exif(8)))


def spread(array):
    """Grey as RGB."""
    return np.repeat(array[:, :, None], 3, axis=2)


def deep_pngs(width=29, height=31):
    """16 bits: what counts is the high byte."""
    deep = scene.rgb16(width, height)
    opacity = scene.alpha(width, height, 65535)
    grey, high = scene.grey(deep), (deep >> 8).astype(np.uint8)
    rgba, with_alpha = np.dstack([deep, opacity]), np.dstack([grey, opacity])
    grey_high = spread(scene.grey(high))
    yield Sample("png_grey16.png", png.encode(grey, png.GREY, 16), grey_high)
    yield Sample("png_grey16_interlaced.png", png.encode(grey, png.GREY, 16, True), grey_high)
    yield Sample("png_grey_alpha16.png", png.encode(with_alpha, png.GREY_ALPHA, 16), grey_high)
    yield Sample("png_rgb16.png", png.encode(deep, png.RGB, 16), high)
    yield Sample("png_rgba16.png", png.encode(rgba, png.RGBA, 16), high)


def shallow_pngs(width=29, height=31):
    """1, 2 and 4 bits of grey, spread over 0…255."""
    grey = scene.grey(scene.rgb(width, height))
    for depth in (1, 2, 4):
        levels = grey >> (8 - depth)
        known = spread(levels * np.uint8(255 // (2**depth - 1)))
        yield Sample(f"png_grey{depth}.png", png.encode(levels, png.GREY, depth), known)
    yield Sample("png_grey1_interlaced.png", png.encode(grey >> 7, png.GREY, 1, True),
                 spread((grey >> 7) * np.uint8(255)))


def palette_pngs(width=29, height=31):
    picture = Image.fromarray(scene.rgb(width, height))
    for depth in (1, 2, 4, 8):
        reduced = picture.quantize(2**depth, dither=Image.Dither.NONE)
        indices = np.asarray(reduced)
        colors = np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)[: 2**depth]
        known = colors[indices]
        palette = [(b"PLTE", colors.tobytes())]
        transparency = [*palette, (b"tRNS", bytes([0, 128]))]
        name = f"png_palette{depth}"
        yield Sample(f"{name}.png", png.encode(indices, png.PALETTE, depth, before_data=palette), known)
        if depth in (4, 8):
            yield Sample(f"{name}_transparent.png",
                         png.encode(indices, png.PALETTE, depth, before_data=transparency), known)
            yield Sample(f"{name}_interlaced.png",
                         png.encode(indices, png.PALETTE, depth, True, palette), known)


def plain_pngs(width=29, height=31):
    picture = scene.rgb(width, height)
    grey, opacity = scene.grey(picture), scene.alpha(width, height, 255)
    rgba, with_alpha = np.dstack([picture, opacity]), np.dstack([grey, opacity])
    # One colour that occurs is declared transparent; it stays what it is.
    first = picture[0, 0].astype(">u2").tobytes()
    gamma = [(b"gAMA", (100000).to_bytes(4, "big"))]
    yield Sample("png_rgb8.png", png.encode(picture, png.RGB), picture)
    yield Sample("png_rgb8_interlaced.png", png.encode(picture, png.RGB, 8, True), picture)
    yield Sample("png_rgb8_transparent.png",
                 png.encode(picture, png.RGB, before_data=[(b"tRNS", first)]), picture)
    yield Sample("png_rgb8_gamma.png", png.encode(picture, png.RGB, before_data=gamma), picture)
    yield Sample("png_rgba8.png", png.encode(rgba, png.RGBA), picture)
    yield Sample("png_rgba8_interlaced.png", png.encode(rgba, png.RGBA, 8, True), picture)
    yield Sample("png_grey8.png", png.encode(grey, png.GREY), spread(grey))
    yield Sample("png_grey8_transparent.png",
                 png.encode(grey, png.GREY, before_data=[(b"tRNS", b"\0" + grey[:1, 0].tobytes())]),
                 spread(grey))
    yield Sample("png_grey_alpha8.png", png.encode(with_alpha, png.GREY_ALPHA), spread(grey))
    yield Sample("png_one_pixel.png", png.encode(picture[:1, :1], png.RGB), picture[:1, :1])
    yield Sample("png_one_row.png", png.encode(picture[:1], png.RGB), picture[:1])


def webps():
    for name, (width, height) in (("odd", (37, 53)), ("even", (64, 48))):
        image = Image.fromarray(scene.rgb(width, height))
        yield Sample(f"webp_lossy_{name}.webp", saved(image, "WEBP", quality=80))
    picture = scene.rgb(37, 53)
    clear = Image.fromarray(np.dstack([picture, scene.alpha(37, 53, 255)]))
    yield Sample("webp_lossless.webp", saved(Image.fromarray(picture), "WEBP", lossless=True), picture)
    yield Sample("webp_lossless_alpha.webp",
                 saved(clear, "WEBP", lossless=True, exact=True), picture)
    yield Sample("webp_lossy_alpha.webp", saved(clear, "WEBP", quality=80, exact=True))


def photographs():
    """Larger ones, for resizing."""
    sizes = [("landscape", 401, 299), ("portrait", 227, 301), ("even", 320, 240), ("square", 257, 257)]
    for name, width, height in sizes:
        yield Sample(f"photo_{name}.jpg", jpeg(scene.rgb(width, height, noise=2), quality=75))
    yield Sample("photo_large.jpg", jpeg(scene.rgb(1001, 667, noise=0.5), quality=35))
    yield Sample("photo_wide.jpg", jpeg(scene.rgb(300, 40), quality=75))
    yield Sample("photo_tall.png", png.encode(scene.rgb(17, 120, noise=0), png.RGB))


def all_samples():
    for source in (jpegs, turned, deep_pngs, shallow_pngs, palette_pngs, plain_pngs, webps, photographs):
        yield from source()

"""Which steps are tried on which image."""

from image_reference.reference import Steps

IMAGENET = Steps(resize_shortest=256, crop=(224, 224))
SMALL = Steps(resize_shortest=64, crop=(56, 56))

#: In full size, 150 KB each: the common preset on each kind of picture.
IN_FULL = ["photo_landscape.jpg", "photo_portrait.jpg", "photo_large.jpg", "jpeg_cmyk_adobe.jpg",
           "png_rgba8.png", "png_grey16.png", "exif_6.jpg"]

#: Sizes at which rounding, padding and filters can go wrong.
RESIZED = [
    ("photo_landscape.jpg", SMALL),
    ("photo_portrait.jpg", SMALL),
    ("photo_even.jpg", SMALL),
    ("photo_square.jpg", SMALL),
    ("photo_large.jpg", SMALL),
    ("photo_wide.jpg", SMALL),
    ("photo_tall.png", SMALL),
    ("exif_8.webp", SMALL),
    ("webp_lossy_alpha.webp", SMALL),
    ("photo_landscape.jpg", Steps(resize_shortest=65, crop=(56, 56))),
    ("photo_landscape.jpg", Steps(resize_shortest=67, crop=(56, 56))),
    ("photo_portrait.jpg", Steps(resize_shortest=57, crop=(56, 56))),
    ("photo_portrait.jpg", Steps(resize_shortest=59, crop=(56, 56))),
    ("photo_landscape.jpg", Steps(resize_shortest=64, crop=(32, 48))),
    ("photo_landscape.jpg", Steps(resize_shortest=48, crop=(57, 57))),
    ("photo_portrait.jpg", Steps(resize_shortest=33, crop=(56, 50))),
    ("photo_landscape.jpg", Steps(resize_shortest=299, crop=(56, 56))),
    ("photo_landscape.jpg", Steps(resize_shortest=31)),
    ("photo_wide.jpg", Steps(resize_shortest=8)),
    ("photo_tall.png", Steps(resize_shortest=23)),
    ("jpeg_420.jpg", Steps(crop=(32, 32))),
    ("jpeg_420.jpg", Steps(crop=(60, 60))),
    ("png_one_pixel.png", Steps(resize_shortest=9, crop=(7, 7))),
    ("png_one_row.png", Steps(resize_shortest=4, crop=(4, 24))),
    ("photo_landscape.jpg", Steps(resize_exact=(32, 48))),
    ("photo_landscape.jpg", Steps(resize_exact=(56, 56))),
    ("photo_portrait.jpg", Steps(resize_exact=(56, 227))),
    ("jpeg_420.jpg", Steps(resize_exact=(80, 70))),
    ("photo_large.jpg", Steps(resize_exact=(28, 28))),
]

#: One-channel models.
GREY = [
    ("photo_landscape.jpg", Steps("grey", resize_shortest=64, crop=(56, 56))),
    ("photo_large.jpg", Steps("grey", resize_exact=(28, 28))),
    ("webp_lossless_alpha.webp", Steps("grey", resize_shortest=28, crop=(28, 28))),
    ("photo_portrait.jpg", Steps("grey", resize_shortest=30, crop=(33, 33))),
]
GREY_UNRESIZED = ["jpeg_444.jpg", "jpeg_grey.jpg", "jpeg_cmyk_adobe.jpg", "jpeg_ycck.jpg",
                  "png_rgb8.png", "png_rgba8.png", "png_grey16.png", "png_rgb16.png",
                  "png_palette8.png", "png_grey1.png", "png_grey_alpha8.png", "exif_7.jpg",
                  "webp_lossless.webp"]


def all_cases(names):
    """(image, steps) pairs: every image as decoded but the larger ones, then those above."""
    for name in names:
        if not name.startswith("photo_"):
            yield name, Steps()
    for name in GREY_UNRESIZED:
        yield name, Steps("grey")
    yield from ((name, IMAGENET) for name in IN_FULL)
    yield from RESIZED
    yield from GREY

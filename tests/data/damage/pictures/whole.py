"""Image files that are unusual and whole: each must decode to what it was made from."""

import io
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from damage.pictures.encoders import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    PALETTE,
    chunk,
    png,
    tiff,
)
from damage.tree.layouts import Layout
from damage.tree.variant import Picture, Variant, whole
from PIL import Image, ImageCms, ImageOps

HEIGHT, WIDTH = 16, 24
LOSSY = 4
"""How many grey levels JPEG at high quality may be off on the slopes below, made small."""
DARK, BRIGHT = 20, 230

Pixels = npt.NDArray[np.uint8]


def _slopes() -> Pixels:
    """Red rises to the right, green downwards, blue is even: no turn or mirror image is alike."""
    red = np.linspace(DARK, BRIGHT, WIDTH)[None, :].repeat(HEIGHT, axis=0)
    green = np.linspace(DARK, BRIGHT, HEIGHT)[:, None].repeat(WIDTH, axis=1)
    return np.stack([red, green, np.full_like(red, 128)], axis=-1).round().astype(np.uint8)


COLOURS = _slopes()
GREYS = COLOURS[..., 0]
DEEP = COLOURS.astype(np.uint16) * 257 + 10
"""16 bits whose upper 8 are the colours, and which round to them."""
OPAQUE = np.linspace(0, 255, WIDTH).round().astype(np.uint8)[None, :].repeat(HEIGHT, axis=0)


@dataclass(frozen=True)
class File:
    """An image file and what it shows."""

    name: str
    kind: str
    content: bytes
    shown: Picture


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format=form, **options)
    return file.getvalue()


def jpeg(image: Image.Image, **options: Any) -> bytes:
    return encoded(image, "JPEG", **{"quality": 95, "subsampling": 0, **options})


def spread(grey: Pixels) -> Pixels:
    return np.stack([grey] * 3, axis=-1)


def turned(orientation: int) -> Pixels:
    """The colours upright when stored as EXIF `orientation` says (EXIF 2.3, tag 0x0112)."""
    stored = COLOURS
    return {
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.swapaxes(0, 1),
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(stored),
    }.get(orientation, stored)


def adobe_ycck() -> bytes:
    """CMYK stored as YCCK: luma and chroma of the inks, which Adobe writes inverted."""
    cyan, magenta, yellow, black = np.moveaxis(INKS, -1, 0)
    luma = np.asarray(Image.fromarray(np.stack([cyan, magenta, yellow], -1)).convert("YCbCr"))
    # Pillow inverts what it is given and marks it as CMYK (transform 0); only the mark is changed.
    planes = np.dstack([255 - luma, black])
    content = jpeg(Image.fromarray(planes, mode="CMYK"))
    place = content.index(b"Adobe") + 11
    return content[:place] + b"\2" + content[place + 1 :]


INKS = np.dstack([255 - COLOURS, np.full((HEIGHT, WIDTH), 0, dtype=np.uint8)])
"""Without black, so that each ink is what its colour lacks."""
WITH_BLACK = np.dstack([255 - COLOURS, np.full((HEIGHT, WIDTH), 51, dtype=np.uint8)])
BLACKENED = (COLOURS * 0.8).round().astype(np.uint8)
"""The colours where a fifth of black ink covers them."""


def _jpegs() -> list[File]:
    image = Image.fromarray(COLOURS)
    shown = Picture(COLOURS, LOSSY)
    plain = jpeg(image)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kinds = {
        "progressive": jpeg(image, progressive=True),
        "optimised": jpeg(image, optimize=True),
        "chroma-halved": jpeg(image, subsampling=2),
        "restart-markers": jpeg(image, restart_marker_blocks=1),
        "comment": jpeg(image, comment=b"a comment \xff\x00"),
        "colour-profile": jpeg(image, icc_profile=profile),
        "a-damaged-profile": jpeg(image, icc_profile=b"no profile"),
        "72-dots-an-inch": jpeg(image, dpi=(72, 72)),
        "zeros-behind": plain + bytes(1000),
        "noise-behind": plain + np.random.default_rng(0).bytes(1000),
        "another-behind": plain + jpeg(ImageOps.invert(image)),
        "usual-tables-left-out": plain[: plain.index(b"\xff\xc4")]
        + plain[plain.index(b"\xff\xda") :],
    }
    files = [File(f"jpeg-{name}", "unusual image", data, shown) for name, data in kinds.items()]
    ink = Image.fromarray(INKS, mode="CMYK")
    covered = Image.fromarray(WITH_BLACK, mode="CMYK")
    files += [
        File("jpeg-cmyk", "CMYK image", jpeg(ink), shown),
        File("jpeg-cmyk-progressive", "CMYK image", jpeg(ink, progressive=True), shown),
        File("jpeg-cmyk-black", "CMYK image", jpeg(covered), Picture(BLACKENED, LOSSY)),
        File("jpeg-ycck", "CMYK image", adobe_ycck(), shown),
        File("tiff-cmyk", "CMYK image", encoded(ink, "TIFF"), Picture(COLOURS, 1)),
        File(
            "jpeg-grey", "grey image", jpeg(Image.fromarray(GREYS)), Picture(spread(GREYS), LOSSY)
        ),
    ]
    for orientation in range(10):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data, upright = jpeg(image, exif=exif), Picture(turned(orientation), LOSSY)
        files.append(File(f"jpeg-orientation-{orientation}", "turned image", data, upright))
    return files


def _greys() -> list[File]:
    few = GREYS >> 4
    black_white = (GREYS > 127).astype(np.uint8)
    two = Image.fromarray(black_white * 255).convert("1", dither=Image.Dither.NONE)
    every = Picture(spread(GREYS))
    crisp = Picture(spread(black_white * 255))
    with_alpha = np.dstack([GREYS, OPAQUE])
    return [
        File("png-grey-8-bits", "grey image", png(GREYS[..., None], 8, GREY), every),
        File(
            "png-grey-4-bits", "grey image", png(few[..., None], 4, GREY), Picture(spread(few * 17))
        ),
        File("png-grey-1-bit", "grey image", png(black_white[..., None], 1, GREY), crisp),
        File("png-grey-alpha", "grey image", png(with_alpha, 8, GREY_ALPHA), every),
        File("tiff-grey", "grey image", tiff(GREYS[..., None], 8, "<"), every),
        File("tiff-fax", "grey image", encoded(two, "TIFF", compression="group4"), crisp),
        File("bmp-grey", "grey image", encoded(Image.fromarray(GREYS), "BMP"), every),
        File("pgm", "grey image", b"P5 24 16 255\n" + GREYS.tobytes(), every),
        File(
            "pgm-plain",
            "grey image",
            b"P2 24 16 255\n" + b" ".join(b"%d" % v for v in GREYS.flat),
            every,
        ),
    ]


def _deep() -> list[File]:
    grey, colour = DEEP[..., :1], DEEP
    alpha = np.full((HEIGHT, WIDTH, 1), 30000, dtype=np.uint16)
    shown, spread_out = Picture(COLOURS), Picture(spread(GREYS))
    return [
        File("png-grey", "16-bit image", png(grey, 16, GREY), spread_out),
        File(
            "png-grey-alpha",
            "16-bit image",
            png(np.dstack([grey, alpha]), 16, GREY_ALPHA),
            spread_out,
        ),
        File("png-colour", "16-bit image", png(colour, 16, COLOUR), shown),
        File(
            "png-colour-alpha",
            "16-bit image",
            png(np.dstack([colour, alpha]), 16, COLOUR_ALPHA),
            shown,
        ),
        File("tiff-grey-little-endian", "16-bit image", tiff(grey, 16, "<"), spread_out),
        File("tiff-grey-big-endian", "16-bit image", tiff(grey, 16, ">"), spread_out),
        File("tiff-colour-little-endian", "16-bit image", tiff(colour, 16, "<"), shown),
        File("tiff-colour-big-endian", "16-bit image", tiff(colour, 16, ">"), shown),
        File(
            "pgm-16", "16-bit image", b"P5 24 16 65535\n" + grey.astype(">u2").tobytes(), spread_out
        ),
    ]


def _transparent() -> list[File]:
    index = (np.arange(HEIGHT * WIDTH) % 4).reshape(HEIGHT, WIDTH, 1).astype(np.uint8)
    colours = np.array([(250, 0, 0), (0, 250, 0), (0, 0, 250), (90, 90, 90)], dtype=np.uint8)
    table = chunk(b"PLTE", colours.tobytes())
    shown = Picture(colours[index[..., 0]])
    see_through = chunk(b"tRNS", bytes((0, 100, 255)))
    key = chunk(b"tRNS", b"".join(int(v).to_bytes(2, "big") for v in COLOURS[0, 0]))
    both = np.dstack([COLOURS, OPAQUE])
    clear = Image.fromarray(both)
    flat = Image.fromarray(index[..., 0], mode="L").convert("P")
    flat.putpalette(colours.tobytes())
    files = [
        ("png-palette-8-bits", png(index, 8, PALETTE, table), shown),
        ("png-palette-2-bits", png(index, 2, PALETTE, table), shown),
        ("png-palette-some-clear", png(index, 8, PALETTE, table, see_through), shown),
        ("png-clear", png(both, 8, COLOUR_ALPHA), Picture(COLOURS)),
        ("png-one-colour-clear", png(COLOURS, 8, COLOUR, key), Picture(COLOURS)),
        ("gif-palette", encoded(flat, "GIF"), shown),
        ("gif-one-clear", encoded(flat, "GIF", transparency=0), shown),
        ("webp-alpha", encoded(clear, "WEBP", lossless=True, exact=True), Picture(COLOURS)),
        ("tiff-alpha", encoded(clear, "TIFF"), Picture(COLOURS)),
    ]
    return [File(name, "transparent or palette image", data, shown) for name, data, shown in files]


def _several() -> list[File]:
    image = Image.fromarray(COLOURS)
    later: dict[str, Any] = {"save_all": True, "append_images": [ImageOps.invert(image)] * 2}
    exact = Picture(COLOURS)
    flat = image.quantize(16, dither=Image.Dither.NONE)
    few = Picture(np.asarray(flat.convert("RGB")))
    files = [
        ("gif", encoded(flat, "GIF", save_all=True, append_images=[flat.rotate(180)]), few),
        ("png", encoded(image, "PNG", **later), exact),
        ("webp", encoded(image, "WEBP", lossless=True, **later), exact),
        ("tiff", encoded(image, "TIFF", **later), exact),
        ("mpo", encoded(image, "MPO", quality=95, subsampling=0, **later), Picture(COLOURS, LOSSY)),
    ]
    return [File(f"{name}-frames", "several frames", data, shown) for name, data, shown in files]


def _lossless() -> list[File]:
    image, exact = Image.fromarray(COLOURS), Picture(COLOURS)
    files = [
        ("png", png(COLOURS, 8, COLOUR)),
        ("png-without-end", png(COLOURS, 8, COLOUR, end=b"")),
        ("png-noise-behind", png(COLOURS, 8, COLOUR) + bytes(range(256))),
        ("png-unknown-chunk", png(COLOURS, 8, COLOUR, chunk(b"teSt", b"x"))),
        ("bmp", encoded(image, "BMP")),
        ("ppm", b"P6 24 16 255\n" + COLOURS.tobytes()),
        ("webp", encoded(image, "WEBP", lossless=True)),
        ("tiff", tiff(COLOURS, 8, "<")),
        ("tiff-lzw", encoded(image, "TIFF", compression="tiff_lzw")),
        ("tiff-deflate", encoded(image, "TIFF", compression="tiff_deflate")),
    ]
    return [File(name, "unusual image", data, exact) for name, data in files]


def _sizes() -> list[File]:
    large = np.zeros((4000, 6000), dtype=np.uint8)
    black = Picture(np.zeros((1, 1, 3), dtype=np.uint8))
    ends = np.full((1, 1, 3), (200, 100, 50), dtype=np.uint8)
    return [
        File("24-megapixels-jpeg", "huge image", jpeg(Image.fromarray(large)), black),
        File(
            "24-megapixels-png",
            "huge image",
            encoded(Image.fromarray(large).convert("1"), "PNG"),
            black,
        ),
        File("one-pixel", "unusual image", png(ends, 8, COLOUR), Picture(ends)),
        File("one-row", "unusual image", png(ends.repeat(2000, 1), 8, COLOUR), Picture(ends)),
        File("one-column", "unusual image", png(ends.repeat(2000, 0), 8, COLOUR), Picture(ends)),
    ]


PHOTO = jpeg(Image.fromarray(COLOURS))
"""A file with nothing unusual about it."""


@cache
def files() -> tuple[File, ...]:
    """Every unusual file."""
    made = (_jpegs, _greys, _deep, _transparent, _several, _lossless, _sizes)
    return tuple(file for make in made for file in make())


def variants(layout: Layout) -> list[Variant]:
    """Each file in turn stands for an image of another part; its suffix says nothing."""
    places = layout.places()
    made = []
    for number, file in enumerate(files()):
        image = places[number % len(places)]
        made.append(
            Variant(
                f"{file.name} as {image.path}",
                file.kind,
                lambda tree, file=file, image=image: tree.write(image.path, file.content),
                replace(whole(layout), pictures={image.path: file.shown}),
                place=image.path,
            )
        )
    return made

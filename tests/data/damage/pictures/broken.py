"""Files that are no image, or no whole one: each must be refused by its name."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from functools import cache

import numpy as np
from damage.pictures.encoders import COLOUR, SIGNATURE, chunk, header, png, tiff
from damage.pictures.whole import COLOURS, DEEP, PHOTO, encoded, jpeg
from damage.tree.layouts import Layout
from damage.tree.variant import Variant, at
from PIL import Image

SIDE = 60_000
"""Pixels that a small file claims to have on each side, far above what is safe to decode."""


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("image.txt", "x")
    return file.getvalue()


def _no_images() -> dict[str, bytes]:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4\n"
    return {
        "no-bytes": b"",
        "one-byte": b"\xff",
        "zeros": bytes(4096),
        "noise": np.random.default_rng(0).bytes(4096),
        "text": b"no image\n",
        "page": b"<!DOCTYPE html><html><title>Sign in to download</title></html>",
        "drawing": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "json": json.dumps({"error": 404}).encode(),
        "pointer": pointer,
        "zip": _archive(),
        "gzip": gzip.compress(PHOTO, mtime=0),
        "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n",
        "pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01e.",
        "movie": struct.pack(">I", 24) + b"ftypisom\0\0\2\0isomiso2" + bytes(100),
        "array": b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }",
        "byte-order-mark-first": b"\xef\xbb\xbf" + PHOTO,
        "line-ends-changed": png(COLOURS, 8, COLOUR).replace(b"\r\n", b"\n"),
        "32-bits": encoded(Image.fromarray(DEEP[..., 0].astype(np.int32)), "TIFF"),
        "fractions": encoded(Image.fromarray(DEEP[..., 0].astype(np.float32)), "TIFF"),
    }


def _cut() -> dict[str, bytes]:
    image = Image.fromarray(COLOURS)
    scan = PHOTO.index(b"\xff\xda")
    within = {
        f"scan-at-{share}%": scan + (len(PHOTO) - scan) * share // 100
        for share in (10, 30, 50, 70, 90)
    }
    places = {
        "mark": 2,
        "first-segment": 8,
        "tables": PHOTO.index(b"\xff\xdb") + 20,
        "size": PHOTO.index(b"\xff\xc0") + 5,
        "before-scan": scan,
        "scan-header": scan + 6,
        **within,
        "end-mark": len(PHOTO) - 2,
        "last-byte": len(PHOTO) - 1,
    }
    cut = {f"jpeg-{name}": PHOTO[:place] for name, place in places.items()}
    slow = jpeg(image, progressive=True)
    cut |= {
        f"jpeg-progressive-{share}%": slow[: len(slow) * share // 100] for share in (40, 70, 95)
    }
    whole = png(COLOURS, 8, COLOUR)
    places = {
        "signature": 8,
        "header": 20,
        "before-pixels": 33,
        "pixels": 33 + (len(whole) - 45) // 2,
    }
    cut |= {f"png-{name}": whole[:place] for name, place in places.items()}
    others = {
        "bmp": encoded(image, "BMP"),
        "gif": encoded(image.quantize(16), "GIF"),
        "webp": encoded(image, "WEBP", lossless=True),
        "tiff": tiff(COLOURS, 8, "<"),
        "ppm": b"P6 24 16 255\n" + COLOURS.tobytes(),
    }
    return cut | {f"{name}-half": data[: len(data) // 2] for name, data in others.items()}


def _damaged() -> dict[str, bytes]:
    whole = png(COLOURS, 8, COLOUR)
    pixels = whole.index(b"IDAT")
    turned = bytearray(whole)
    turned[pixels + 20] ^= 0xFF
    size = struct.pack(">IIBBBBB", 24, 16, 8, COLOUR, 0, 0, 0)
    frame = PHOTO.index(b"\xff\xc0")
    return {
        "png-header-checksum": SIGNATURE + chunk(b"IHDR", size, crc=1) + whole[33:],
        "png-pixels-changed": bytes(turned),
        "png-no-pixels": SIGNATURE + header(24, 16, 8, COLOUR) + chunk(b"IEND", b""),
        "png-no-width": SIGNATURE + header(0, 16, 8, COLOUR) + whole[33:],
        "png-unknown-depth": SIGNATURE + header(24, 16, 7, COLOUR) + whole[33:],
        "jpeg-no-height": PHOTO[: frame + 5] + b"\0\0" + PHOTO[frame + 7 :],
    }


def _bombs() -> dict[str, bytes]:
    frame = PHOTO.index(b"\xff\xc0")
    claimed = struct.pack(">HH", SIDE, SIDE)
    bitmap = bytearray(encoded(Image.fromarray(COLOURS), "BMP"))
    bitmap[18:26] = struct.pack("<ii", SIDE, SIDE)
    gif = bytearray(encoded(Image.fromarray(COLOURS).quantize(16), "GIF"))
    gif[6:10] = struct.pack("<HH", SIDE, SIDE)
    whole = png(COLOURS, 8, COLOUR)
    words = chunk(b"zTXt", b"comment\0\0" + zlib.compress(bytes(80_000_000), 9))
    return {
        "claimed-by-png": SIGNATURE + header(SIDE, SIDE, 8, COLOUR) + whole[33:],
        "claimed-by-jpeg": PHOTO[: frame + 5] + claimed + PHOTO[frame + 9 :],
        "claimed-by-bmp": bytes(bitmap),
        "claimed-by-gif": bytes(gif),
        "claimed-by-ppm": b"P6 %d %d 255\n" % (SIDE, SIDE) + COLOURS.tobytes(),
        "claimed-by-tiff": tiff(COLOURS, 8, "<")
        .replace(struct.pack("<HHII", 256, 4, 1, 24), struct.pack("<HHII", 256, 4, 1, SIDE))
        .replace(struct.pack("<HHII", 257, 4, 1, 16), struct.pack("<HHII", 257, 4, 1, SIDE)),
        "80-megabytes-of-comment": whole[:33] + words + whole[33:],
    }


@cache
def files() -> dict[str, dict[str, bytes]]:
    """What is refused, by kind and name."""
    return {
        "non-image": _no_images(),
        "truncated image": _cut(),
        "damaged image": _damaged(),
        "huge image": _bombs(),
    }


def variants(layout: Layout) -> list[Variant]:
    """Each file in turn stands for an image of another part."""
    places = layout.places()
    named = [(kind, name, data) for kind, some in files().items() for name, data in some.items()]
    made = []
    for number, (kind, name, data) in enumerate(named):
        image = places[number % len(places)]
        made.append(
            Variant(
                f"{name} as {image.path}",
                kind,
                lambda tree, data=data, image=image: tree.write(image.path, data),
                at(image.path),
                image=True,
                place=image.path,
            )
        )
    return made

"""PNG and TIFF files written by hand, so that what they hold doesn't hang on their reader."""

import struct
import zlib

import numpy as np
import numpy.typing as npt

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, COLOUR, PALETTE, GREY_ALPHA, COLOUR_ALPHA = 0, 2, 3, 4, 6


def chunk(name: bytes, content: bytes, crc: int | None = None) -> bytes:
    crc = zlib.crc32(name + content) if crc is None else crc
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)


def header(width: int, height: int, depth: int, kind: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))


def packed(values: npt.NDArray[np.integer], depth: int) -> bytes:
    """Rows [height, n] of `depth` bits a value, each row filled up to whole bytes, unfiltered."""
    if depth == 16:
        rows = [row.astype(">u2").tobytes() for row in values]
    else:
        bits = (values[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        rows = [np.packbits(row.ravel().astype(np.uint8)).tobytes() for row in bits]
    return b"".join(b"\0" + row for row in rows)


def png(
    values: npt.NDArray[np.integer], depth: int, kind: int, *extra: bytes, end: bytes | None = None
) -> bytes:
    """Values [height, width, channels] as a PNG with the chunks `extra` before its pixels."""
    height, width, _ = values.shape
    pixels = chunk(b"IDAT", zlib.compress(packed(values.reshape(height, -1), depth)))
    end = chunk(b"IEND", b"") if end is None else end
    return SIGNATURE + header(width, height, depth, kind) + b"".join(extra) + pixels + end


def tiff(values: npt.NDArray[np.integer], depth: int, order: str) -> bytes:
    """Values [height, width, channels] of 8 or 16 bits as a TIFF in byte `order` "<" or ">"."""
    height, width, channels = values.shape
    pixels = values.astype(f"{order}u{depth // 8}").tobytes()
    # Behind the 8 bytes of the header: the bits of each channel, the pixels, the directory.
    bits = struct.pack(f"{order}4H", *[depth] * 4)
    start = 8 + len(bits) + len(pixels)
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, 8 if channels > 2 else depth),
        (259, 3, 1, 1),  # no compression
        (262, 3, 1, 2 if channels > 1 else 1),  # colour, or grey with black as 0
        (273, 4, 1, 8 + len(bits)),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, len(pixels)),
    ]
    directory = struct.pack(f"{order}H", len(tags))
    for tag, kind, count, value in tags:
        short = kind == 3 and count == 1
        directory += struct.pack(f"{order}HHI", tag, kind, count)
        directory += struct.pack(
            f"{order}HH" if short else f"{order}I", *([value, 0] if short else [value])
        )
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(f"{order}I", start) + bits + pixels + directory + bytes(4)

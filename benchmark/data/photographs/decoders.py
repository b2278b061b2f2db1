"""What decodes photographs: Pillow, whose numbers are reported, or torchcodec on request."""

import importlib
from importlib.util import find_spec
from typing import Any

import PIL
import torch
from PIL import Image

from benchmark.errors import UserError

PILLOW, TORCHCODEC = "pillow", "torchcodec"


def checked_decoder(decoder: Any) -> str:
    """The name of a decoder. Raises UserError for another one, or where its package is missing."""
    if decoder not in (PILLOW, TORCHCODEC):
        raise UserError(f"dataset.decoder is {PILLOW!r} or {TORCHCODEC!r}, not {decoder!r}.")
    if decoder == TORCHCODEC and find_spec(TORCHCODEC) is None:
        raise UserError(
            "dataset.decoder=torchcodec needs the package torchcodec, which isn't installed here. "
            "Install it with: pip install --no-deps -r requirements-torchcodec.txt"
        )
    return str(decoder)


def decoder_version(decoder: str) -> str:
    """The version of a decoder's package."""
    if decoder == PILLOW:
        return PIL.__version__
    return str(importlib.import_module(TORCHCODEC).__version__)


def decoded_by_torchcodec(content: bytes) -> Image.Image:
    """The image in RGB with 8 bits a channel, upright, the first of several.

    Formats are JPEG, PNG, WebP, GIF, AVIF and HEIC; torchcodec raises errors of its own for others,
    and for what is damaged.
    """
    decoders = importlib.import_module("torchcodec.decoders")
    pixels: torch.Tensor = decoders.decode_image(content)
    first = pixels if pixels.dim() == 3 else pixels[0]
    return Image.fromarray(first.permute(1, 2, 0).contiguous().numpy())

"""Photographs in files, decoded when asked for."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps
from torch import Tensor

from benchmark.data.photographs.contents import files_digests
from benchmark.data.photographs.decoders import PILLOW, decoded_by_torchcodec
from benchmark.data.photographs.transforms import PhotoTransform
from benchmark.errors import UserError
from benchmark.paths import require_regular


def decode(path: Path, decoder: str = PILLOW) -> Image.Image:
    """The image in RGB with 8 bits a channel, upright as its EXIF data says.

    Transparency is dropped, only the first of several frames is read, and 16-bit grey is scaled
    to 8 bits. Raises UserError for a file that is damaged, isn't an image, or has more pixels than
    Pillow considers safe.
    """
    with _explained(str(path)):
        require_regular(path)
        return _decoded(path) if decoder == PILLOW else decoded_by_torchcodec(path.read_bytes())


def decode_bytes(content: bytes, name: str, decoder: str = PILLOW) -> Image.Image:
    """`decode` of what a file holds; `name` is for the error."""
    with _explained(name):
        if decoder == PILLOW:
            return _decoded(io.BytesIO(content))
        return decoded_by_torchcodec(content)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # decoders raise errors of many kinds for damaged files
        raise UserError(
            f"{name} can't be decoded as an image ({error}). Take the file from the data set's "
            "archive again, or leave it out of the data set."
        ) from error


def _decoded(source: Path | io.BytesIO) -> Image.Image:
    with Image.open(source) as opened:
        image = ImageOps.exif_transpose(opened)
        # Pillow scales a PGM of more than 8 bits to 16, and keeps it in 32.
        if image.mode.startswith("I;16") or (opened.format == "PPM" and image.mode == "I"):
            levels = np.asarray(image).astype(np.uint32)
            return Image.fromarray(((levels + 128) // 257).astype(np.uint8)).convert("RGB")
        if image.mode in ("I", "F"):
            raise ValueError("it has 32 bits a pixel, of unknown range")
        if image.has_transparency_data:
            image = image.convert("RGBA")
        return image.convert("RGB")


class DecodedImages(Protocol):
    """Images by number that needn't be decoded; see `benchmark.data.photographs.decoded`."""

    def image(self, number: int) -> Image.Image:
        """The image in RGB."""
        ...


class FileImages:
    """The images `names`, paths below `folder`, made into tensors by `transform`.

    `decoder` is one of `benchmark.data.photographs.decoders`. Where `decoded` is set, images come
    from there, with the same pixels.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        transform: PhotoTransform,
        decoder: str = PILLOW,
    ) -> None:
        self.folder = folder
        self.names = names
        self.decoder = decoder
        self._transform = transform
        self.decoded: DecodedImages | None = None

    def __len__(self) -> int:
        """The number of images."""
        return len(self.names)

    @property
    def paths(self) -> list[Path]:
        """Where the images lie."""
        return [self.folder / name for name in self.names]

    def digests(self) -> tuple[str, str]:
        """SHA-256 of names and sizes, and of the files' bytes; these stand for the pixels."""
        return files_digests(self.folder, self.names)

    def batch(self, indices: npt.NDArray[np.int64], seeds: npt.NDArray[np.uint64] | None) -> Tensor:
        """The images `indices` as uint8 [n, 3, height, width]; augmented if there are `seeds`.

        An image depends on its file and its own seed alone. Channels lie last in memory, as they
        do in Pillow's images. Raises UserError as `decode` does.
        """
        decoded = (self._image(int(index)) for index in indices)
        if seeds is None:
            views = [self._transform.test(image) for image in decoded]
        else:
            drawn = zip(decoded, seeds.tolist(), strict=True)
            views = [self._transform.train(image, seed) for image, seed in drawn]
        stacked = np.stack([view.transpose(1, 2, 0) for view in views])
        return torch.from_numpy(stacked).permute(0, 3, 1, 2)

    def _image(self, number: int) -> Image.Image:
        if self.decoded is not None:
            return self.decoded.image(number)
        return decode(self.folder / self.names[number], self.decoder)

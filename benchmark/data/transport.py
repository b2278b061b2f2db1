"""How a batch gets from a loader process to the one that trains, and what happens where it can't.

torch's loaders hand tensors over in shared memory, and allocate it in a thread in which an error
is printed and then forgotten: the process that trains would wait forever for the batch. Here the
loader allocates it where errors are seen, and sends the pixels through a pipe where there is no
room, as in a container with the usual 64 MB of /dev/shm.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from mmengine.logging import print_log
from torch import Tensor
from torch.utils.data import get_worker_info

from benchmark.errors import UserError


class Batch(NamedTuple):
    """Images [B, channels, height, width], as an array where shared memory is short; labels [B]."""

    images: Tensor | npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64]
    digest: str


NARROW = (
    "There is too little shared memory (/dev/shm) for the processes that load images; batches go "
    "through pipes, which is slower. In Docker, give more with --shm-size=4g."
)

Parcel = Batch | UserError
"""What a loader process sends; an error raised there would arrive as a traceback."""


def no_digest(images: Tensor, labels: npt.NDArray[np.int64]) -> str:
    """Of a batch of which none is wanted."""
    return ""


def packed(
    make: Callable[[], Tensor],
    labels: npt.NDArray[np.int64],
    digest: Callable[[Tensor, npt.NDArray[np.int64]], str],
) -> Parcel:
    """The images that `make` returns with their labels, or the UserError that it raises.

    `digest` makes a batch's digest, in the process that loads it.
    """
    try:
        images = make()
    except UserError as error:
        return error
    made = digest(images, labels)
    if get_worker_info() is None:
        return Batch(images, labels, made)
    try:
        return Batch(images.share_memory_(), labels, made)
    except RuntimeError:  # "No space left on device", "Too many open files"
        return Batch(images.numpy(), labels, made)


def delivered(parcels: Iterable[Parcel]) -> Iterator[tuple[Tensor, npt.NDArray[np.int64], str]]:
    """The images, labels and digest of each parcel.

    Raises the UserError that a parcel holds, and one where a loader process has died.
    """
    noted = False
    for parcel in _received(parcels):
        if isinstance(parcel, UserError):
            raise parcel
        images, labels, digest = parcel
        if not isinstance(images, Tensor):
            if not noted:
                print_log(NARROW, logger="current")
                noted = True
            images = torch.from_numpy(images)
        yield images, labels, digest


def _received(parcels: Iterable[Parcel]) -> Iterator[Parcel]:
    try:
        yield from parcels
    # A loader that is gone can't hand over its last batches either: the connection fails.
    except (RuntimeError, ConnectionError, EOFError, FileNotFoundError) as error:
        if str(error).startswith("Caught "):  # raised by the images, and repeated by torch
            raise
        raise _death(error) from error


def loader_death(error: BaseException) -> UserError | None:
    """What to say of an error that a dead loader process caused; None for another.

    torch raises it wherever the main process happens to be, such as within a step.
    """
    if isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker (pid"):
        return _death(error)
    return None


def _death(error: BaseException) -> UserError:
    return UserError(
        f"A process that loads images died ({error}). The system may be short of memory: run "
        "less beside this. The next 'run' goes on from the last checkpoint."
    )

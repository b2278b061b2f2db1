"""Work in parts that shrink when memory runs out."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from benchmark.errors import UserError

Result = TypeVar("Result")

log = logging.getLogger(__name__)
# Messages of torch's CPU allocator, and of others, when there is no memory.
MESSAGES = ("can't allocate memory", "not enough memory", "out of memory", "bad_alloc")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the CPU's or the device's memory is exhausted."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in MESSAGES)


class Parts:
    """Parts of some work, as large as memory allows: `size` is halved whenever it runs out.

    A part stays halved for all work that follows.
    """

    def __init__(self, size: int, what: str, remedy: str) -> None:
        self.size, self.what, self.remedy = size, what, remedy

    def run(self, total: int, work: Callable[[int, int], Result]) -> Iterator[Result]:
        """The results of work(first, last) for parts from 0 to `total`, in order.

        Raises UserError, with the remedy, if memory doesn't suffice for a part of one.
        """
        first = 0
        while first < total:
            last = min(first + self.size, total)
            try:
                result = work(first, last)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if last - first == 1:
                    raise UserError(
                        f"evaluation: out of memory, even with the {self.what} one by one. "
                        f"{self.remedy}"
                    ) from error
                self.size = (last - first) // 2
            else:
                yield result
                first = last
                continue
            # Outside the handler, whose error keeps what was allocated alive.
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            log.warning(
                "Out of memory: evaluation goes on with %d %s at a time", self.size, self.what
            )

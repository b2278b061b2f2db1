"""Memory: what a run frees is kept for its next step, its peak is measured, and a lack is named.

A training step on a CPU frees large blocks and soon asks for them again. By default glibc gives
such blocks back to the system, which clears every page of the next one: a third to a half of a
step's time was seen to go there.
"""

import contextlib
import ctypes
import re
from pathlib import Path

import torch

from benchmark.errors import UserError

# The names and numbers of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Let this process keep what it frees until it ends. Another C library than glibc ignores it.

    Its memory doesn't shrink any more: this is for a process that trains and then ends.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)  # no block has a mapping of its own, which ends with it
        mallopt(M_TRIM_THRESHOLD, -1)  # the heap's end stays where it is


class Peak:
    """The most memory that is taken from now on, in bytes.

    On a GPU by torch's tensors, which are all that training takes there but for libraries; on a CPU
    by the whole process, where Linux says so.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")

    def reached(self) -> int | None:
        """The bytes; None where they aren't known."""
        if self.device == "cuda":
            return int(torch.cuda.max_memory_allocated())
        try:
            status = Path("/proc/self/status").read_text(encoding="ascii")
        except OSError:
            return None
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return int(found[1]) * 1024 if found else None


REMEDY = "Lower sampler.classes or sampler.samples, the images' size, or memory.size"
"""What takes less memory in training."""


def out_of_memory(error: BaseException) -> UserError | None:
    """What to say of an error that is a lack of memory, on a GPU or a CPU; None for another."""
    first = str(error).partition("\n")[0]
    if isinstance(error, torch.OutOfMemoryError):
        return UserError(f"the GPU's memory is full ({first}). {REMEDY}; or use a larger GPU.")
    if isinstance(error, MemoryError) or _is_cpu_allocation(error):
        return UserError(f"the memory is full ({first}). {REMEDY}; or make fewer runs at a time.")
    return None


def _is_cpu_allocation(error: BaseException) -> bool:
    """torch raises a RuntimeError where the CPU's allocator fails."""
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "DefaultCPUAllocator" in text or "not enough memory" in text
    )

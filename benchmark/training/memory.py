"""Freed memory is kept for the next step.

A training step on a CPU frees large blocks and soon asks for them again. By default glibc gives
such blocks back to the system, which clears every page of the next one: a third to a half of a
step's time was seen to go there.
"""

import ctypes

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

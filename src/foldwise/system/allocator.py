"""What the C library does with memory that was freed."""

from __future__ import annotations

import ctypes
import sys

# glibc's numbers of its options, and how many bytes each is set to
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
OPTIONS = {M_TRIM_THRESHOLD: 256 * 2**20, M_TOP_PAD: 64 * 2**20, M_MMAP_THRESHOLD: 32 * 2**20}


def keep_freed_memory() -> bool:
    """Let glibc keep some freed memory for the next step of a training, which needs as much again; elsewhere nothing happens.

    By default it returns large blocks to the system and fetches them anew in each step, page by page: a third of the processor
    time of a small convolutional network. It keeps at most 256 MB, and 64 MB for each thread that computes.

    Returns:
        Whether it will.
    """
    if not sys.platform.startswith("linux"):
        return False
    option = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if option is None:
        return False
    taken = [option(number, size) for number, size in OPTIONS.items()]
    return all(taken)

"""Memory that the system has just given to this process."""

import mmap


def fresh_memory(megabytes):
    """A mapping of its own, each of its pages written: malloc may hand out what the process has freed before."""
    found = mmap.mmap(-1, megabytes * 2**20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    found[:: mmap.PAGESIZE] = bytes(len(found) // mmap.PAGESIZE)
    return found

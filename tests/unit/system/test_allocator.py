"""Memory that was freed stays with the process, so that the next step need not fetch it page by page."""

import subprocess
import sys

import pytest

# Many blocks below glibc's greatest threshold, taken and freed in turn; prints the page faults of all turns after the first.
PROGRAM = """
import ctypes, resource, sys
from foldwise.system.allocator import keep_freed_memory
if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit("not kept")
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
size, faults = 20 * 2**20, 0
for turn in range(5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [libc.malloc(size) for _ in range(4)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    for block in blocks:
        libc.free(block)
    faults += (turn > 0) * (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(faults)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is what Linux has")
def test_freed_blocks_are_used_again_without_a_fault_of_each_page():
    counted = {}
    for how in ("kept", "usual"):
        done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
        counted[how] = int(done.stdout)
    assert counted["kept"] < counted["usual"] / 10

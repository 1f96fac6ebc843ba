"""Many rows, some at a time: what is computed for each row alone needs no copies of all of them."""

from __future__ import annotations

from collections.abc import Iterator

ROWS_AT_ONCE = 4096  # 30 numbers of double precision take a megabyte; a call for a block costs little beside its work


def blocks(rows: int, size: int = ROWS_AT_ONCE) -> Iterator[slice]:
    """The places of `rows` rows in order, `size` at a time."""
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))

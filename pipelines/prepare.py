"""Dry run of the data half: audit, shapes, class counts, first prepared rows. Trains nothing."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["prepare", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Show one training step of a study's small network in numbers, and how it learns, as a page that needs no server."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["step", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

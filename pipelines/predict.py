"""Answer raw rows with a registered model; if the target is among the columns, score the answers."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["predict", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

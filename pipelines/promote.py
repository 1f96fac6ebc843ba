"""Make a registered version the champion of its model, with a reason that stays in the history."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["promote", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

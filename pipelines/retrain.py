"""Train a champion's recipe on new rows, and promote the challenger if it is better; or roll back."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["retrain", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Serve a registered model over HTTP, and follow its promotions."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["serve", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

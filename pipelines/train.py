"""The same without a search: every range takes its default; one trial is validated, refitted, registered."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["train", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

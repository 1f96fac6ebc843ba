"""Compare the trials of a study, or of several: a page that needs no server, or a table in the terminal."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["compare", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

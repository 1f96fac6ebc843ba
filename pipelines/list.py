"""List studies, models and jobs from the ledger, as a table or as JSON."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["list", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Open MLflow's pages on the right store, for this machine only by default."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["ui", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

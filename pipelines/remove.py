"""Delete a study, or old output of jobs, after showing how many bytes that frees."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["remove", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Run jobs at their times: serve until Ctrl-C, list the jobs, run one now, or show the history."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["schedule", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

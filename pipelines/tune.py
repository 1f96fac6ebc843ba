"""Search, cross-validate, pick, refit, score the holdout once, bundle, register, and print the verdict.

The same as `foldwise tune`. `doors/compose.py` lays the command line over conf/tune.yaml, `config/read.py` turns that into a
checked StudySpec, and `doors/run.py` runs it: plan the data, search (`study/search.py`), conclude (`study/conclude.py`).
"""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["tune", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Answer raw rows with a registered model; where the target is among the columns, score the answers."""

import sys

from foldwise.doors.compose import Config, run_door


def run(config: Config) -> None:
    """Answer the rows of `input` into `output`."""
    from foldwise.doors.services import predict_file

    predict_file(config)


def main() -> int:
    """The door's exit code."""
    return run_door("predict", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

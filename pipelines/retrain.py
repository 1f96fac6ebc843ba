"""Train a registered model's recipe on the rows of today, and promote the challenger if it beats the champion; or roll back."""

import sys

from foldwise.doors.compose import Config, run_door


def run(config: Config) -> None:
    """Retrain, or put the former champion back."""
    from foldwise.retraining.retrain import retrain_here

    retrain_here(config)


def main() -> int:
    """The door's exit code."""
    return run_door("retrain", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

"""The same as tune without a search: every range takes its default (said), one trial is validated, refitted and registered."""

import sys
import time

from foldwise.doors.compose import Config, run_door

BEGAN = time.monotonic()


def run(config: Config) -> None:
    """Run the one-trial study of a composed configuration."""
    from foldwise.config.read import read_study, without_search

    searched = read_study(config)
    study = read_study(without_search(config))
    from foldwise.doors.run import tune_here

    tune_here(study, defaults_taken=searched.space.defaults(), began=BEGAN)


def main() -> int:
    """The door's exit code."""
    return run_door("train", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

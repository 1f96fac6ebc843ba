"""Search, cross-validate, pick, refit, score the holdout once, bundle, register, and print the verdict."""

import sys
import time

from foldwise.doors.compose import Config, run_door

BEGAN = time.monotonic()


def run(config: Config) -> None:
    """Run the study of a composed configuration."""
    from foldwise.config.read import read_study

    study = read_study(config)
    if study.fixed.replay is not None:
        from foldwise.doors.replay import replay_here

        replay_here(study, study.fixed.replay)
        return
    from foldwise.doors.run import tune_here

    tune_here(study, began=BEGAN)


def main() -> int:
    """The door's exit code."""
    return run_door("tune", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

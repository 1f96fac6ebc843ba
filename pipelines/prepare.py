"""Dry run of the data half: audit, shapes, class counts, first prepared rows. Trains nothing."""

import sys

from foldwise.doors.compose import Config, run_door


def run(config: Config) -> None:
    """Prepare the data of a composed configuration and show what came out."""
    from foldwise.config.read import read_study

    study = read_study(config)
    from foldwise.doors.run import prepare_here

    prepare_here(study)


def main() -> int:
    """The door's exit code."""
    return run_door("prepare", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

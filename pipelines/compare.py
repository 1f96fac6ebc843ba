"""Compare the trials of a study, or of several: a page that needs no server, or a table in the terminal."""

import sys

from foldwise.doors.compose import Config, run_door


def run(config: Config) -> None:
    """Write the page, or print the table."""
    from foldwise.doors.services import compare_studies

    compare_studies(config)


def main() -> int:
    """The door's exit code."""
    return run_door("compare", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

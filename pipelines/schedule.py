"""Run jobs at their times: serve until Ctrl-C, list the jobs, run one now, or show what was."""

import sys

from foldwise.doors.compose import Config, conf_folder, run_door


def run(config: Config) -> None:
    """Do what `action` says."""
    from foldwise.schedule.door import schedule

    schedule(config, conf_folder() / "jobs")


def main() -> int:
    """The door's exit code."""
    return run_door("schedule", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

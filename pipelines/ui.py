"""Open MLflow's user interface on the right store, for this machine only unless told otherwise."""

import sys

from foldwise.doors.compose import Config, run_door


def run(config: Config) -> None:
    """Serve the interface until Ctrl-C."""
    from foldwise.doors.services import serve_ui

    serve_ui(config)


def main() -> int:
    """The door's exit code."""
    return run_door("ui", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

"""Write a registered model's network as SavedModel, LiteRT or ONNX, checked against the original."""

import sys

from foldwise.doors.compose import Config, run_door


def run(config: Config) -> None:
    """Export the network of `model` into the folder `output`."""
    from foldwise.doors.services import export_model

    export_model(config)


def main() -> int:
    """The door's exit code."""
    return run_door("export", __doc__, run)


if __name__ == "__main__":
    sys.exit(main())

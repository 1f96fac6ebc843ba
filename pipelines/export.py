"""Write a registered model's network as SavedModel, LiteRT or ONNX, checked against the original."""

import sys

from foldwise.__main__ import main as foldwise


def main() -> int:
    """The door's exit code."""
    return foldwise(["export", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())

"""Where models registered by foldwise 0.1 import `load_bundle` from: their own code may meet this package already imported."""

from foldwise.bundle.bundle import load_bundle

__all__ = ["load_bundle"]

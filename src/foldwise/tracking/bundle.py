"""`load_bundle` for models registered by foldwise 0.1: their code may import it from here."""

from foldwise.bundle.bundle import load_bundle

__all__ = ["load_bundle"]

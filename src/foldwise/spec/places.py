"""Where things are kept: runs, data, ledger, tracking store."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from foldwise.spec.base import Spec

MOST_BYTES_OF_A_NAME = 255
MOST_BYTES_OF_A_FOLDER = 3_500  # a whole path has 4,096 at most, and files lie deeper
STORES = ("http://", "https://", "sqlite:///", "postgresql://", "postgresql+psycopg://")


def _not_empty(url: str) -> str:
    """Refuse an empty URL: it may come from a variable that is not set, and must not mean another ledger in silence."""
    if not url.strip():
        raise ValueError("must be a URL, got an empty text; null is the ledger.db in paths.runs")
    return url


class LedgerSpec(Spec):
    """Where the ledger is; null is `<paths.runs>/ledger.db`."""

    url: Annotated[str, AfterValidator(_not_empty)] | None = None


def _a_store(url: str) -> str:
    """Refuse a URL where MLflow cannot keep both runs and models; file stores are not supported."""
    if not url.startswith(STORES):
        raise ValueError(f"must begin with {', '.join(STORES[:-1])} or {STORES[-1]}, got {url.partition('://')[0]!r}")
    return url


class TrackingSpec(Spec):
    """Where runs are shown. For `mlflow`, a null url is `sqlite:///<paths.runs>/mlflow.db`.

    curves: `mean` shows each curve as its mean over folds; `folds` adds the curve of each fold.
    figures: whether figures of a finished study are drawn and shown among its artifacts.
    filters, patches: how many filters of the first layer the figures of images show, and how many patches beside each.
    """

    kind: Literal["mlflow", "in_memory"] = "mlflow"
    url: Annotated[str, AfterValidator(_a_store)] | None = None
    curves: Literal["mean", "folds"] = "mean"
    figures: bool = True
    filters: Annotated[int, Field(ge=1, le=400)] = 24
    patches: Annotated[int, Field(ge=1, le=50)] = 5


def usable_folder(path: str) -> str:
    """The path of a folder, if a file system can have it.

    Raises:
        ValueError: it cannot.
    """
    if not path.strip():
        raise ValueError("must be a folder, got an empty text; . is the one that you are in")
    return usable_path(path)


def usable_path(path: str) -> str:
    """The path, if a file system can have it.

    Raises:
        ValueError: it cannot.
    """
    longest = max(len(os.fsencode(part)) for part in path.split("/"))
    if longest > MOST_BYTES_OF_A_NAME:
        raise ValueError(f"a name in it has {longest} bytes, more than the {MOST_BYTES_OF_A_NAME} that a file system allows")
    if len(os.fsencode(path)) > MOST_BYTES_OF_A_FOLDER:
        raise ValueError(f"has {len(os.fsencode(path))} bytes, more than {MOST_BYTES_OF_A_FOLDER}; choose a shorter path")
    return path


Folder = Annotated[str, AfterValidator(usable_folder)]
FilePath = Annotated[str, AfterValidator(usable_path)]


class Paths(Spec):
    """runs: the only folder that is written to, but for cache. data: where data sets are searched for. cache: programs that
    later processes of this machine use again; `auto` is the user's cache folder, None keeps none. conf: options searched first.
    """

    runs: Folder = "mlruns"
    data: Folder = "data"
    cache: Folder | None = "auto"
    conf: Folder | None = None

"""Timing side by side, and a table with the machine."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
LIBRARIES = (
    "foldwise",
    "tensorflow",
    "keras",
    "scikit-learn",
    "numpy",
    "optuna",
    "scikeras",
    "keras-tuner",
    "mlflow",
    "jax",
    "torch",
)


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alternating(peers: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Each peer's seconds; every round calls all of them in turn, so a slow minute of the machine hits all."""
    taken: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, work in peers.items():
            taken[name].append(seconds(work))
    return taken


def machine() -> dict[str, Any]:
    """The machine and versions behind the figures."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": date.today().isoformat(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": found,
    }


def report(name: str, columns: Sequence[str], rows: Sequence[Sequence[str]], last: str, figures: Mapping[str, Any]) -> None:
    """Print a table with the machine under it and the ratio as the last line, and write `benchmarks/results/<name>.json`."""
    on = machine()
    kept = {"machine": on, "columns": columns, "rows": rows, "last": last, "figures": figures}
    print(f"{table(columns, rows)}\n\n{stands_on(on)}")
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(last)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as Markdown writes it."""
    widths = [max(len(column), *(len(row[place]) for row in rows)) for place, column in enumerate(columns)]
    lines = (columns, ["-" * width for width in widths], *rows)
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def stands_on(of: Mapping[str, Any]) -> str:
    """The machine in words."""
    libraries = ", ".join(f"{library} {number}" for library, number in of["versions"].items())
    return f"{of['date']}, {of['cores']} cores, {of['system']}, Python {of['python']}\n{libraries}"


def median(values: Sequence[float]) -> float:
    """The median of several runs."""
    return statistics.median(values)

"""Timing side by side, and a table with what it was measured on."""

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

LIBRARIES = ("foldwise", "tensorflow", "keras", "scikit-learn", "numpy", "optuna", "scikeras", "keras-tuner", "mlflow")


def seconds(work: Callable[[], object]) -> float:
    """What one call takes on the wall clock."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alternating(peers: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Each peer's seconds; every round calls all of them in turn, so that a slow minute of the machine hits all."""
    taken: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, work in peers.items():
            taken[name].append(seconds(work))
    return taken


def machine() -> dict[str, Any]:
    """What the figures stand on."""
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
    widths = [max(len(column), *(len(row[place]) for row in rows)) for place, column in enumerate(columns)]
    for row in (columns, ["-" * width for width in widths], *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    on = machine()
    print(f"\n{on['date']}, {on['cores']} cores, {on['system']}, Python {on['python']}")
    print(", ".join(f"{library} {number}" for library, number in on["versions"].items()))
    path = Path(__file__).parent / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": on, "figures": figures}, indent=2) + "\n", encoding="utf-8")
    print(last)


def median(values: Sequence[float]) -> float:
    """The middle of several runs."""
    return statistics.median(values)

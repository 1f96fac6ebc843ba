"""The files of a runs folder that pages show: those of studies and the logs of jobs, and nothing outside of them."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = {
    ".html": "text/html; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
}
FOLDERS = ("studies", "jobs")
OWNER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")  # the name of a study or a job
PART = re.compile(r"[^/\\\0]{1,255}")
FIGURES = 60  # shown of a study


def file_of(runs: Path, path: str) -> tuple[Path, str] | None:
    """A file that may be shown, and its media type; None for any other path.

    The path begins with `studies/NAME/` or `jobs/NAME/`. No part begins with a point or is a link out of that folder.
    """
    parts = path.split("/")
    if len(parts) < 3 or parts[0] not in FOLDERS or not OWNER.fullmatch(parts[1]):
        return None
    if any(part.startswith(".") or not PART.fullmatch(part) for part in parts[2:]):
        return None
    folder, file = runs / parts[0] / parts[1], runs.joinpath(*parts)
    kind = SUFFIXES.get(file.suffix.lower())
    try:
        inside = file.resolve(strict=True).is_relative_to(folder.resolve(strict=True))
        inside &= folder.resolve().is_relative_to(runs.resolve())
    except (OSError, ValueError, RuntimeError):
        return None
    return (file, kind) if kind is not None and inside and file.is_file() else None


def files_of(runs: Path, study: str) -> list[str]:
    """The pages and pictures of a study, as paths below the runs folder; none on a machine that does not have them."""
    folder = runs / "studies" / study
    found = [folder / "compare.html", folder / "figures" / "search.html", folder / "step.html", folder / "summary.json"]
    figures = sorted((folder / "figures").glob("[!.]*.png"))[:FIGURES] if (folder / "figures").is_dir() else []
    return [path.relative_to(runs).as_posix() for path in [*found, *figures] if path.is_file()]

"""A folder of job files, read again at every use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldwise.config.read import read_service
from foldwise.errors import ConfigError
from foldwise.schedule.spec import JobSpec
from foldwise.system.known_words import did_you_mean
from foldwise.system.yaml_file import read_yaml

MOST_BYTES = 65_536  # a job file has a dozen short lines


@dataclass(frozen=True)
class JobFiles:
    """The jobs of a folder by name, and the errors of the other files."""

    jobs: Mapping[str, JobSpec]
    broken: Mapping[str, ConfigError]


def read_jobs(folder: Path) -> JobFiles:
    """Read every job of a folder.

    Raises:
        ConfigError: the folder is missing.
    """
    if not folder.is_dir():
        raise ConfigError("jobs", f"{folder} is not a folder; name one with a file NAME.yaml for each job")
    jobs: dict[str, JobSpec] = {}
    broken: dict[str, ConfigError] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".yaml", ".yml") and not path.name.startswith("."):
            try:
                jobs[path.stem] = read_job(path)
            except ConfigError as error:
                broken[path.stem] = error
    return JobFiles(jobs, broken)


def read_job(path: Path) -> JobSpec:
    """Read the job of a file.

    Raises:
        ConfigError: the first error, with the file's name and the key.
    """
    if path.suffix != ".yaml":
        raise ConfigError(str(path), f"the name of a job file must end in .yaml; rename it to {path.stem}.yaml")
    values = _values(path)
    try:
        return read_service(JobSpec, {**values, "name": path.stem})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.key}" if error.key else str(path), error.rule) from None


def _values(path: Path) -> dict[str, Any]:
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise ConfigError(str(path), f"is a link to a file outside of {path.parent}; put the job itself there")
    values, lines = read_yaml(path, MOST_BYTES)
    known = JobSpec.model_fields.keys() - {"name"}
    for key in values:
        if key not in known:
            raise ConfigError(f"{path}, line {lines[key]}: {key}", f"unknown key{did_you_mean(key, known)}")
    return values

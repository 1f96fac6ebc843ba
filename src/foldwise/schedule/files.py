"""A folder of job files, read again at every use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from foldwise.config.read import read_service
from foldwise.errors import ConfigError, did_you_mean
from foldwise.schedule.spec import JobSpec

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
    try:
        if path.suffix != ".yaml":
            raise ConfigError("", f"the name of a job file must end in .yaml; rename it to {path.stem}.yaml")
        return read_service(JobSpec, {**_mapping(path), "name": path.stem})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error.key}" if error.key else str(path), error.rule) from None


def _mapping(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            written = file.read(MOST_BYTES + 1)
        if len(written) > MOST_BYTES:
            raise ConfigError("", f"is larger than {MOST_BYTES} bytes, the limit of a job file; shorten it")
        tree = yaml.load(written.decode("utf-8"), Loader=_PlainLoader)  # noqa: S506 a SafeLoader that takes even less
    except OSError as fault:
        raise ConfigError("", f"cannot be read: {fault.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as fault:
        raise ConfigError("", f"is not valid YAML: {' '.join(str(fault).split())[:200]}") from None
    if not isinstance(tree, dict):
        raise ConfigError("", "must be a mapping with the keys cron and model, or door and overrides")
    known = JobSpec.model_fields.keys() - {"name"}
    for key in tree:
        if key not in known:
            raise ConfigError(str(key), f"unknown key{did_you_mean(str(key), known)}")
    return tree


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML ships no types
    """YAML without aliases, which can expand to any size, and without duplicate keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases (*name) are not allowed", problem_mark=self.peek_event().start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.MarkedYAMLError(problem=f"duplicate key {twice!r}", problem_mark=node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping

"""Delete runs and registered versions in MLflow, with their files where they are on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlparse

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from foldwise.errors import JobError
from foldwise.system.redact import first_line
from foldwise.tracking.mlflow_registry import FAULTS, MlflowRegistry
from foldwise.tracking.mlflow_store import MlflowStore
from foldwise.tracking.registry import FIRST, is_registered


class MlflowRemoval:
    """Deletes in one MLflow store. Versions are written NAME/version."""

    def __init__(self, store: MlflowStore) -> None:
        self._store = store
        self._registry = MlflowRegistry(store)

    @cached_property
    def _client(self) -> MlflowClient:
        return self._store.client()

    def present(self, runs: Sequence[str]) -> tuple[str, ...]:
        """The runs of these that are not deleted yet."""
        return tuple(run for run in runs if self._is_present(run))

    def run_files(self, run: str) -> Path | None:
        """The folder of a run's files; None if it is not on this machine."""
        return self._local(Path(_path(self._client.get_run(run).info.artifact_uri)).parent, run)

    def registered(self, versions: Sequence[tuple[str, int]]) -> Mapping[str, tuple[str, int]]:
        """NAME/version of those that the registry still has -> the identity of the model and the version."""
        found = {}
        for model, version in versions:
            name = model.rpartition("#")[0]
            if self._registry.identity(name) == model and is_registered(self._registry, f"{name}/{version}"):
                found[f"{name}/{version}"] = (model, version)
        return found

    def is_champion(self, version: str) -> bool:
        """Whether a version has the alias `champion`."""
        name, _, number = version.rpartition("/")
        return self._registry.aliases(name).get(FIRST) == int(number)

    def model_files(self, version: str) -> Path | None:
        """The folder of a version's files; None if it is not on this machine."""
        name, _, number = version.rpartition("/")
        folder = Path(_path(self._client.get_model_version_download_uri(name, number)))
        return self._local(folder.parent, folder.parent.name)

    def delete_model(self, version: str) -> None:
        """Delete a version, its aliases and its files.

        Raises:
            JobError: MLflow fails.
        """
        name, _, number = version.rpartition("/")
        files = self.model_files(version)
        try:
            self._client.delete_model_version(name, number)
        except FAULTS as fault:
            raise JobError(f"model {version} cannot be deleted: {first_line(fault)}") from None
        if files is not None:
            shutil.rmtree(files)

    def delete_runs(self, runs: Sequence[str]) -> None:
        """Mark runs as deleted in MLflow, and delete their files.

        Raises:
            JobError: MLflow fails.
        """
        for run in runs:
            try:
                files = self.run_files(run)
                self._client.delete_run(run)
            except FAULTS as fault:
                raise JobError(f"run {run} cannot be deleted in MLflow: {first_line(fault)}") from None
            if files is not None:
                shutil.rmtree(files)

    def _is_present(self, run: str) -> bool:
        try:
            return bool(self._client.get_run(run).info.lifecycle_stage == "active")
        except MlflowException as fault:
            if fault.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise JobError(f"run {run} cannot be looked up in MLflow: {first_line(fault)}") from None

    def _local(self, folder: Path, name: str) -> Path | None:
        """The folder, if it has this name and lies among the store's own files."""
        mine = self._store.artifacts is not None and folder.resolve().is_relative_to(self._store.artifacts.resolve())
        return folder if mine and folder.name == name and folder.is_dir() else None


def _path(uri: str) -> str:
    return unquote(urlparse(uri).path)

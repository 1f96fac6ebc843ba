"""MLflow's model registry: bundles as pyfunc models that anyone can load with `mlflow.pyfunc.load_model`."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow.artifacts
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion as RegisteredVersion
from mlflow.entities.model_registry import RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types.schema import AnyType, ColSpec, Schema, TensorSpec
from sqlalchemy.exc import SQLAlchemyError

from foldwise.bundle.card import Card, read_card
from foldwise.bundle.checksums import hash_of
from foldwise.data.serving_rules import FLAGS
from foldwise.errors import ConfigError, DiskFull, JobError
from foldwise.system.disk import is_full
from foldwise.system.known_words import did_you_mean
from foldwise.system.process_state import set_level
from foldwise.system.redact import first_line
from foldwise.tasks.table import task_of
from foldwise.tracking.descriptions import model_description, version_description
from foldwise.tracking.mlflow_requirements import packages_unlisted, pins
from foldwise.tracking.mlflow_store import MlflowStore
from foldwise.tracking.registry import FIRST, LATER, UNKNOWN, ModelVersion, Standing, read_reference

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # about type hints of MLflow's own
    import mlflow.pyfunc

FAULTS = (MlflowException, OSError, SQLAlchemyError)
PAUSES = (1.0, 3.0)  # seconds after a fault: a locked database, a server that restarts
BUNDLE = "bundle"
PACKAGE = Path(__file__).parents[1]  # a copy goes with every registered model
ONCE = "foldwise.once"
VERDICT = "verdict"
CARD = "bundle.json"
CARD_HASH = "foldwise.card"  # the SHA-256 of the card, which has those of the other files; older versions have none
# The imports of a bundle, pinned; MLflow would need ten seconds to infer them.
NEEDED = ("keras", "{backend}", "numpy", "pandas", "pyarrow", "pydantic", "scikit-learn", "mlflow")


class MlflowRegistry:
    """The registered models of one MLflow store."""

    def __init__(self, store: MlflowStore) -> None:
        self._store = store
        self._folders: dict[tuple[str, int], Path] = {}  # of fetched versions: a server's are slow to download

    @cached_property
    def _client(self) -> MlflowClient:
        return self._store.client()  # opened late: an unavailable database must not stop training

    def register(
        self,
        folder: Path,
        name: str,
        run_id: str | None,
        metrics: Mapping[str, float],
        idempotency_key: str | None = None,
        standing: Standing = UNKNOWN,
    ) -> ModelVersion:
        """Register the bundle in `folder` as the next version of a name, with the run that made it and its holdout metrics.

        Raises:
            JobError: MLflow rejects it.
            Replaced: the store's file was deleted or replaced.
        """
        self._store.raise_if_replaced()
        pauses = iter(PAUSES)
        while True:
            try:
                made = self._registered(name, idempotency_key, standing.leads)
                return made or self._register(folder, name, run_id, metrics, idempotency_key, standing)
            except DiskFull as fault:
                raise JobError(f"model {name} cannot be registered: {fault}; its bundle is in {folder}") from None
            except FAULTS as fault:
                pause = next(pauses, None)
                if pause is None or is_full(fault) or getattr(fault, "error_code", None) == "INVALID_PARAMETER_VALUE":
                    raise JobError(
                        f"model {name} cannot be registered: {self._store.described(fault)}; its bundle is in {folder}"
                    ) from None
                time.sleep(pause)

    def fetch(self, reference: str) -> Path:
        """A local folder with the bundle of `name@alias` or `name/version`.

        Raises:
            ConfigError: unknown name, alias or version; lists the known ones.
            JobError: MLflow cannot deliver it, or its card was changed after it was registered.
        """
        name, number = self.number(reference)
        if (name, number) in self._folders:
            return self._folders[name, number]
        try:
            registered = self._client.get_model_version(name, str(number)).tags.get(CARD_HASH)
            uri = self._client.get_model_version_download_uri(name, str(number))
            folder = mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=self._store.tracking_uri)
        except FAULTS as fault:
            raise JobError(f"model {reference} cannot be fetched: {first_line(fault)}") from None
        bundle = Path(folder) / "artifacts" / BUNDLE
        if registered is not None and hash_of(bundle / CARD) != registered:
            rule = "was changed after the model was registered, so it is not loaded; register it again"
            raise JobError(f"model {reference}: {bundle / CARD} {rule}")
        self._folders[name, number] = bundle
        return bundle

    def number(self, reference: str) -> tuple[str, int]:
        """The name and version that a reference currently stands for.

        Raises:
            ConfigError: as `fetch`.
            JobError: MLflow does not answer.
        """
        name, alias, number = read_reference(reference)
        try:
            return name, self._numbered(name, alias, number)
        except FAULTS as fault:
            raise JobError(f"model {reference} cannot be looked up: {first_line(fault)}") from None

    def identity(self, name: str) -> str | None:
        """The name and the moment at which MLflow created the registered model, in milliseconds.

        Raises:
            JobError: MLflow does not answer.
        """
        found = self._model(name)
        return None if found is None else f"{name}#{found.creation_timestamp}"

    def answer(self, name: str, version: int, rows: Any) -> pd.DataFrame:
        """The answers of MLflow's scoring server to raw rows sent as JSON, in this process."""
        from mlflow.pyfunc.scoring_server import invocations  # imports a web server

        model = mlflow.pyfunc.load_model(str(self.fetch(f"{name}/{version}").parents[1]))
        if isinstance(rows, pd.DataFrame):
            content: dict[str, Any] = {
                "dataframe_split": rows.astype(object).where(rows.notna(), None).to_dict("split", index=False)
            }
        else:
            content = {"inputs": rows.tolist()}
        answer = invocations(json.dumps(content), "application/json", model, model.metadata.get_input_schema())
        return pd.DataFrame(json.loads(answer.response)["predictions"])

    def aliases(self, name: str) -> Mapping[str, int]:
        """The aliases of a name with their versions; empty for an unknown name.

        Raises:
            JobError: MLflow does not answer.
        """
        found = self._model(name)
        return {} if found is None else {alias: int(version) for alias, version in found.aliases.items()}

    def set_alias(self, name: str, alias: str, version: int) -> None:
        """Move an alias to a version.

        Raises:
            JobError: MLflow fails.
        """
        try:
            self._client.set_registered_model_alias(name, alias, str(version))
        except FAULTS as fault:
            raise JobError(f"the alias {alias} of {name} cannot be moved: {first_line(fault)}") from None

    def remove_alias(self, name: str, alias: str) -> None:
        """Remove an alias.

        Raises:
            JobError: MLflow fails.
        """
        try:
            self._client.delete_registered_model_alias(name, alias)
        except FAULTS as fault:
            raise JobError(f"the alias {alias} of {name} cannot be removed: {first_line(fault)}") from None

    def _model(self, name: str) -> RegisteredModel | None:
        try:
            return self._client.get_registered_model(name)
        except FAULTS as fault:
            if getattr(fault, "error_code", None) == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise JobError(f"model {name} cannot be looked up in the registry: {first_line(fault)}") from None

    def _registered(self, name: str, idempotency_key: str | None, leads: bool) -> ModelVersion | None:
        """The version that was registered with the same key; its alias is set if an earlier start did not get that far."""
        if idempotency_key is None or name not in self._names():
            return None
        versions = self._client.search_model_versions(f"name = '{name}'")
        made = next((version for version in versions if version.tags.get(ONCE) == idempotency_key), None)
        if made is None:
            return None
        is_last = int(made.version) == max(int(version.version) for version in versions)
        if is_last and not self._aliases(name, made.version):
            self._set_first_alias(name, made.version, leads)
        return ModelVersion(name, int(made.version), self._aliases(name, made.version), f"models:/{name}/{made.version}")

    def _aliases(self, name: str, number: str) -> tuple[str, ...]:
        aliases = self._client.get_registered_model(name).aliases
        return tuple(sorted(alias for alias, version in aliases.items() if int(version) == int(number)))

    def _set_first_alias(self, name: str, number: str, leads: bool) -> str:
        alias = LATER if not leads or self._client.get_registered_model(name).aliases.get(FIRST) else FIRST
        self._client.set_registered_model_alias(name, alias, number)
        return alias

    def _register(
        self,
        folder: Path,
        name: str,
        run_id: str | None,
        metrics: Mapping[str, float],
        idempotency_key: str | None,
        standing: Standing,
    ) -> ModelVersion:
        client = self._client
        card = read_card(folder / CARD)
        experiment_id = (
            client.get_run(run_id).info.experiment_id if run_id else self._store.experiment(card.study).experiment_id
        )
        logged = client.create_logged_model(experiment_id, name=re.sub(r"[/:.%\"']", "-", name), source_run_id=run_id)
        try:
            made = self._make_version(logged, folder, card, name, run_id, metrics, idempotency_key, standing)
        except FAULTS as fault:
            if not is_full(fault):
                raise
            said = self._store.described(fault)  # with the space that was free, before the removal frees more
            self._store.remove_files(logged.artifact_location)  # no version uses it, and it takes the space that is lacking
            raise DiskFull(said) from None
        alias = self._set_first_alias(name, made.version, standing.leads)
        return ModelVersion(name, int(made.version), (alias,), f"models:/{name}/{made.version}")

    def _make_version(
        self,
        logged: LoggedModel,
        folder: Path,
        card: Card,
        name: str,
        run_id: str | None,
        metrics: Mapping[str, float],
        idempotency_key: str | None,
        standing: Standing,
    ) -> RegisteredVersion:
        """Write a bundle as the files of a logged model, and make that the next version of a name."""
        client = self._client
        with TemporaryDirectory() as scratch:
            written = Path(scratch) / "model"
            _write_pyfunc(written, folder, card, Model(run_id=run_id, model_id=logged.model_id))
            client.log_model_artifacts(logged.model_id, str(written))
        client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
        if run_id:
            client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
        self._make_model(name, model_description(card, name))
        mark = {} if idempotency_key is None else {ONCE: idempotency_key}
        mark |= {} if standing.answer is None else {VERDICT: standing.answer}
        mark |= {CARD_HASH: hash_of(folder / CARD)}
        tags = {"study": card.study, **mark, **{f"holdout.{metric}": f"{value:.6g}" for metric, value in metrics.items()}}
        # the model id only with a run: else MLflow looks it up in the process's default store
        source, model_id = logged.artifact_location, logged.model_id if run_id else None
        said = version_description(card, name, standing)
        return client.create_model_version(name, source, run_id, tags=tags, model_id=model_id, description=said)

    def _make_model(self, name: str, description: str) -> None:
        """Make the registered model if it is new. Of an older one an empty description is filled; a person's stays."""
        try:
            self._client.create_registered_model(name, description=description)
        except MlflowException as fault:
            if fault.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            if not self._client.get_registered_model(name).description:
                self._client.update_registered_model(name, description)

    def _numbered(self, name: str, alias: str | None, number: int | None) -> int:
        found = self._model(name)
        if found is None:
            raise ConfigError("model", f"no model is called {name!r}{did_you_mean(name, self._names())}")
        if alias is not None:
            aliases = found.aliases
            if alias not in aliases:
                raise ConfigError("model", f"{name} has no alias {alias!r}{did_you_mean(alias, aliases)}")
            return int(aliases[alias])
        versions = sorted(int(v.version) for v in self._client.search_model_versions(f"name = '{name}'"))
        if number not in versions:
            raise ConfigError(
                "model", f"{name} has no version {number}; it has {', '.join(map(str, versions[-20:])) or 'none'}"
            )
        return number

    def _names(self) -> list[str]:
        names: list[str] = []
        token = None
        while True:
            page = self._client.search_registered_models(max_results=1000, page_token=token)
            names += [model.name for model in page]
            token = page.token
            if not token:
                return names


def _write_pyfunc(path: Path, folder: Path, card: Card, model: Model) -> None:
    """Write an MLflow model folder around a bundle.

    Columns have no declared type: MLflow would refuse integers where it expects floats and let nulls through. The bundle checks
    cells itself, and names the column and the row of a bad one.
    """
    image = card.schema.image
    inputs: list[ColSpec | TensorSpec] = [ColSpec(AnyType(), column.name) for column in card.schema.columns]
    if image is not None:
        inputs = [TensorSpec(np.dtype(np.uint8), (-1, *image))]
    outputs = [
        *(ColSpec(kind, name) for name, kind in task_of(card.head.task).columns(card.labels).items()),
        *(ColSpec("double", x) for x in ("low", "high") if card.interval is not None),
    ]
    if image is None:
        outputs.append(ColSpec("string", FLAGS))
    set_level("mlflow.pyfunc", "ERROR")  # it asks for type hints, which the signature replaces
    with warnings.catch_warnings(), packages_unlisted():
        warnings.simplefilter("ignore", UserWarning)  # it asks for an input example, which the bundle has
        mlflow.pyfunc.save_model(
            path=str(path),
            python_model=str(PACKAGE / "bundle" / "pyfunc.py"),
            artifacts={BUNDLE: str(folder)},
            code_paths=[str(PACKAGE)],
            pip_requirements=pins(tuple(name.format(backend=card.backend) for name in NEEDED)),
            signature=ModelSignature(Schema(inputs), Schema(outputs)),
            metadata={
                "columns": {column.name: column.kind for column in card.schema.columns},
                "task": card.head.task,
                "study": card.study,
            },
            mlflow_model=model,
        )

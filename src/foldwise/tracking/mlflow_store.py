"""The MLflow store; all other files that use MLflow import this one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from foldwise.tracking.mlflow_settings import use_settings, variables

os.environ.update(variables())  # MLflow reads some of it when it is imported

from mlflow import MlflowClient
from mlflow.entities import Experiment
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.utils.file_utils import local_file_uri_to_path
from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import make_url

from foldwise.errors import Replaced
from foldwise.system.disk import full_disk, is_full
from foldwise.system.files import part_of, sweep
from foldwise.system.redact import first_line
from foldwise.system.watched_file import WatchedFile

# The files that this process opened, by address: MLflow keeps their connections.
_opened: dict[str, WatchedFile] = {}


@dataclass(frozen=True)
class MlflowStore:
    """A tracking store with its registry. artifacts is None if a server chooses the place."""

    tracking_uri: str
    artifacts: Path | None
    _watched: list[WatchedFile] = field(default_factory=list, compare=False, repr=False)

    @property
    def is_served(self) -> bool:
        """Whether the store is a server rather than a database."""
        return self.tracking_uri.startswith(("http://", "https://"))

    @property
    def file(self) -> Path | None:
        """The file of an SQLite store."""
        name = make_url(self.tracking_uri).database if self.tracking_uri.startswith("sqlite:") else None
        return Path(name) if name else None

    def raise_if_replaced(self) -> None:
        """Check that the store's file is the one that the first client opened.

        Raises:
            Replaced: it was deleted or replaced.
        """
        if self.file is None:
            return
        if not self._watched:
            found = WatchedFile(self.file)
            self._watched.extend([found] if found.is_watched else [])
        for file in self._watched:
            file.raise_if_replaced()

    def _forget_other_file(self, file: Path) -> None:
        """Close the connections to a file that had this place before: MLflow would go on writing to it."""
        uri, here = self.tracking_uri, WatchedFile(file)
        try:
            _opened.setdefault(uri, here).raise_if_replaced()
        except Replaced:
            SqlAlchemyStore(uri, (self.artifacts or file.parent).as_uri()).engine.dispose()
            RegistryStore(uri).engine.dispose()
            _opened[uri] = here

    def described(self, fault: Exception) -> str:
        """A fault of this store as part of a sentence; a full disk with the file or folder that came short."""
        if not is_full(fault):
            return first_line(fault)
        named = (getattr(fault, key, None) for key in ("filename2", "filename"))  # the second one is a copy that came short
        short = next(filter(None, named), self.artifacts if isinstance(fault, OSError) else self.file)
        return first_line(fault) if short is None else full_disk(Path(short))

    def remove_files(self, location: str) -> None:
        """Remove a folder of artifacts, given by its address, if it lies in `artifacts`."""
        folder = Path(local_file_uri_to_path(location))
        if self.artifacts is not None and folder.is_relative_to(self.artifacts):
            shutil.rmtree(folder, ignore_errors=True)

    def client(self) -> MlflowClient:
        """A client of this store, independent of the process's default store.

        Raises:
            SQLAlchemyError: the database does not answer. MLflow itself would retry for most of an hour.
            Replaced: its file was deleted or replaced since the first client.
        """
        self.raise_if_replaced()
        if self.file is not None:
            sweep(self.file.parent)
        if self.file is not None and not self.file.exists():
            _make_file(self.file, self.artifacts)
        if self.file is not None:
            self._forget_other_file(self.file)
        self.raise_if_replaced()  # from here on it is watched
        if self.tracking_uri.startswith("postgresql"):
            engine = create_engine(self.tracking_uri, poolclass=NullPool, connect_args={"connect_timeout": 10})
            engine.connect().close()
        return MlflowClient(tracking_uri=self.tracking_uri, registry_uri=self.tracking_uri)

    def experiment(self, name: str, tags: Mapping[str, str] | None = None) -> Experiment:
        """The experiment of that name, created if missing and restored if deleted, with these tags.

        Existing tags stay unchanged: users write their own notes.
        """
        client = self.client()
        found = client.get_experiment_by_name(name)
        if found is None:
            location = None if self.artifacts is None else (self.artifacts / name).as_uri()
            return client.get_experiment(client.create_experiment(name, location, dict(tags or {})))
        if found.lifecycle_stage != "active":
            client.restore_experiment(found.experiment_id)
        for key in set(tags or ()) - set(found.tags):
            client.set_experiment_tag(found.experiment_id, key, (tags or {})[key])
        return found


def _make_file(path: Path, artifacts: Path | None) -> None:
    """Create MLflow's tables in a file that is complete or absent: MLflow can neither use nor repair half of its tables."""
    # A name of its own for each try: MLflow keeps the connections of a failed one, and would go on in its removed file.
    part = part_of(path.with_name(f"{path.name}.{uuid4().hex[:8]}"))
    try:
        made = SqlAlchemyStore(f"sqlite:///{part}", (artifacts or path.parent / "artifacts").as_uri())
        made.engine.dispose()
        try:  # not `atomically`: a file that another process made meanwhile is in use and must stay
            path.hardlink_to(part)
        except FileExistsError:  # another process was faster
            return
        except OSError:  # a file system without hard links
            part.replace(path)
    except BaseException:
        if part.exists():
            os.truncate(part, 0)  # else those connections keep its space
        raise
    finally:
        part.unlink(missing_ok=True)


def mlflow_store(runs: Path, url: str | None = None) -> MlflowStore:
    """The store at `url`, a server or a database; by default `<runs>/mlflow.db` with files in `<runs>/artifacts`."""
    use_settings()
    here = runs.absolute()  # a relative path would change with the working folder
    if url is not None and url.startswith(("http://", "https://")):
        return MlflowStore(url, None)
    if url is None:
        here.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{here / 'mlflow.db'}"
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)  # the driver that the ledger uses too
    return MlflowStore(url, here / "artifacts")

"""The folders of options: `conf/` as shipped, and before it a folder of one's own, `paths.conf`."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldwise.errors import ConfigError
from foldwise.system.files import whole_folder
from foldwise.system.yaml_file import read_yaml

RECIPES = "experiment"  # the group whose options set values all over the configuration
SERVICES = "service"  # a file for each door that composes no study
JOBS = "jobs"


def shipped_conf() -> Path:
    """Where `conf/` is: inside the installed package, or at the top of the checkout."""
    installed = Path(__file__).parents[1] / "conf"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "conf"


@dataclass(frozen=True)
class Conf:
    """Folders laid out like `conf/`. A file in the first hides one of the same name in the others."""

    folders: tuple[Path, ...]

    @property
    def shipped(self) -> Path:
        """The folder that is shipped."""
        return self.folders[-1]

    @property
    def own(self) -> tuple[Path, ...]:
        """The folders that are not shipped."""
        return self.folders[:-1]

    def groups(self) -> dict[str, list[str]]:
        """What can be chosen by name: group -> its options."""
        names = sorted(folder.name for folder in self.shipped.iterdir() if folder.is_dir())
        return {
            name: sorted({path.stem for folder in self.folders for path in (folder / name).glob("*.yaml")})
            for name in names
            if name not in (SERVICES, JOBS)
        }

    def find(self, name: str) -> Path | None:
        """The file of that name, as in `model/mlp.yaml`; None if no folder has it."""
        return next((folder / name for folder in self.folders if (folder / name).is_file()), None)

    def read(self, name: str) -> dict[str, Any]:
        """The values in the file of that name; empty if no folder has it.

        Raises:
            ConfigError: it cannot be read.
        """
        path = self.find(name)
        return read_yaml(path)[0] if path is not None else {}

    def defaults(self) -> dict[str, str]:
        """The options that `tune.yaml` begins with: group -> option."""
        listed = self.read("tune.yaml").get("defaults")
        lines = [line for line in listed if isinstance(line, dict)] if isinstance(listed, list) else []
        return {group: str(option) for line in lines for group, option in line.items()}

    def jobs(self) -> Path:
        """The folder of jobs."""
        return next(folder / JOBS for folder in self.folders if (folder / JOBS).is_dir())


def conf_at(own: str | None) -> Conf:
    """The shipped options, with a folder of one's own before them.

    Raises:
        ConfigError: the folder does not exist.
    """
    if own is None:
        return Conf((shipped_conf(),))
    if not Path(own).is_dir():
        raise ConfigError("paths.conf", f"{own!r} is not a folder; `foldwise conf {shlex.quote(own)}` writes one to start from")
    return Conf((Path(own).resolve(), shipped_conf()))


def write_conf(words: Sequence[str]) -> Path:
    """Copy the shipped `conf/` to the folder that the command line names; whole, or not at all.

    Raises:
        ConfigError: the words do not name one folder, or it cannot be written there.
    """
    if len(words) != 1 or words[0].startswith("-"):
        raise ConfigError("", f"conf takes one folder, as in `foldwise conf my_conf`, got {' '.join(words) or 'nothing'}")
    folder = Path(words[0]).resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("", f"{folder} exists and is not an empty folder; name a new one, nothing was written")
    if folder == Path.cwd():  # its replacement would be another folder than the one that the shell is in
        raise ConfigError("", f"{folder} is the working folder; name a new one in it")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(folder) as part:
            shutil.copytree(shipped_conf(), part, dirs_exist_ok=True)
    except OSError as fault:
        raise ConfigError("", f"{folder} cannot be written: {fault.strerror or fault}; name a folder that can") from None
    return folder

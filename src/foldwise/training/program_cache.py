"""Programs of earlier processes: traced graphs and what XLA compiled, kept in a folder of the user's own.

Anyone who can write there runs code in this process. So the folder must belong to the user alone, and every file is named by
the hash of its content, which is checked before it is used; a damaged file is removed and made again. XLA reads and writes a
folder of this process, as it neither writes whole files nor forgives damaged ones.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import re
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from foldwise.errors import DiskFull
from foldwise.system.files import atomically, part_of, sweep
from foldwise.system.keras_backend import Backend

MOST_BYTES = 64 * 2**20  # a start reads and copies those of its own versions
LIBRARIES = ("foldwise", "tensorflow", "jax", "jaxlib", "keras", "numpy")
SWITCHES = ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "XLA_FLAGS")  # of the environment, which change programs
SOURCES = ("training", "models", "spec")  # of foldwise: programs are traced from these
DIRECTORY = "--tf_xla_persistent_cache_directory="
PREFIX = "foldwise"
# backend -> the folder of what its XLA compiled, and the files that it writes
COMPILED: Mapping[str, tuple[str, str]] = {"tensorflow": ("xla", f"{PREFIX}*.pb"), "jax": ("jax", "*-cache")}
# What a foldwise process adds to TF_XLA_FLAGS. A process that it starts inherits it.
ADDED = re.compile(rf"{DIRECTORY}'([^']*)' --tf_xla_persistent_cache_prefix={PREFIX}")


@dataclass(eq=False)
class ProgramCache:
    """The folder of this machine and these versions. own: the folder that XLA reads and writes; None without XLA's part."""

    folder: Path
    own: Path | None = None
    published: set[str] = field(default_factory=set)
    backend: Backend = "tensorflow"

    def graph(self, key: str) -> bytes | None:
        """A traced graph, None if it is not there or damaged."""
        return _read(self.folder / "graphs", key)

    def keep_graph(self, key: str, content: bytes) -> None:
        """Keep a traced graph."""
        _write(self.folder / "graphs", key, content)

    def publish(self) -> None:
        """Keep what XLA has compiled since the last call."""
        if self.own is None:
            return
        name, files = COMPILED[self.backend]
        for path in self.own.glob(files):
            if path.name not in self.published:
                _write(self.folder / name, path.name, path.read_bytes())
                self.published.add(path.name)


_opened: list[ProgramCache] = []  # at most one: TensorFlow reads its folder once a process


def program_cache() -> ProgramCache | None:
    """The cache of this process, None if it has none."""
    return _opened[0] if _opened else None


def use_programs(setting: str | None, notify: Callable[[str], object], backend: Backend) -> None:
    """Use the programs of earlier processes, as `paths.cache` says; where that cannot be, say why and go on without.

    PyTorch has none.
    """
    if backend not in COMPILED:
        return
    _leave_inherited_folder()
    if setting is None:
        return
    reason = open_cache(usual_folder() if setting == "auto" else Path(setting).resolve(), backend)
    if reason is not None:
        notify(f"paths.cache: {reason}, so programs are compiled anew")


def open_cache(folder: Path, backend: Backend = "tensorflow") -> str | None:
    """Use the programs in a folder from now on; those of TensorFlow's XLA only before TensorFlow is imported.

    Returns:
        Why the folder is not used, None if it is.
    """
    if _opened:
        if _opened[0].own is not None:  # a call from Python leaves the environment as it was, so the next one sets it again
            _show(_opened[0].own, _opened[0].backend)
        return None
    _leave_inherited_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = _reason_against(folder)
        if reason is not None:
            return reason
        here = folder / _versions()
        here.mkdir(mode=0o700, exist_ok=True)
        _bound(folder)
        found = ProgramCache(here, backend=backend)
        if _is_free(here, backend):
            found.own = _for_compiler(here, backend)
            found.published = {path.name for path in found.own.iterdir()}
            _show(found.own, backend)
    except OSError as fault:
        return f"{folder} cannot be used ({fault.strerror})"
    _opened.append(found)
    return None


def _is_free(here: Path, backend: Backend) -> bool:
    """Whether the compiler can still be given a folder, and the user has given it none."""
    if backend == "jax":
        return not os.environ.get("JAX_COMPILATION_CACHE_DIR")
    free = DIRECTORY not in os.environ.get("TF_XLA_FLAGS", "") and "'" not in str(here)  # a quote would end the quoted path
    return "tensorflow" not in sys.modules and free


def _show(own: Path, backend: Backend) -> None:
    """Name its folder to XLA; TensorFlow's reads the variable once, some time after TensorFlow was imported."""
    if backend == "jax":
        from foldwise.training.backends.jax import keep_compiled

        keep_compiled(own)
        return
    given = os.environ.get("TF_XLA_FLAGS", "")
    if DIRECTORY not in given:
        os.environ["TF_XLA_FLAGS"] = f"{given} {DIRECTORY}'{own}' --tf_xla_persistent_cache_prefix={PREFIX}".strip()


def usual_folder() -> Path:
    """The user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "foldwise"


def _leave_inherited_folder() -> None:
    """Take the starting process's folder out of TF_XLA_FLAGS: two processes that write there break each other's files."""
    given = os.environ.get("TF_XLA_FLAGS", "")
    found = ADDED.search(given)
    if found and Path(found[1]) != _own(Path(found[1]).parent, "tensorflow"):
        os.environ["TF_XLA_FLAGS"] = given.replace(found[0], "").strip()


def _reason_against(folder: Path) -> str | None:
    about = os.lstat(folder)
    if not stat.S_ISDIR(about.st_mode):
        return f"{folder} is a link or a file, not a folder"
    if about.st_uid != os.geteuid():
        return f"{folder} belongs to another user"
    if about.st_mode & 0o077:
        return f"others can open {folder} (chmod 700 makes it yours alone)"
    return None


def _own(here: Path, backend: Backend) -> Path:
    """The folder that XLA reads and writes in this process."""
    return part_of(here / COMPILED[backend][0])


def _for_compiler(here: Path, backend: Backend) -> Path:
    """The folder of this process with every whole program that is kept; those of killed processes are removed."""
    sweep(here)
    own, (name, files) = _own(here, backend), COMPILED[backend]
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(mode=0o700)
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    for path in (here / name).glob(f"*-{files}"):  # as `_write` names them
        content = _whole(path)
        if content is not None:
            (own / path.name.partition("-")[2]).write_bytes(content)
    return own


def _read(folder: Path, name: str) -> bytes | None:
    """The content that is kept under a name, None if it is not there or damaged."""
    found = (_whole(path) for path in sorted(folder.glob(f"*-{name}")))
    return next((content for content in found if content is not None), None)


def _whole(path: Path) -> bytes | None:
    """The content of a kept file; a damaged one is removed."""
    with suppress(OSError):
        content = path.read_bytes()
        if path.name.startswith(f"{hashlib.sha256(content).hexdigest()}-"):
            os.utime(path)  # it was used now
            return content
        path.unlink()
    return None


def _write(folder: Path, name: str, content: bytes) -> None:
    """Keep a file; a full disk costs later processes the time to compile, and nothing else."""
    with suppress(OSError, DiskFull):
        path = folder / f"{hashlib.sha256(content).hexdigest()}-{name}"
        atomically(path, lambda part: part.write_bytes(content), synced=False)


def _bound(folder: Path) -> None:
    """Remove the files that were not used for longest, until all together are small enough."""
    files = []
    sweep(folder, "*")  # of other versions too, which no later process may open
    for path in folder.glob("*/*/*"):
        if path.parent.name.startswith("."):  # a running process's own; `sweep` removes it once that has ended
            continue
        with suppress(OSError):
            about = path.lstat()
            files.append((about.st_mtime, about.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST_BYTES:
            break
        with suppress(OSError):
            path.unlink()
            total -= size


@cache
def _versions() -> str:
    """A name for all that programs depend on: libraries, foldwise's own sources, the processor, switches."""
    words = hashlib.sha256()
    for library in LIBRARIES:
        with suppress(PackageNotFoundError):  # JAX is an extra
            words.update(f"{library} {version(library)};".encode())
    package = Path(__file__).parents[1]
    for room in SOURCES:
        for path in sorted((package / room).rglob("*.py")):
            words.update(path.read_bytes())
    words.update(f"{platform.machine()} {platform.python_version()} {_features()}".encode())
    words.update(";".join(os.environ.get(name, "") for name in SWITCHES).encode())
    return words.hexdigest()[:24]


def _features() -> str:
    """What this processor can do, where the system says it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()

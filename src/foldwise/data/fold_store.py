"""Prepared folds in a folder: one process prepares them, others on this machine map them into memory."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from foldwise.data.preparation.fold import Features, FoldData
from foldwise.data.preparation.layout import Layout
from foldwise.data.preparation.pixels import Bytes, Images
from foldwise.data.preparation.target_scale import scale_from
from foldwise.system.files import whole_folder
from foldwise.system.locks import file_lock

MOST_BYTES = 2 << 30
REST = "folds.json"  # all values except arrays
SIDES = ("train_x", "valid_x")
ARRAYS = ("train_y", "train_weight", "valid_y", "valid_weight", "valid_truth")


class FoldStore:
    """The prepared folds of one study by their options; above `most_bytes` the least recently used are deleted.

    A set of folds is a folder that appears whole. If two processes need the same set, one prepares it and the other waits.
    Deleted files stay readable for a process that has mapped them.

    Args:
        folder: of this study alone; it can be deleted.
        images: the table's images, which are not written, (rows, height, width, channels).
        most_bytes: of all sets together; the set in use is always kept.
    """

    def __init__(self, folder: Path, images: Bytes | None = None, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most = folder, most_bytes
        self._pixels = None if images is None else images.reshape(len(images), -1)

    def folds(self, options: Mapping[str, Any], prepare: Callable[[], Iterable[FoldData]]) -> tuple[FoldData, ...]:
        """The folds of these options, from the folder or prepared now.

        Args:
            options: plain values that determine the folds.
            prepare: prepares the folds; each is written before the next is asked for.
        """
        name = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:32]
        place = self._folder / name
        with self._locked(name):
            if not place.exists():
                self._write(place, prepare())
            os.utime(place)
            found = self._read(place)
        self._make_room(place)
        return found

    def _write(self, place: Path, folds: Iterable[FoldData]) -> None:
        for torn in self._folder.glob(f".{place.name}.*.part"):  # we hold the lock, so its writer was killed
            shutil.rmtree(torn, ignore_errors=True)
        with whole_folder(place) as part:
            self._fill(part, folds)

    @staticmethod
    def _fill(part: Path, folds: Iterable[FoldData]) -> None:
        rest = []
        for number, data in enumerate(folds):
            own: dict[str, Any] = {"target": asdict(data.target), "columns": list(data.columns), "layout": data.layout}
            for side in SIDES:
                features = getattr(data, side)
                if isinstance(features, Images):
                    own[side] = list(features.image)
                    for array in ("at", "center", "scale"):
                        np.save(part / f"{number}-{side}-{array}.npy", getattr(features, array), allow_pickle=False)
                else:
                    np.save(part / f"{number}-{side}.npy", features, allow_pickle=False)
            for name in ARRAYS:
                if getattr(data, name) is not None:
                    np.save(part / f"{number}-{name}.npy", getattr(data, name), allow_pickle=False)
            rest.append(own)
        (part / REST).write_text(json.dumps(rest), encoding="utf-8")

    def _read(self, place: Path) -> tuple[FoldData, ...]:
        rest = json.loads((place / REST).read_text(encoding="utf-8"))
        return tuple(self._read_fold(place, number, own) for number, own in enumerate(rest))

    def _read_fold(self, place: Path, number: int, own: Mapping[str, Any]) -> FoldData:
        arrays = {name: _mapped(place / f"{number}-{name}.npy") for name in ARRAYS}
        features = {side: self._features(place, f"{number}-{side}", own.get(side)) for side in SIDES}
        target, columns = scale_from(own["target"]), tuple(own["columns"])
        layout = Layout(own["layout"][0], tuple((start, stop) for start, stop in own["layout"][1]))
        return FoldData(**features, **arrays, target=target, columns=columns, layout=layout)  # type: ignore[arg-type]  # weights may be None

    def _features(self, place: Path, name: str, image: list[int] | None) -> Features:
        if image is None:
            found = _mapped(place / f"{name}.npy")
            assert found is not None  # every fold has features
            return found
        assert self._pixels is not None  # features are images only if the table has images
        at, center, scale = (np.load(place / f"{name}-{array}.npy", allow_pickle=False) for array in ("at", "center", "scale"))
        height, width, channels = image
        return Images(self._pixels, at, center, scale, (height, width, channels))

    def _locked(self, name: str) -> FileLock:
        """The lock of one set."""
        return file_lock(self._folder / f"{name}.lock")

    def _make_room(self, needed: Path) -> None:
        """Delete sets, the least recently used first."""
        sizes = {}
        for place in self._folder.iterdir():
            if place.is_dir() and not place.suffix:
                with suppress(FileNotFoundError):  # another process may delete the set
                    sizes[place] = (place.stat().st_mtime, sum(file.stat().st_size for file in place.iterdir()))
        total = sum(size for _, size in sizes.values())
        for place in sorted(sizes, key=lambda place: sizes[place][0]):
            if total <= self._most:
                return
            if place != needed:
                with self._locked(place.name):
                    shutil.rmtree(place, ignore_errors=True)
                total -= sizes[place][1]


def _mapped(path: Path) -> npt.NDArray[Any] | None:
    """The read-only array of a file, None without a file. Small files are read, because an empty array cannot be mapped."""
    if not path.exists():
        return None
    array = np.load(path, mmap_mode="r", allow_pickle=False) if path.stat().st_size > 256 else np.load(path, allow_pickle=False)
    return np.asarray(array)

"""A table: typed feature columns, an encoded target, and the columns left out with their reasons."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from foldwise.data.given_folds import Sides
from foldwise.data.row_hashes import Hashes, hash_images, hash_of_rows, hash_rows
from foldwise.data.schema import Schema
from foldwise.data.target_columns import TargetColumn
from foldwise.spec.augment import Symmetry
from foldwise.spec.data import Reading
from foldwise.spec.goal import Task


@dataclass(frozen=True, eq=False)
class Table:
    """Rows with a known target.

    frame: (rows, columns of schema); a number is float64 with nan, a date datetime64[us] with NaT, else object of str or None.
    raw: (rows, all source columns but the target), numbers as float64, all else as read.
    target: (rows,), int64 codes into labels, or float64 for regression; of several numbers (rows, numbers), float64; of
        pictures with classes (rows, height, width) codes of pixels, uint8 with 255 for those that count nowhere, or (rows,
        most, 5) boxes, float32: a code and x_min, y_min, x_max, y_max in pixels, rows of -1 where a picture has fewer.
    labels: of rows; () for numbers and for pictures; of two, labels[1] is the positive one.
    rows: (rows,), zero-based position in the source; rows with a missing target are left out.
    groups, times: (rows,), of data.group and data.time (datetime64 in UTC, or float64; the row number for `row`).
    left_out: column -> the reason why it is not a feature.
    images: (rows, height, width, channels), if rows are images; then frame and raw have no columns.
    symmetries: data.symmetries of images; None if unknown.
    mark: the mark of the source (see sources/fingerprint.py), None without one.
    written: how the cells of columns and target are written, if not plainly (see `written`); raw has them plain.
    reading: how the cells of the source were read.
    sides: (rows,), train, validation or test, if the rows come with a split (see `given_folds`).
    classes: of pixels or boxes, or the columns of several numbers; () for rows with one answer.
    targets: of several numbers, in the order of `classes`; () for all else.
    """

    frame: pd.DataFrame
    schema: Schema
    raw: pd.DataFrame
    target: npt.NDArray[Any]
    labels: tuple[str, ...]
    task: Task
    target_name: str
    rows: npt.NDArray[np.int64]
    groups: npt.NDArray[Any] | None = None
    times: npt.NDArray[Any] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    images: npt.NDArray[np.uint8] | None = None
    symmetries: tuple[Symmetry, ...] | None = None
    mark: str | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    sides: Sides | None = None
    classes: tuple[str, ...] = ()
    targets: tuple[TargetColumn, ...] = ()

    def __len__(self) -> int:
        return len(self.target)

    def take(self, index: npt.ArrayLike) -> Table:
        """The table of the rows at these positions, in their order."""
        at = np.asarray(index, dtype=np.int64)
        return Table(
            frame=self.frame.iloc[at].reset_index(drop=True),
            schema=self.schema,
            raw=self.raw.iloc[at].reset_index(drop=True),
            target=self.target[at],
            labels=self.labels,
            task=self.task,
            target_name=self.target_name,
            rows=self.rows[at],
            groups=None if self.groups is None else self.groups[at],
            times=None if self.times is None else self.times[at],
            left_out=self.left_out,
            notes=self.notes,
            images=None if self.images is None else self.images[at],
            symmetries=self.symmetries,
            mark=self.mark,
            written=self.written,
            reading=self.reading,
            sides=None if self.sides is None else self.sides[at],
            classes=self.classes,
            targets=self.targets,
        )

    def alone(self, place: int) -> Table:
        """The table of a regression on the number at this place, of several."""
        column = self.targets[place]
        written = {name: way for name, way in self.written.items() if name not in self.classes}
        return replace(
            self,
            target=self.target[:, place],
            task="regression",
            target_name=column.name,
            classes=(),
            targets=(),
            written=written | ({column.name: column.written} if column.written else {}),
        )

    @property
    def class_names(self) -> tuple[str, ...]:
        """The labels of rows, the classes of pixels or boxes, or the columns of several numbers; () for one number."""
        return self.labels or self.classes

    @property
    def as_read(self) -> pd.DataFrame | npt.NDArray[np.uint8]:
        """The rows in the form that a served model takes: raw cells, or images."""
        return self.raw if self.images is None else self.images

    def inputs(self, index: npt.NDArray[np.int64] | slice = slice(None)) -> Any:
        """The rows at these positions in the form that a fitted preparation takes: typed cells, or images."""
        return self.frame.iloc[index] if self.images is None else self.images[index]

    def row_hashes(self, columns: tuple[str, ...], decimal: str = ".") -> Hashes:
        """A number in [0, 1) for each row, (rows,), from its cells in these columns; of an image from its pixels, or its group.

        Raises:
            DataError: a column is missing.
        """
        if columns not in self._hashed:
            if self.images is None:
                hashes = hash_rows(self.raw, columns, decimal)
            elif columns and self.groups is not None:  # the only column that images can have
                hashes = hash_rows(pd.DataFrame({columns[0]: self.groups}), columns, decimal)
            else:
                hashes = hash_images(self.images)
            self._hashed[columns] = hashes
        return self._hashed[columns]

    @cached_property
    def _hashed(self) -> dict[tuple[str, ...], Hashes]:
        """Hashes by columns, kept because a retraining needs the same ones several times."""
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 over columns, kinds, values and target: equal for equal tables from any file."""
        digest = hashlib.sha256(repr((self.schema, self.labels, self.task, self.target_name)).encode())
        for column in self.schema.columns:
            cells = self.frame[column.name]
            if column.kind == "number":
                values = cells.to_numpy(np.float64) + 0.0  # one zero, and below one nan
                digest.update(np.where(np.isnan(values), np.nan, values).tobytes())
            else:
                digest.update(repr(cells.to_list()).encode("utf-8", "surrogatepass"))
        digest.update(self.target.tobytes())
        if self.classes:
            digest.update(repr((self.classes, self.target.shape)).encode())
        if self.sides is not None:
            digest.update("".join(side[0] for side in self.sides).encode())
        if self.images is not None:
            digest.update(repr(self.images.shape).encode())
            digest.update(np.ascontiguousarray(self.images).data)
        return digest.hexdigest()

    @cached_property
    def rows_fingerprint(self) -> str:
        """A sha256 that is equal for equal tables whatever the order of their rows and columns."""
        columns = sorted(self.schema.columns, key=lambda column: column.name)
        about: tuple[Any, ...] = (columns, self.schema.image, self.labels, self.task, self.target_name)
        cells = [self.frame[column.name].to_numpy() for column in columns]
        others = [values for values in (self.groups, self.times, self.images, self.sides) if values is not None]
        about = (*about, self.classes) if self.classes else about
        return hashlib.sha256(f"{about!r} {hash_of_rows([self.target, *cells, *others])}".encode()).hexdigest()

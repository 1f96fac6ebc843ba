"""The one way to the rows of a study, whether they are tables or images."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from foldwise.spec.data import FeatureKind
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import ImageRows, ImageSpec
from foldwise.spec.places import Paths

if TYPE_CHECKING:  # paths and headers are checked before pandas is imported
    from foldwise.data.sources.read import Data
    from foldwise.data.table import Table
    from foldwise.spec.study import DataSpec


USUAL = FoldsSpec()  # folds that are cut from the rows


class Reader(Protocol):
    """Checks and reads the rows of one data specification."""

    def check(self) -> None:
        """Check paths and headers without importing pandas.

        Raises:
            ConfigError, DataError: as `read` and `read_holdout`.
        """

    def read(self, used: Set[FeatureKind], pixels: bool) -> Table:
        """Read all rows.

        Args:
            used: the kinds of columns that become features.
            pixels: whether columns of numbers are the pixels of images.

        Raises:
            ConfigError: a key of `data` does not fit the rows.
            DataError: the rows cannot be read or learnt from.
        """

    def read_holdout(self, table: Table) -> Table | None:
        """Read the rows that `data.holdout` names, like the training rows in `table`; None where it names none.

        Raises:
            ConfigError: `data.holdout` lacks a key.
            DataError: the rows do not fit the training rows.
        """


@dataclass(frozen=True)
class TableReader:
    """Reads a table."""

    data: Data
    paths: Paths
    folds: FoldsSpec

    def check(self) -> None:
        """As `Reader`."""
        from foldwise.data.sources.read import check_source

        check_source(self.data, self.paths, self.folds)

    def read(self, used: Set[FeatureKind], pixels: bool) -> Table:
        """As `Reader`."""
        from foldwise.data.table import read_table

        return read_table(self.data, self.paths, pixels, used, self.folds)

    def read_holdout(self, table: Table) -> Table | None:
        """As `Reader`."""
        from foldwise.data.table import read_given_holdout

        holdout = self.data.holdout
        return read_given_holdout(self.data, holdout.path, table, self.paths) if holdout.kind == "given" else None


@dataclass(frozen=True)
class ImageReader:
    """Reads images, which have no columns."""

    data: ImageSpec
    paths: Paths
    folds: FoldsSpec

    def check(self) -> None:
        """As `Reader`."""
        from foldwise.data.sources.images import check_images

        check_images(self.data, self.paths)

    def read(self, used: Set[FeatureKind], pixels: bool) -> Table:
        """As `Reader`; both arguments are for columns."""
        from foldwise.data.image_table import read_image_table

        return read_image_table(self.data, self.paths, self.folds)

    def read_holdout(self, table: Table) -> Table | None:
        """As `Reader`."""
        from foldwise.data.image_table import read_image_holdout

        return read_image_holdout(self.data, table, self.paths) if self.data.holdout.kind == "given" else None


def reader(data: DataSpec, paths: Paths, folds: FoldsSpec = USUAL) -> Reader:
    """The reader of these data, whose split may come with them."""
    return ImageReader(data, paths, folds) if isinstance(data, ImageRows) else TableReader(data, paths, folds)

"""Where images come from: idx files, numpy archives, folders of pictures, Keras's data sets."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from foldwise.spec.augment import Symmetry
from foldwise.spec.base import ByKind, Listed, Spec
from foldwise.spec.data import HashHoldout, Labelled

Side = Annotated[int, Field(ge=1, le=10_000)]


class GivenImages(Spec):
    """Test images of the same kind of source.

    `idx`: the files `images` and `labels`. `npz`: the arrays `images` and `labels`, in the same file or that of `path`.
    `folder`: the folder `path`, with `labels` as its CSV file. `keras`: nothing, the data set has its own.
    """

    kind: Literal["given"]
    path: str | None = None
    images: str | None = None
    labels: str | None = None
    share: float | None = None  # stays from the other kind; the files say how many rows there are


ImageHoldout = Annotated[HashHoldout | GivenImages, Field(discriminator="kind"), ByKind]


class ImageRows(Labelled):
    """Rows that are images, and nothing else but their label; abstract.

    symmetries: what an image may undergo and still show the same; null where nothing is known of it.
    """

    drop: ClassVar[tuple[str, ...]] = ()
    row_key: ClassVar[tuple[str, ...]] = ()
    group: ClassVar[None] = None
    time: ClassVar[None] = None

    target: str = "label"  # what it is called; in a folder's CSV file, the column
    symmetries: Annotated[tuple[Symmetry, ...], Listed] | None = None
    holdout: ImageHoldout = HashHoldout()


class IdxData(ImageRows):
    """The files of MNIST: images (rows, height, width) and labels (rows,), plain or .gz."""

    kind: Literal["idx"]
    images: str
    labels: str


class NpzData(ImageRows):
    """Arrays of a numpy archive: images (rows, height, width[, channels]) from 0 to 255, and labels (rows,)."""

    kind: Literal["npz"]
    path: str
    images: str = "images"
    labels: str = "labels"
    classes: str | None = None  # an array of names, where labels are their positions


class FolderData(ImageRows):
    """PNG and JPEG files: a folder a class, or a CSV file of names and labels.

    size: height and width that all are brought to; null: they must be of one size.
    channels: 1 (grey) or 3 (colour); null: grey where all are.
    broken: the share of files that may be unreadable and are left out; beyond, they are named and refused.
    """

    kind: Literal["folder"]
    path: str
    labels: str | None = None
    file: str = "file"
    size: Annotated[tuple[Side, Side], Listed] | None = None
    channels: Literal[1, 3] | None = None
    broken: Annotated[float, Field(ge=0, lt=1)] = 0.0


class KerasData(ImageRows):
    """A data set that Keras downloads, unless it lies in `paths.data`. Its own test rows are the holdout."""

    kind: Literal["keras"]
    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100"]
    holdout: ImageHoldout = GivenImages(kind="given")


ImageSpec = IdxData | NpzData | FolderData | KerasData

"""Sources of images: idx files, numpy archives, folders of pictures, and Keras's data sets."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from foldwise.spec.augment import Symmetry
from foldwise.spec.base import BadKey, ByKind, Listed, Spec, Words
from foldwise.spec.data import HashHoldout, Labelled, NoHoldout

Side = Annotated[int, Field(ge=1, le=10_000)]


class GivenImages(Spec):
    """Test images from the same kind of source.

    `idx`: the files `images` and `labels`. `npz`: the arrays `images` and `labels`, in the same file or in `path`.
    `folder`: the folder `path`, with `labels` as its CSV file. `keras`: no options, the data set has its own test images.
    """

    kind: Literal["given"]
    path: str | None = None
    images: str | None = None
    labels: str | None = None
    boxes: str | None = None
    share: float | None = None  # left over from the other kind, and ignored: the files decide how many rows there are


ImageHoldout = Annotated[HashHoldout | GivenImages | NoHoldout, Field(discriminator="kind"), ByKind]


class ImageRows(Labelled):
    """Rows that are an image and a label; abstract.

    symmetries: changes that keep the meaning of an image; null if unknown.
    """

    drop: ClassVar[tuple[str, ...]] = ()
    row_key: ClassVar[tuple[str, ...]] = ()
    group: ClassVar[None] = None
    time: ClassVar[None] = None

    target: str = "label"  # the name of the label; in a folder's CSV file, its column
    name: str | None = None
    symmetries: Annotated[tuple[Symmetry, ...], Listed] | None = None
    holdout: ImageHoldout = HashHoldout()


class IdxData(ImageRows):
    """The files of MNIST: images (rows, height, width) and labels (rows,), plain or .gz."""

    kind: Literal["idx"]
    images: str
    labels: str


def _check_boxes(data: NpzData | FolderData) -> None:
    """Refuse options of whole images beside boxes."""
    if data.boxes is None:
        return
    if data.positive is not None:
        raise BadKey("positive", "is one of two labels of whole images, and data.boxes label objects; leave it out")
    if isinstance(data.classes, str):
        raise BadKey("classes", f"lists the names of boxes, as in data.classes=[cat,dog], got {data.classes!r}")


class NpzData(ImageRows):
    """Arrays of a numpy archive: images (rows, height, width[, channels]) from 0 to 255, and labels (rows,).

    classes: an array of names, if labels are positions in it; or the names, of boxes.
    boxes: a JSON file with the boxes of the images in their order; then no labels are read.
    """

    kind: Literal["npz"]
    path: str
    images: str = "images"
    labels: str = "labels"
    classes: str | Words | None = None
    boxes: str | None = None

    @model_validator(mode="after")
    def _boxes_fit(self) -> NpzData:
        _check_boxes(self)
        return self


class FolderData(ImageRows):
    """PNG and JPEG files: one folder per class, a CSV file of names and labels, or a file of boxes.

    boxes: COCO's JSON, a folder of Pascal VOC's XML files, or a CSV file. classes: the names of boxes; null: all, sorted.

    size: height and width to which all pictures are scaled; null requires equal sizes.
    channels: 1 (grey) or 3 (colour); null is grey if all pictures are.
    broken: share of unreadable files that are left out; if there are more, the study is refused and the files are named.
    """

    kind: Literal["folder"]
    path: str
    labels: str | None = None
    file: str = "file"
    size: Annotated[tuple[Side, Side], Listed] | None = None
    channels: Literal[1, 3] | None = None
    broken: Annotated[float, Field(ge=0, lt=1)] = 0.0
    boxes: str | None = None
    classes: Words | None = None

    @model_validator(mode="after")
    def _boxes_fit(self) -> FolderData:
        _check_boxes(self)
        if self.boxes is not None and self.labels is not None:
            raise BadKey("labels", "labels whole pictures, and data.boxes their objects; leave one of them out")
        return self


class KerasData(ImageRows):
    """A data set from `paths.data`, or downloaded by Keras. Its own test rows are the holdout."""

    kind: Literal["keras"]
    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100"]
    holdout: ImageHoldout = GivenImages(kind="given")


ImageSpec = IdxData | NpzData | FolderData | KerasData

"""Sources of images: idx files, numpy archives, folders of pictures, and Keras's data sets."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from foldwise.spec.augment import Symmetry
from foldwise.spec.base import BadKey, ByKind, Listed, Spec, Words
from foldwise.spec.data import HashHoldout, Labelled, NoHoldout

Side = Annotated[int, Field(ge=1, le=10_000)]


class GivenImages(Spec):
    """Test images from the same kind of source.

    `idx`: the files `images` and `labels`. `npz`: the arrays `images` and `labels` or `masks`, in the same file or in `path`.
    `folder`: the folder `path`, with `labels` as its CSV file or `masks` as the folder of its masks. `keras`: no options, the
    data set has its own test images.
    """

    kind: Literal["given"]
    path: str | None = None
    images: str | None = None
    labels: str | None = None
    masks: str | None = None
    boxes: str | None = None
    share: float | None = None  # left over from the other kind, and ignored: the files decide how many rows there are


ImageHoldout = Annotated[HashHoldout | GivenImages | NoHoldout, Field(discriminator="kind"), ByKind]


class ImageRows(Labelled):
    """Rows that are an image and a label; abstract.

    symmetries: changes that keep the meaning of an image; null if unknown.
    """

    drop: ClassVar[tuple[str, ...]] = ()
    row_key: ClassVar[tuple[str, ...]] = ()
    time: ClassVar[None] = None

    target: str = "label"  # the name of the label; in a folder's CSV file, its column
    name: str | None = None
    symmetries: Annotated[tuple[Symmetry, ...], Listed] | None = None
    holdout: ImageHoldout = HashHoldout()


class IdxData(ImageRows):
    """The files of MNIST: images (rows, height, width) and labels (rows,), plain or .gz."""

    group: ClassVar[None] = None
    masks: ClassVar[None] = None

    kind: Literal["idx"]
    images: str
    labels: str


def _masks_have_no_labels(data: NpzData | FolderData) -> None:
    """Refuse options of masks without masks, and those of labels beside them."""
    if data.masks is None:
        if data.ignored is not None:
            raise BadKey("ignored", "is a value of masks, and data.masks is null; name the masks, or leave data.ignored out")
        return
    if data.positive is not None:
        raise BadKey("positive", "is one of two labels of whole images, and masks label pixels; leave it out")


def _check_boxes(data: NpzData | FolderData) -> None:
    """Refuse options of whole images and of masks beside boxes."""
    if data.boxes is None:
        return
    if data.masks is not None:
        raise BadKey("masks", "have the class of each pixel, and data.boxes those of objects; leave one of them out")
    if data.positive is not None:
        raise BadKey("positive", "is one of two labels of whole images, and boxes label objects; leave it out")
    if isinstance(data.classes, str):
        raise BadKey("classes", f"lists the names of boxes, as in data.classes=[cat,dog], got {data.classes!r}")


class NpzData(ImageRows):
    """Arrays of a numpy archive: images (rows, height, width[, channels]) from 0 to 255, and labels (rows,), masks or boxes.

    masks: an array (rows, height, width) of whole numbers; then no labels are read.
    ignored: the value of mask pixels that count nowhere.
    classes: the array of names, or the names, in the order of the codes of labels or of the values of masks; or those of boxes.
    boxes: a JSON file with the boxes of the images in their order; then no labels are read.
    group: an array (rows,) whose equal values keep rows together.
    """

    kind: Literal["npz"]
    path: str
    images: str = "images"
    labels: str = "labels"
    masks: str | None = None
    ignored: int | None = None
    classes: str | Words | None = None
    group: str | None = None
    boxes: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> NpzData:
        _masks_have_no_labels(self)
        _check_boxes(self)
        return self


class FolderData(ImageRows):
    """PNG and JPEG files: one folder per class, a CSV file of names and labels, a second folder of masks, or a file of boxes.

    masks: the folder of masks, PNG files of one value for each pixel, with the paths that the pictures have below `path`.
    ignored: the value of mask pixels that count nowhere.
    classes: the names of the masks' classes, in the order of their values, or those of boxes; null: all, sorted.
    boxes: COCO's JSON, a folder of Pascal VOC's XML files, or a CSV file.
    size: height and width to which all pictures are scaled; null requires equal sizes.
    channels: 1 (grey) or 3 (colour); null is grey if all pictures are.
    broken: share of unreadable files that are left out; if there are more, the study is refused and the files are named.
    group: a regular expression: pictures in whose path below `path` it finds the same text stay together.
    """

    kind: Literal["folder"]
    path: str
    labels: str | None = None
    file: str = "file"
    size: Annotated[tuple[Side, Side], Listed] | None = None
    channels: Literal[1, 3] | None = None
    broken: Annotated[float, Field(ge=0, lt=1)] = 0.0
    masks: str | None = None
    ignored: int | None = None
    classes: Words | None = None
    boxes: str | None = None
    group: str | None = None

    @field_validator("size", mode="before")
    @classmethod
    def _is_height_and_width(cls, size: object) -> object:
        if isinstance(size, (list, tuple)) and len(size) != 2:
            raise ValueError(f"must be [height, width], as [64,64], got {list(size)}")
        return size

    @field_validator("group")
    @classmethod
    def _is_pattern(cls, group: str | None) -> str | None:
        try:
            re.compile(group or "")
        except re.error as fault:
            rule = f"{group!r} cannot be read as a regular expression: {fault}"
            raise ValueError(f"{rule}; correct it, as in data.group='^(patient[0-9]+)_'") from None
        return group

    @model_validator(mode="after")
    def _fits(self) -> FolderData:
        _masks_have_no_labels(self)
        if self.masks is not None and self.labels is not None:
            raise BadKey("labels", "labels whole pictures, and data.masks their pixels; leave one of them out")
        _check_boxes(self)
        if self.boxes is not None and self.labels is not None:
            raise BadKey("labels", "labels whole pictures, and data.boxes their objects; leave one of them out")
        if self.masks is None and self.boxes is None and self.classes is not None:
            rule = "names the classes of masks or boxes, and data.masks and data.boxes are null"
            raise BadKey("classes", f"{rule}; name the masks or the boxes, or leave it out")
        return self


class KerasData(ImageRows):
    """A data set from `paths.data`, or downloaded by Keras. Its own test rows are the holdout."""

    group: ClassVar[None] = None
    masks: ClassVar[None] = None

    kind: Literal["keras"]
    name: Literal["mnist", "fashion_mnist", "cifar10", "cifar100"]
    holdout: ImageHoldout = GivenImages(kind="given")


ImageSpec = IdxData | NpzData | FolderData | KerasData

"""Images with masks, from an archive and from two folders."""

import numpy as np
import pytest
from PIL import Image

from foldwise.config.read import identity_hash, read_study
from foldwise.data.holdout import set_holdout
from foldwise.data.image_table import read_image_holdout, read_image_table
from foldwise.data.masks import IGNORED
from foldwise.data.sources.images import check_images
from foldwise.data.sources.pictures import ORIENTATION
from foldwise.data.split import cut_folds
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError, DataError
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import FolderData, NpzData
from foldwise.spec.places import Paths
from tests.unit.data.images import blobs


def squares(rows=30):
    """Pictures of 6 x 5 and masks: the bright third of each picture."""
    images = blobs(rows=rows)
    return images, (images[..., 0] > 100).astype(np.uint8)


def npz(path, images, values, arrays=None, **options):
    np.savez(path, images=images, masks=values, **(arrays or {}))
    return NpzData.model_validate({"kind": "npz", "path": str(path), "masks": "masks", **options})


def folders(path, images, masks, **options):
    for name, pictures in (("p", images[..., 0]), ("m", masks)):
        (path / name / "in").mkdir(parents=True)
        for row, picture in enumerate(pictures):
            Image.fromarray(picture).save(path / name / "in" / f"{row:03}.png")
    return FolderData.model_validate({"kind": "folder", "path": str(path / "p"), "masks": str(path / "m"), **options})


def test_an_archive_and_two_folders_give_the_same_table(tmp_path):
    images, masks = squares()
    ours = read_image_table(npz(tmp_path / "a.npz", images, masks, classes=["back", "square"]))
    theirs = read_image_table(folders(tmp_path, images, masks, classes=["back", "square"]))
    assert ours.fingerprint == theirs.fingerprint
    assert (ours.task, ours.classes, ours.labels, ours.target_name) == ("segmentation", ("back", "square"), (), "mask")
    assert np.array_equal(ours.target, masks)
    assert ours.take([3, 1]).target.tolist() == masks[[3, 1]].tolist()


def test_names_may_be_an_array_of_the_archive_and_values_any(tmp_path):
    images, masks = squares()
    data = npz(tmp_path / "a.npz", images, masks * 255, {"names": np.array(["back", "square"])}, classes="names")
    table = read_image_table(data)
    assert table.classes == ("back", "square")
    assert np.array_equal(table.target, masks)
    assert table.written == {"mask": "0 255"}


def test_ignored_pixels_and_pictures_without_anything_are_kept(tmp_path):
    images, masks = squares()
    masks[0], masks[1, 0] = 0, 9
    table = read_image_table(npz(tmp_path / "a.npz", images, masks, ignored=9))
    assert len(table) == 30
    assert (table.target[1, 0] == IGNORED).all()
    assert any("1 of 30 masks are all 0; their pictures are kept" in note for note in table.notes)


def test_given_test_masks_have_the_classes_of_the_training_masks(tmp_path):
    images, masks = squares()
    held = {"kind": "given", "images": "timages", "masks": "tmasks"}
    arrays = {"timages": images[:4], "tmasks": np.full((4, 6, 5), 255, np.uint8)}
    data = npz(tmp_path / "a.npz", images, masks * 255, arrays, classes=["back", "square"], holdout=held)
    table = read_image_table(data)
    assert (read_image_holdout(data, table).target == 1).all()
    arrays["tmasks"][2] = 7
    data = npz(tmp_path / "b.npz", images, masks * 255, arrays, classes=["back", "square"], holdout=held)
    with pytest.raises(DataError, match="mask 3 has the value 7, which is none of the training masks' classes"):
        read_image_holdout(data, table)


def test_groups_stay_together_in_holdout_and_folds(tmp_path):
    images, masks = squares()
    slides = np.repeat([f"s{number}" for number in range(10)], 3)
    data = npz(tmp_path / "a.npz", images, masks, {"slides": slides}, group="slides")
    table = read_image_table(data)
    development, held, _ = set_holdout(table, data.holdout, data)
    assert not set(table.groups[development]) & set(table.groups[held])
    assert len(held)
    for split in cut_folds(table, development, FoldsSpec(kind="grouped", count=3), 0):
        assert not set(table.groups[split.train]) & set(table.groups[split.valid])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"masks": "mask"}, "data.masks: .* has no array 'mask', did you mean masks?"),
        ({"masks": "small"}, "array 'small': masks are 3 x 5 pixels, and their images 6 x 5"),
        ({"masks": "few"}, "there are 30 images and 29 masks"),
        ({"masks": "half"}, "array 'half': masks have dtype float32"),
        ({"group": "few"}, r"data.group: array 'few' has shape \(29, 6, 5\), and there are 30 images"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, options, sentence):
    images, masks = squares()
    arrays = {"small": masks[:, :3], "few": masks[:29], "half": masks.astype(np.float32)}
    data = npz(tmp_path / "a.npz", images, masks, arrays, **options)
    for read in (read_image_table, lambda data: check_images(data, Paths()))[
        : 1 if "half" in sentence or "group" in options else 2
    ]:
        with pytest.raises(DataError, match=sentence):
            read(data)


@pytest.mark.parametrize(
    ("options", "key", "sentence"),
    [
        ({"task": "multiclass"}, "data.task", "is multiclass, and data.masks gives each pixel a class"),
        ({"masks": None, "labels": "labels", "task": "segmentation"}, "data.task", "name them as data.masks"),
    ],
)
def test_the_task_is_that_of_the_target(tmp_path, options, key, sentence):
    images, masks = squares()
    data = npz(tmp_path / "a.npz", images, masks, {"labels": np.arange(30) % 2}, **options)
    with pytest.raises(ConfigError, match=f"{key}.*{sentence}"):
        read_image_table(data)


def _gone(folder):
    (folder / "m" / "in" / "004.png").unlink()


def _larger(folder):
    Image.new("L", (9, 6)).save(folder / "m" / "in" / "004.png")


def _colour(folder):
    Image.new("RGB", (5, 6)).save(folder / "m" / "in" / "004.png")


def _empty(folder):
    (folder / "m" / "in" / "004.png").write_bytes(b"")


def _strange(folder):
    Image.new("L", (5, 6), 9).save(folder / "m" / "in" / "004.png")


def _animated(folder):
    first = Image.new("L", (5, 6))
    first.save(folder / "m" / "in" / "004.png", save_all=True, append_images=[Image.new("L", (5, 6), 1)])


def _twin(folder):
    Image.new("L", (5, 6)).save(folder / "p" / "in" / "004.jpg")


def _none(folder):
    for path in (folder / "p" / "in").iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (_gone, "p/in/004.png has no mask: .*m/in/004.png is missing; add it, or remove the picture"),
        (_larger, "m/in/004.png is 6 x 9 pixels, and its picture 6 x 5; give each mask the size of its picture"),
        (_colour, r"m/in/004.png is in colour \(mode RGB\), and a mask has one value for each pixel"),
        (_empty, "the mask .*m/in/004.png cannot be read: "),
        (_strange, "the mask .*m/in/004.png has the value 9, and data.classes names 2"),
        (_animated, "the mask .*m/in/004.png is animated; save it as one picture"),
        (_twin, r"in/004\.jpg and .*in/004\.png would have one mask, .*m/in/004\.png; give each picture a name of its own"),
        (_none, "holds no PNG or JPEG files; name the folder of the pictures as data.path"),
    ],
)
def test_masks_that_do_not_fit_their_pictures_are_refused_by_name(tmp_path, harm, sentence):
    data = folders(tmp_path, *squares(), classes=["back", "square"])
    harm(tmp_path)
    with pytest.raises(DataError, match=sentence):
        read_image_table(data)


def test_masks_are_resized_with_their_pictures_and_no_class_appears(tmp_path):
    images, masks = squares()
    table = read_image_table(folders(tmp_path, images, masks * 2, size=[12, 10], classes=["a", "b", "c"]))
    assert table.target.shape == (30, 12, 10)
    assert set(np.unique(table.target)) == {0, 2}
    assert np.array_equal(table.target[:, ::2, ::2], masks * 2)


@pytest.mark.parametrize("mode", ["1", "P", "I;16"])
def test_masks_of_any_mode_with_one_value(tmp_path, mode):
    images, masks = squares(rows=4)
    data = folders(tmp_path, images, masks)
    for row, mask in enumerate(masks):
        made = {
            "1": lambda mask: Image.fromarray(mask * 255).convert("1"),
            "P": _with_palette,
            "I;16": lambda mask: Image.fromarray(mask.astype(np.uint16) * 1000),
        }
        made[mode](mask).save(tmp_path / "m" / "in" / f"{row:03}.png")
    table = read_image_table(data)
    assert np.array_equal(table.target, masks)
    assert table.classes == {"1": ("0", "1"), "P": ("0", "1"), "I;16": ("0", "1000")}[mode]


def _with_palette(mask):
    picture = Image.fromarray(mask, mode="P")
    picture.putpalette([0, 0, 0, 200, 30, 30])
    return picture


def test_masks_without_a_picture_are_reported(tmp_path):
    data = folders(tmp_path, *squares())
    (tmp_path / "p" / "in" / "003.png").unlink()
    assert any("1 masks in" in note for note in read_image_table(data).notes)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"ignored": 3}, "data.ignored: is a value of masks, and data.masks is null"),
        ({"masks": "m", "positive": "x"}, "data.positive: is one of two labels of whole images"),
        ({"classes": ["a"], "kind": "folder"}, "data.classes: names the classes of masks or boxes"),
        (
            {"masks": "m", "labels": "l.csv", "kind": "folder"},
            "data.labels: labels whole pictures, and data.masks their pixels",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(options, sentence):
    composed = compose_study([])
    composed["data"] = {"kind": "npz", "path": "x", **options}
    with pytest.raises(ConfigError, match=sentence.replace("data.", r"data\.", 1)):
        read_study(composed)


def test_new_options_at_their_defaults_leave_an_identity_as_it_was():
    for kind in ("npz", "folder"):
        recipe = {"data": dict(compose_study([f"data={kind}", "data.path=x"])["data"])}
        old = {"data": {key: value for key, value in recipe["data"].items() if key not in ("masks", "ignored", "group")}}
        if kind == "folder":
            del old["data"]["classes"]
        assert identity_hash(recipe) == identity_hash(old)


def test_pictures_are_not_their_own_masks(tmp_path):
    data = folders(tmp_path, *squares())
    with pytest.raises(DataError, match=r"000\.png would be its own mask; put masks and pictures into two folders"):
        read_image_table(data.model_copy(update={"masks": data.path}))


def test_a_mask_is_turned_as_its_exif_says_like_its_picture(tmp_path):
    images, masks = squares()
    data = folders(tmp_path, images, masks)
    upright = read_image_table(data).target[4]
    for name, pixels in (("p", images[4, ..., 0]), ("m", masks[4])):
        picture = Image.fromarray(pixels)
        exif = picture.getexif()
        exif[ORIENTATION] = 3  # upside down
        picture.save(tmp_path / name / "in" / "004.png", exif=exif)
    table = read_image_table(data)
    assert np.array_equal(table.target[4], upright[::-1, ::-1])
    assert np.array_equal(table.images[4, ..., 0], images[4, ::-1, ::-1, 0])


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (np.array("ab"), "array 'names' has shape \\(\\) and dtype <U2, and holds the names of the classes"),
        (np.array([["a", "b"], ["c", "d"]]), "has shape \\(2, 2\\)"),
        (np.array([0.5, 1.5]), "dtype float64"),
        (np.array(["a", " "]), "names a class ' ', which is blank or not one line"),
        (np.array(["a", "b\nc"]), r"names a class 'b\\nc', which is blank or not one line"),
    ],
)
def test_names_that_are_none_are_refused(tmp_path, names, sentence):
    images, masks = squares()
    with pytest.raises(ConfigError, match=f"data.classes.*{sentence}"):
        read_image_table(npz(tmp_path / "a.npz", images, masks, {"names": names}, classes="names"))


def test_a_picture_without_a_group_is_refused(tmp_path):
    images, masks = squares()
    slides = np.where(np.arange(30) == 7, np.nan, 1.0)
    with pytest.raises(DataError, match=r"data\.group: array 'slides' has no value for image 8; give each image a group"):
        read_image_table(npz(tmp_path / "a.npz", images, masks, {"slides": slides}, group="slides"))


def test_a_fold_whose_masks_say_nothing_is_refused(tmp_path):
    images, masks = squares(6)
    masks[:4] = 9  # without shuffling, the last two pictures would be all that is known
    table = read_image_table(npz(tmp_path / "a.npz", images, masks, ignored=9))
    with pytest.raises(ConfigError, match=r"fold \d \(kfold\) would have no pixel of a known class in its validation pictures"):
        cut_folds(table, np.arange(6), FoldsSpec(kind="kfold", count=4), 0)
    masks[4:] = 9
    masks[:3] = squares(6)[1][:3]
    table = read_image_table(npz(tmp_path / "b.npz", images, masks, ignored=9))
    assert len(cut_folds(table, np.arange(3), FoldsSpec(kind="kfold", count=3), 0)) == 3

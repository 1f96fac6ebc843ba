import json

import numpy as np
import pytest
from PIL import Image

from foldwise.data.image_table import read_image_holdout, read_image_table
from foldwise.data.sources.images import check_images
from foldwise.data.split import cut_folds
from foldwise.errors import ConfigError, DataError
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import FolderData, NpzData
from foldwise.spec.places import Paths

BOXES = {"a.png": [("cat", 2, 2, 10, 8)], "b.png": [("dog", 0, 0, 4, 4), ("cat", 10, 10, 20, 16)], "c.png": []}
SIMPLE = {
    "images": [
        {"name": name, "boxes": [{"label": label, "box": box} for label, *box in boxes]} for name, boxes in BOXES.items()
    ]
}


def folder(tmp_path, sizes=((16, 24),) * 3, content=SIMPLE, **options):
    """A folder of three pictures with a file of boxes beside them."""
    (tmp_path / "p").mkdir()
    for name, (height, width) in zip(BOXES, sizes, strict=True):
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)).save(
            tmp_path / "p" / name
        )
    (tmp_path / "p" / "boxes.json").write_text(json.dumps(content))
    return FolderData(kind="folder", path=str(tmp_path / "p"), boxes="boxes.json", **options)


def archive(tmp_path, rows=3, content=SIMPLE, **options):
    arrays = {"images": np.zeros((rows, 16, 24, 3), np.uint8) + np.arange(rows, dtype=np.uint8)[:, None, None, None]}
    np.savez(tmp_path / "a.npz", **arrays, slide=np.array([0, 0, 1][:rows]))
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    return NpzData(kind="npz", path=str(tmp_path / "a.npz"), boxes="boxes.json", **options)


def test_a_folder_and_an_archive_give_the_same_boxes(tmp_path):
    (tmp_path / "other").mkdir()
    for data in (folder(tmp_path), archive(tmp_path / "other")):
        check_images(data, Paths())
        table = read_image_table(data)
        assert (table.task, table.classes, table.labels) == ("detection", ("cat", "dog"), ())
        assert table.target.shape == (3, 2, 5)
        assert table.target[1].tolist() == [[1, 0, 0, 4, 4], [0, 10, 10, 20, 16]]
        assert (table.target[2] == -1).all()
        assert "1 of 3 pictures have no boxes: they teach that nothing is there" in table.notes


def test_resized_pictures_keep_their_boxes(tmp_path):
    table = read_image_table(folder(tmp_path, sizes=((16, 24), (32, 48), (8, 8)), size=(32, 24)))
    assert table.images.shape == (3, 32, 24, 3)
    assert table.target[0, 0].tolist() == [0, 2, 4, 10, 16]
    assert table.target[1, 1].tolist() == [0, 5, 10, 10, 16]


def test_classes_as_listed(tmp_path):
    assert read_image_table(folder(tmp_path, classes=("dog", "cat", "cow"))).classes == ("dog", "cat", "cow")


def test_groups_of_an_archive(tmp_path):
    assert read_image_table(archive(tmp_path, group="slide")).groups.tolist() == ["0", "0", "1"]


def renamed(name, new):
    return json.loads(json.dumps(SIMPLE).replace(name, new))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (renamed("a.png", "z.png"), r"image 1, box 1: picture 'z.png' is not in .*p"),
        (renamed("c.png", "a.png"), r"picture 3: picture 'a.png' is listed twice"),
        (renamed("cat", ""), "label must be text"),
        (renamed("20, 16", "40, 16"), r"image 2, box 2: the box \[10, 10, 40, 16\] reaches out of .*b.png, which has 16 x 24"),
    ],
)
def test_boxes_that_do_not_fit_are_named(tmp_path, content, sentence):
    with pytest.raises(DataError, match=sentence):
        read_image_table(folder(tmp_path, content=content))


def test_a_picture_is_known_by_its_path_its_name_or_its_name_without_an_ending(tmp_path):
    content = renamed("a.png", "pictures/a.png")
    content["images"][1]["name"] = "b"
    assert read_image_table(folder(tmp_path, content=content)).target[1, 0].tolist() == [1, 0, 0, 4, 4]


@pytest.mark.parametrize(
    ("name", "fits"), [("data/train/more/a.png", True), ("a.png", True), ("other/a.png", False), ("train/other/a", False)]
)
def test_folders_in_a_name_do_not_contradict_the_picture(tmp_path, name, fits):
    data = folder(tmp_path, content=renamed("a.png", name))
    (tmp_path / "p" / "more").mkdir()
    (tmp_path / "p" / "a.png").rename(tmp_path / "p" / "more" / "a.png")
    if fits:
        assert read_image_table(data).target[2, 0].tolist() == [0, 2, 2, 10, 8]
        return
    with pytest.raises(DataError, match=f"picture '{name}' is not in "):
        read_image_table(data)


def test_a_name_that_two_pictures_have_needs_its_path(tmp_path):
    data = folder(tmp_path)
    (tmp_path / "p" / "more").mkdir()
    (tmp_path / "p" / "a.png").rename(tmp_path / "p" / "more" / "a.png")
    (tmp_path / "p" / "else").mkdir()
    Image.new("RGB", (24, 16)).save(tmp_path / "p" / "else" / "a.png")
    with pytest.raises(DataError, match=r"picture 'a\.png' can be .*else.* or .*more.*name it by its path"):
        read_image_table(data)


def test_an_archive_needs_as_many_pictures_as_its_file(tmp_path):
    with pytest.raises(DataError, match=r"lists 3 images, and .*a.npz has 2; list each of them once"):
        read_image_table(archive(tmp_path, rows=2))


def test_an_archive_takes_no_names(tmp_path):
    data = archive(tmp_path)
    (tmp_path / "boxes.csv").write_text("file,label,x_min,y_min,x_max,y_max\n")
    with pytest.raises(DataError, match="give a JSON file with the images in the order of the archive"):
        read_image_table(data.model_copy(update={"boxes": "boxes.csv"}))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"data.boxes: not found: gone.json"):
        check_images(folder(tmp_path).model_copy(update={"boxes": "gone.json"}), Paths())


def test_test_pictures_have_the_classes_of_the_training_boxes(tmp_path):
    (tmp_path / "t").mkdir()
    held = folder(tmp_path / "t", content=renamed("dog", "cow"))
    holdout = {"kind": "given", "path": held.path, "boxes": "boxes.json"}
    data = folder(tmp_path, holdout=holdout)
    table = read_image_table(data)
    with pytest.raises(DataError, match="'cow' is not among the classes of the training boxes"):
        read_image_holdout(data, table)
    (tmp_path / "t" / "p" / "boxes.json").write_text(json.dumps(SIMPLE))
    assert np.array_equal(read_image_holdout(data, table).target, table.target)


def test_test_pictures_need_boxes(tmp_path):
    data = folder(tmp_path, holdout={"kind": "given", "path": str(tmp_path)})
    with pytest.raises(ConfigError, match=r"data\.holdout\.boxes"):
        check_images(data, Paths())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"positive": "cat"}, "boxes label objects"),
        ({"labels": "l.csv"}, "data.boxes their objects"),
        ({"masks": "m"}, "leave one of them out"),
    ],
)
def test_options_of_whole_pictures_are_refused(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        folder(tmp_path, **options)


def test_a_task_that_does_not_fit(tmp_path):
    with pytest.raises(ConfigError, match=r"with data\.boxes use detection"):
        read_image_table(folder(tmp_path, task="multiclass"))
    with pytest.raises(ConfigError, match=r"detection learns objects from boxes; name them as data\.boxes"):
        read_image_table(NpzData(kind="npz", path=str(_labelled(tmp_path)), task="detection"))


def _labelled(tmp_path):
    np.savez(tmp_path / "l.npz", images=np.zeros((4, 4, 4), np.uint8), labels=np.arange(4) % 2)
    return tmp_path / "l.npz"


def test_a_fold_whose_pictures_have_no_boxes_is_refused(tmp_path):
    table = read_image_table(folder(tmp_path))
    with pytest.raises(
        ConfigError, match=r"fold \d \(kfold\) would have no box in its validation pictures; lower it"
    ) as refused:
        cut_folds(table, np.arange(3), FoldsSpec(kind="kfold", count=3), 0)
    assert refused.value.key == "folds.count"
    assert len(cut_folds(table, np.arange(2), FoldsSpec(kind="kfold", count=2), 0)) == 2

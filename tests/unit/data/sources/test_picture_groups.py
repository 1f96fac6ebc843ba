"""The groups of pictures, from their paths."""

import numpy as np
import pytest
from PIL import Image

from foldwise.config.read import identity
from foldwise.data.image_table import read_image_holdout, read_image_table
from foldwise.data.sources.picture_groups import picture_groups
from foldwise.data.split import cut_folds
from foldwise.errors import DataError
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import FolderData

NAMES = [f"p{patient}_{number}.png" for patient in range(4) for number in range(3)]


def picture(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (8, 8), dtype=np.uint8)).save(path)


def labelled(folder):
    """Class folders with pictures of each patient in both."""
    for seed, name in enumerate(NAMES):
        picture(folder / ("cat" if seed % 2 else "dog") / name, seed)
    return {}


def masked(folder):
    for seed, name in enumerate(NAMES):
        picture(folder / name, seed)
        (folder.parent / "masks").mkdir(exist_ok=True)
        mask = np.tile(np.array([[0, 1]], np.uint8), (8, 4))
        Image.fromarray(mask).save(folder.parent / "masks" / name)
    return {"masks": str(folder.parent / "masks")}


def boxed(folder):
    rows = ["file,label,x_min,y_min,x_max,y_max"]
    for seed, name in enumerate(NAMES):
        picture(folder / name, seed)
        rows.append(f"{name},cat,1,1,5,5")
    (folder.parent / "boxes.csv").write_text("\n".join(rows) + "\n")
    return {"boxes": str(folder.parent / "boxes.csv")}


@pytest.mark.parametrize("make", [labelled, masked, boxed])
def test_pictures_of_a_group_stay_together_in_holdout_and_folds(make, tmp_path):
    options = make(tmp_path / "pictures")
    data = FolderData(kind="folder", path=str(tmp_path / "pictures"), group="(p[0-9]+)_", **options)
    table = read_image_table(data)
    files = sorted((tmp_path / "pictures").rglob("*.png"))
    assert table.groups.tolist() == [path.name.partition("_")[0] for path in files]
    hashes = table.row_hashes(("(p[0-9]+)_",))
    assert len({(group, value) for group, value in zip(table.groups, hashes, strict=True)}) == 4
    for split in cut_folds(table, np.arange(len(table)), FoldsSpec(kind="auto", count=2), 0):
        assert not set(table.groups[split.train]) & set(table.groups[split.valid])


def test_a_broken_picture_takes_no_group_of_another(tmp_path):
    labelled(tmp_path / "pictures")
    (tmp_path / "pictures" / "dog" / "p0_0.png").write_bytes(b"no picture")
    table = read_image_table(FolderData(kind="folder", path=str(tmp_path / "pictures"), group="p[0-9]", broken=0.2))
    names = [path.name for path in sorted((tmp_path / "pictures").rglob("*.png")) if path.name != "p0_0.png"]
    assert table.groups.tolist() == [name[:2] for name in names]


def test_test_pictures_need_no_groups(tmp_path):
    labelled(tmp_path / "pictures")
    for name in ("cat/a.png", "dog/b.png"):
        picture(tmp_path / "test" / name)
    holdout = {"kind": "given", "path": str(tmp_path / "test")}
    data = FolderData(kind="folder", path=str(tmp_path / "pictures"), group="p[0-9]", holdout=holdout)
    assert read_image_holdout(data, read_image_table(data)).groups is None


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("^[^_]+", "x/p1"),
        ("p[0-9]", "p1"),
        ("p([0-9])", "1"),
        ("^.*/", "x/"),
        ("(?P<who>p[0-9])_([0-9])", "p1"),
        ("q|p1", "p1"),
    ],
)
def test_the_first_part_in_brackets_is_the_group_or_all_that_matches(tmp_path, pattern, found):
    assert picture_groups([tmp_path / "x" / "p1_2.png"], tmp_path, pattern).tolist() == [found]


@pytest.mark.parametrize("pattern", ["q", "x*?", "(q)?p1", "$"])
def test_a_path_without_a_group_is_named(tmp_path, pattern):
    files = [tmp_path / f"p1_{number}.png" for number in range(7)]
    with pytest.raises(
        DataError, match=r"finds no group in 7 of 7 paths: number 1 \(.*p1_0.png\).* and 2 more; write a regular"
    ):
        picture_groups(files, tmp_path, pattern)


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(
        ValueError, match=r"'\(p' cannot be read as a regular expression: missing \), unterminated.*; correct it"
    ):
        FolderData(kind="folder", path="pictures", group="(p")


def test_a_study_without_groups_is_the_one_that_it_was():
    before = {"data": {"kind": "folder", "path": "p"}}
    assert identity({"data": {"kind": "folder", "path": "p", "group": None}}) == identity(before)
    assert identity({"data": {"kind": "folder", "path": "p", "group": "p"}}) != identity(before)

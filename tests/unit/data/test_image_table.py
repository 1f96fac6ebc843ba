import os
import time
from pathlib import Path

import numpy as np
import pytest

from foldwise.data.audit.audit import audit
from foldwise.data.holdout import set_holdout
from foldwise.data.image_table import read_image_holdout, read_image_table
from foldwise.data.sources.images import check_images
from foldwise.data.split import cut_folds
from foldwise.errors import ConfigError, DataError
from foldwise.spec.data import HashHoldout
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import IdxData, KerasData, NpzData
from foldwise.spec.places import Paths
from tests.unit.data.images import LABELS, blobs, write_idx

DATA = Path(os.environ.get("FOLDWISE_DATA", Path(__file__).parents[4] / "shared" / "data"))


def npz(path, images, labels, **options):
    np.savez(path, images=images, labels=labels, **options.pop("arrays", {}))
    return NpzData(kind="npz", path=str(path), **options)


def idx(folder, images, labels, test=None):
    write_idx(folder / "x.gz", images[..., 0])
    write_idx(folder / "y", labels)
    given = {"kind": "given", "images": str(folder / "tx"), "labels": str(folder / "ty")} if test else {"kind": "hash"}
    if test:
        write_idx(folder / "tx", test[0][..., 0])
        write_idx(folder / "ty", test[1])
    holdout = {"holdout": given}
    return IdxData.model_validate({"kind": "idx", "images": str(folder / "x"), "labels": str(folder / "y"), **holdout})


def test_the_same_images_are_the_same_table_in_any_file_format(tmp_path):
    ours = read_image_table(idx(tmp_path, blobs(), LABELS))
    theirs = read_image_table(npz(tmp_path / "a.npz", blobs(), LABELS))
    assert ours.schema.image == (6, 5, 1)
    assert ours.images.dtype == np.uint8
    assert np.array_equal(ours.images, theirs.images)
    assert ours.fingerprint == theirs.fingerprint
    changed = blobs()
    changed[59, 5, 4] += 1
    assert read_image_table(npz(tmp_path / "b.npz", changed, LABELS)).fingerprint != ours.fingerprint


def test_given_test_images_are_the_holdout(tmp_path):
    data = idx(tmp_path, blobs(), LABELS, test=(blobs(rows=9, seed=1), LABELS[:9]))
    table = read_image_table(data)
    held = read_image_holdout(data, table)
    assert np.array_equal(held.images, blobs(rows=9, seed=1))
    assert held.target.tolist() == LABELS[:9].tolist()


def test_test_images_of_another_size_or_label_are_refused(tmp_path):
    data = idx(tmp_path, blobs(), LABELS, test=(blobs(rows=9, height=9), LABELS[:9]))
    with pytest.raises(DataError, match="the test images are 9 x 5 x 1, the training images 6 x 5 x 1"):
        read_image_holdout(data, read_image_table(data))
    data = idx(tmp_path, blobs(), LABELS, test=(blobs(rows=3), np.array([0, 1, 7])))
    with pytest.raises(DataError, match="row 3: '7' is not a label of the training rows"):
        read_image_holdout(data, read_image_table(data))


def test_test_arrays_of_the_same_archive(tmp_path):
    arrays = {"x_test": blobs(rows=6, seed=1), "y_test": LABELS[:6]}
    given = {"kind": "given", "images": "x_test", "labels": "y_test"}
    data = npz(tmp_path / "a.npz", blobs(), LABELS, arrays=arrays, holdout=given)
    assert len(read_image_holdout(data, read_image_table(data))) == 6


@pytest.mark.parametrize(
    ("kind", "given", "key"),
    [
        ("idx", {}, "data.holdout.images"),
        ("idx", {"images": "tx"}, "data.holdout.labels"),
        ("npz", {}, "data.holdout.images"),
    ],
)
def test_given_test_images_must_be_named(kind, given, key):
    holdout = {"holdout": {"kind": "given", **given}}
    made = {
        "idx": lambda: IdxData.model_validate({"kind": "idx", "images": "x", "labels": "y", **holdout}),
        "npz": lambda: NpzData.model_validate({"kind": "npz", "path": "x.npz", **holdout}),
    }
    with pytest.raises(ConfigError, match=key):
        check_images(made[kind](), Paths())


def test_a_row_keeps_its_side_in_any_order_and_copies_stay_together(tmp_path):
    images = blobs()
    images[3] = images[0]
    data = npz(tmp_path / "a.npz", images, LABELS)
    table = read_image_table(data)
    development, held, record = set_holdout(table, HashHoldout(), data)
    assert sorted([*development, *held]) == list(range(60))
    assert (0 in held) == (3 in held)
    back = table.take(np.arange(60)[::-1])
    assert set(59 - set_holdout(back, HashHoldout(), data, record)[1]) == set(held)


def test_labels_have_the_names_that_an_archive_gives_them(tmp_path):
    arrays = {"names": np.array(["cat", "ant", "bee"])}
    table = read_image_table(npz(tmp_path / "a.npz", blobs(), LABELS[:, None], arrays=arrays, classes="names"))
    assert table.labels == ("ant", "bee", "cat")
    assert [table.labels[code] for code in table.target[:3]] == ["cat", "ant", "bee"]
    for shape in ((30, 2), ()):
        with pytest.raises(DataError, match=r"labels have shape \(.*\); give one label for each image"):
            read_image_table(npz(tmp_path / "c.npz", blobs(), np.resize(LABELS, shape), arrays=arrays, classes="names"))
    with pytest.raises(DataError, match=r"labels are not positions in data\.classes, which has 3 names"):
        read_image_table(npz(tmp_path / "b.npz", blobs(), LABELS + 1, arrays=arrays, classes="names"))


@pytest.mark.parametrize(
    ("images", "labels", "sentence"),
    [
        (blobs(), LABELS[:-1], "there are 60 images and 59 labels"),
        (blobs() / 255, LABELS, "images have dtype float64; give whole numbers from 0 to 255"),
        (blobs().astype(int) * 2, LABELS, "pixels range from 0 to"),
        (blobs()[:, 0, 0], LABELS, r"images have shape \(60, 1\)"),
        (blobs(channels=3).transpose(0, 3, 1, 2), LABELS, r"channels first; give x.transpose\(0, 2, 3, 1\)"),
        (blobs()[:0], LABELS[:0], "holds no images"),
        (blobs(), np.eye(3)[LABELS], "give one label for each image"),
        (blobs(), np.zeros(60), "nothing to learn"),
    ],
)
def test_arrays_that_are_not_labelled_images_are_refused(tmp_path, images, labels, sentence):
    with pytest.raises(DataError, match=sentence):
        read_image_table(npz(tmp_path / "a.npz", images, labels))


def test_the_audit_finds_copied_images_and_nothing_in_others(tmp_path):
    def found(images):
        table = read_image_table(npz(tmp_path / "a.npz", images, LABELS))
        return {(f.check, f.level) for f in audit(table, np.arange(60), cut_folds(table, np.arange(60), FoldsSpec(), 0))}

    assert found(blobs()) == set()
    assert found(np.tile(blobs(rows=6), (10, 1, 1, 1))) == {("copies", "leak")}


def test_two_images_that_differ_in_one_pixel_are_not_copies(tmp_path):
    images = np.zeros((60, 6, 5, 1), dtype=np.uint8)
    images.reshape(60, -1)[np.arange(60) // 2, np.arange(60) // 2] = 0
    for row in range(60):
        images[row].ravel()[row % 30] = 128 + 64 * (row // 30)
    table = read_image_table(npz(tmp_path / "a.npz", images, LABELS))
    assert audit(table, np.arange(60), cut_folds(table, np.arange(60), FoldsSpec(), 0)) == ()


def test_a_keras_set_is_looked_for_in_the_data_folder(tmp_path):
    (tmp_path / "fashion-mnist").mkdir()
    for part in ("train", "t10k"):
        write_idx(tmp_path / "fashion-mnist" / f"{part}-images-idx3-ubyte.gz", blobs()[..., 0])
        write_idx(tmp_path / "fashion-mnist" / f"{part}-labels-idx1-ubyte", LABELS)
    data = KerasData(kind="keras", name="fashion_mnist")
    table = read_image_table(data, Paths(data=str(tmp_path)))
    assert table.labels == ("Pullover", "T-shirt/top", "Trouser")
    assert len(read_image_holdout(data, table, Paths(data=str(tmp_path)))) == 60
    (tmp_path / "cifar100").mkdir()
    arrays = {"x_train": blobs(), "y_train": LABELS, "x_test": blobs(rows=3), "y_test": LABELS[:3]}
    np.savez(tmp_path / "cifar100" / "any.npz", **arrays)
    assert len(read_image_table(KerasData(kind="keras", name="cifar100"), Paths(data=str(tmp_path)))) == 60


@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason=f"the data sets are not at {DATA}; set FOLDWISE_DATA")
def test_mnist_is_read_and_cut_in_seconds():
    began = time.perf_counter()
    data = KerasData(kind="keras", name="mnist")
    table = read_image_table(data, Paths(data=str(DATA)))
    held = read_image_holdout(data, table, Paths(data=str(DATA)))
    splits = cut_folds(table, np.arange(len(table)), FoldsSpec(), 0)
    assert time.perf_counter() - began < 5
    assert (table.images.shape, held.images.shape, len(splits)) == ((60000, 28, 28, 1), (10000, 28, 28, 1), 5)
    assert np.bincount(table.target)[[0, 9]].tolist() == [5923, 5949]
    assert round(float(table.images.mean()) / 255, 4) == 0.1307
    assert audit(table, np.arange(len(table)), splits, held) == ()


@pytest.mark.skipif(not (DATA / "cifar10-subset").is_dir(), reason=f"the data sets are not at {DATA}; set FOLDWISE_DATA")
def test_a_part_of_cifar10_is_read_and_reported():
    table = read_image_table(KerasData(kind="keras", name="cifar10"), Paths(data=str(DATA)))
    assert table.images.shape == (10000, 32, 32, 3)
    assert table.labels[0] == "airplane"
    assert "cifar10-subset" in table.notes[0]
    assert "10000 train images" in table.notes[0]


@pytest.mark.long
@pytest.mark.slow
def test_a_missing_set_is_refused_with_the_place_for_it(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # no download, even with a network
    with pytest.raises(
        DataError, match=r"mnist is not in .*, and Keras cannot download it \(.*\); put an archive with x_train"
    ):
        read_image_table(KerasData(kind="keras", name="mnist"), Paths(data=str(tmp_path)))


@pytest.mark.long
@pytest.mark.slow
def test_a_set_in_the_cache_of_keras_is_read_by_its_own_loader(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    files = [
        "train-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "t10k-images-idx3-ubyte.gz",
    ]
    cache = tmp_path / "keras" / "datasets" / "fashion-mnist"
    cache.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for file in files:
        rows = 30
        write_idx(cache / file, draw.integers(0, 256, (rows, 28, 28)) if "images" in file else np.arange(rows) % 10)
    data = KerasData(kind="keras", name="fashion_mnist")
    table = read_image_table(data, Paths(data=str(tmp_path)))
    assert table.images.shape == (30, 28, 28, 1)
    assert table.labels[0] == "Ankle boot"
    assert len(read_image_holdout(data, table, Paths(data=str(tmp_path)))) == 30


def test_validation_images_follow_those_that_train(tmp_path):
    data = npz(tmp_path / "a.npz", blobs(), LABELS)
    npz(tmp_path / "v.npz", blobs(rows=9, seed=1), LABELS[:9])
    folds = FoldsSpec(kind="given", path=str(tmp_path / "v.npz"))
    table = read_image_table(data, folds=folds)
    assert np.array_equal(table.images, np.concatenate([blobs(), blobs(rows=9, seed=1)]))
    assert table.target.tolist() == [*LABELS, *LABELS[:9]]
    development, held, _ = set_holdout(table, data.holdout, data)
    (split,) = cut_folds(table, development, folds, 0, len(held))
    assert split.valid.tolist() == list(range(60, 69))
    assert held.max() < 60
    npz(tmp_path / "v.npz", blobs(rows=9, height=9), LABELS[:9])
    with pytest.raises(DataError, match=r"v\.npz: the validation images are 9 x 5 x 1, the training images 6 x 5 x 1; resize"):
        read_image_table(data, folds=folds)
    with pytest.raises(ConfigError, match=r"folds\.path: names the validation images of data=folder or data=npz, and"):
        read_image_table(idx(tmp_path, blobs(), LABELS), folds=folds)
    with pytest.raises(DataError, match=r"folds\.path: file not found"):
        read_image_table(data, folds=FoldsSpec(kind="given", path="nope.npz"))

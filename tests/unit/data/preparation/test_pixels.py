import numpy as np
import pytest

from foldwise.data.fold_cache import FoldCache
from foldwise.data.image_table import read_image_table
from foldwise.data.preparation.balance import check_balance
from foldwise.data.preparation.file import load_preparation, save_preparation
from foldwise.data.preparation.fold import fit_preparation, prepare_fold
from foldwise.data.preparation.pixels import Images, conform_images
from foldwise.data.preparation.prep_rules import check_prep
from foldwise.data.split import Split, cut_folds
from foldwise.errors import ConfigError, DataError
from foldwise.spec.balance import ClassWeight, Oversample, Smote, Undersample
from foldwise.spec.folds import FoldsSpec
from foldwise.spec.images import NpzData
from foldwise.spec.prep import PrepSpec, VarianceSelect
from tests.unit.data.images import LABELS, blobs

SPLIT = Split(np.arange(0, 45), np.arange(45, 60))


@pytest.fixture
def table(tmp_path):
    np.savez(tmp_path / "a.npz", images=blobs(channels=3), labels=LABELS)
    return read_image_table(NpzData(kind="npz", path=str(tmp_path / "a.npz")))


@pytest.mark.parametrize("scale", ["none", "unit", "standard", "minmax"])
def test_pixels_are_scaled_by_channel_as_fitted_on_training_rows(table, scale):
    fold = prepare_fold(table, SPLIT, PrepSpec(scale=scale))
    x = np.asarray(fold.train_x).reshape(45, 6, 5, 3)
    raw = table.images[:45].astype(np.float64)
    expected = {
        "none": raw,
        "unit": raw / 255,
        "standard": (raw - raw.mean((0, 1, 2))) / raw.std((0, 1, 2)),
        "minmax": (raw - raw.min((0, 1, 2))) / (raw.max((0, 1, 2)) - raw.min((0, 1, 2))),
    }[scale]
    assert np.abs(x - expected).max() < 1e-5
    assert x.dtype == np.float32
    assert fold.train_x.shape == (45, 90)


@pytest.mark.parametrize("scale", ["standard", "minmax"])
def test_nothing_is_learnt_from_validation_rows(table, scale):
    ours = prepare_fold(table, SPLIT, PrepSpec(scale=scale))
    table.images[45:] = 255 - table.images[45:]
    theirs = prepare_fold(table, SPLIT, PrepSpec(scale=scale))
    assert np.array_equal(np.asarray(ours.train_x), np.asarray(theirs.train_x))
    assert np.array_equal(theirs.valid_x.center, ours.train_x.center)
    assert np.array_equal(theirs.valid_x.bytes(), table.images[45:].reshape(15, -1))


def test_a_fold_holds_no_pixels_of_its_own(table):
    fold = prepare_fold(table, SPLIT, PrepSpec())
    assert isinstance(fold.train_x, Images)
    assert np.shares_memory(fold.train_x.pixels, table.images)
    assert np.shares_memory(fold.valid_x.pixels, table.images)
    assert fold.train_x.nbytes == 45 * 8
    cache = FoldCache(table, cut_folds(table, np.arange(60), FoldsSpec(count=5), 0))
    assert cache.folds(PrepSpec()) is cache.folds(PrepSpec())


def test_a_channel_that_never_changes_becomes_zero(table):
    table.images[..., 1] = 7
    x = np.asarray(prepare_fold(table, SPLIT, PrepSpec(scale="standard")).valid_x).reshape(15, 6, 5, 3)
    assert (x[..., 1] == 0).all()


@pytest.mark.parametrize("balance", [Oversample(kind="oversample"), Undersample(kind="undersample")])
def test_balancing_repeats_or_leaves_out_whole_training_images(table, balance):
    split = Split(np.r_[0:30, 30:45:3], SPLIT.valid)
    fold = prepare_fold(table, split, PrepSpec(), balance)
    counts = fold.train_y.sum(axis=0)
    assert (counts == counts[0]).all()
    known = {image.tobytes(): code for image, code in zip(table.images[split.train], table.target[split.train], strict=True)}
    assert [known[row.tobytes()] for row in fold.train_x.bytes()] == fold.train_y.argmax(axis=1).tolist()
    assert len(fold.valid_x) == 15


def test_images_are_weighted_and_never_mixed(table):
    assert prepare_fold(table, SPLIT, PrepSpec(), ClassWeight(kind="class_weight")).train_weight.sum() == pytest.approx(45)
    with pytest.raises(ConfigError, match=r"balance.kind: smote mixes rows"):
        list(check_balance(table, [SPLIT], Smote(kind="smote")))


@pytest.mark.parametrize(
    ("prep", "key"),
    [(PrepSpec(scale="robust"), "prep.scale"), (PrepSpec(select=VarianceSelect()), "prep.select")],
)
def test_steps_for_columns_are_refused(table, prep, key):
    with pytest.raises(ConfigError, match=key):
        check_prep(table, SPLIT.train, prep)


def test_a_preparation_comes_back_from_its_file_to_the_last_bit(table, tmp_path):
    fitted = fit_preparation(table, SPLIT.train, PrepSpec())
    save_preparation(fitted, tmp_path / "p.json")
    again = load_preparation(tmp_path / "p.json")
    assert again == fitted
    assert np.array_equal(again.transform(table.images), fitted.transform(table.images))
    assert len(fitted.features) == 90
    assert fitted.features[:4] == ("pixel_0_0_0", "pixel_0_0_1", "pixel_0_0_2", "pixel_0_1_0")


def test_images_of_another_size_are_refused():
    assert conform_images(blobs()[..., 0], (6, 5, 1)).shape == (60, 6, 5, 1)
    with pytest.raises(DataError, match="the images are 6 x 5 x 3, and the model takes 6 x 5 x 1"):
        conform_images(blobs(channels=3), (6, 5, 1))

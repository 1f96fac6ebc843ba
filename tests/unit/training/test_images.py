"""Images that are uint8 until the batch train exactly as the same numbers would."""

from dataclasses import replace

import numpy as np
import pytest

from foldwise.data.preparation.fold import prepare_fold
from foldwise.data.schema import Schema
from foldwise.data.split import Split
from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.models.image_rules import as_shown
from foldwise.spec.fit import FitSpec
from foldwise.spec.layers import LayersSpec
from foldwise.spec.model import CnnSpec, MlpSpec
from foldwise.spec.prep import PrepSpec
from tests.unit.data.images import blobs

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("tensorflow_started")]
SPLITS = [Split(np.arange(0, 60), np.arange(60, 90)), Split(np.arange(30, 90), np.arange(0, 30))]


def image_table():
    import pandas as pd

    images, none = blobs(rows=90), pd.DataFrame(index=pd.RangeIndex(90))
    target = np.arange(90) % 3
    schema = Schema((), (6, 5, 1))
    return Table(none, schema, none, target, ("a", "b", "c"), "multiclass", "label", np.arange(90), images=images)


@pytest.mark.parametrize("engine", ["keras", "fused"])
def test_images_and_their_numbers_train_to_the_same_bits(engine, training):
    from foldwise.training.engines import engine_for

    folds = [prepare_fold(image_table(), split, PrepSpec(scale="standard")) for split in SPLITS]
    numbers = [replace(f, train_x=np.asarray(f.train_x), valid_x=np.asarray(f.valid_x)) for f in folds]
    asked = training(fit=FitSpec(epochs=3, batch_size=16))
    ours, theirs = (list(engine_for(engine, "tensorflow")(asked, enumerate(given))) for given in (folds, numbers))
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(one.predictions, other.predictions)
        assert one.curves == other.curves


CONVOLUTION = {"kind": "Conv2D", "filters": 4, "kernel_size": 3, "activation": "relu"}
LISTED = LayersSpec.model_validate({"kind": "layers", "layers": [CONVOLUTION, {"kind": "Dense", "units": 8}]})


CNN = CnnSpec(kind="cnn", blocks=1, filters=4, units=8)


@pytest.mark.parametrize("model", [MlpSpec(units=8), CNN, pytest.param(LISTED, marks=pytest.mark.long)])
def test_a_network_learns_from_images_whatever_it_makes_of_them(model, job):
    from foldwise.training.cross_validate import cross_validate
    from foldwise.training.refit import predict, refit

    table = image_table()
    asked = job(model=model, prep=PrepSpec(scale="unit"), fit=FitSpec(epochs=12, batch_size=8))
    result = cross_validate(asked, table, SPLITS)
    assert result.state == "COMPLETE", result.reason
    assert result.mean > 0.9
    final = refit(asked, table, np.arange(90), result)
    assert (predict(final, table.images).argmax(axis=1) == table.target).mean() > 0.9


def test_a_bundle_answers_images(job, tmp_path):
    from foldwise.bundle.bundle import load_bundle, save_bundle
    from foldwise.errors import DataError
    from foldwise.spec.data import Reading
    from foldwise.training.cross_validate import cross_validate
    from foldwise.training.refit import predict, refit

    table = image_table()
    asked = job(prep=PrepSpec(scale="standard"))
    final = refit(asked, table, np.arange(90), cross_validate(asked, table, SPLITS))
    parts = {"network": final.model, "preparation": final.preparation, "head": final.head}
    saved = save_bundle(tmp_path / "bundle", **parts, table=table, reading=Reading(), study="s")
    loaded = load_bundle(tmp_path / "bundle")
    assert loaded.card == saved.card
    answers = loaded.predict(table.images[..., 0])
    assert list(answers.columns) == ["prediction", "p_a", "p_b", "p_c"]
    assert np.array_equal(answers.iloc[:, 1:].to_numpy(), saved.scores(table.images))
    assert np.abs(saved.scores(table.images) - predict(final, table.images)).max() < 1e-5
    assert np.array_equal(loaded.scores(table.images[40:41]), saved.scores(table.images)[40:41])
    alone = loaded.answer(table.images[40])
    assert list(alone) == list(answers.columns)
    assert alone["prediction"] == answers["prediction"][40]
    assert np.abs(np.array(list(alone.values())[1:]) - answers.iloc[40, 1:].to_numpy(float)).max() <= 1e-6
    with pytest.raises(DataError, match="the images are 3 x 5 x 1, and the model takes 6 x 5 x 1"):
        loaded.predict(table.images[:, :3])
    with pytest.raises(DataError, match="the model takes images"):
        loaded.predict(table.raw)


def test_a_baseline_reads_images(table):
    from foldwise.evaluation.baselines import cross_validated, holdout_predictions
    from foldwise.spec.goal import goal_for

    shown = image_table()
    assert cross_validated("logistic", shown, SPLITS, goal_for("auto", "auto", "multiclass")).mean > 0.9
    shares = holdout_predictions("logistic", shown, np.arange(60), shown.take(np.arange(60, 90)))
    assert np.allclose(shares.sum(axis=1), 1.0, atol=1e-12)


def test_model_image_is_the_size_of_the_data_s_images():
    cnn = CnnSpec(kind="cnn")
    assert as_shown(cnn, (6, 5, 1)).image == (6, 5, 1)
    assert as_shown(cnn, None) == cnn
    assert as_shown(MlpSpec(), (6, 5, 1)) == MlpSpec()
    with pytest.raises(ConfigError, match=r"model\.image: is 8 x 8 x 1, but the images are 6 x 5 x 1"):
        as_shown(CnnSpec(kind="cnn", image=[8, 8, 1]), (6, 5, 1))

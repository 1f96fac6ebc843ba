"""Every shipped recipe is a study that can be planned on its data; recipes with a known answer find it."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldwise.api import train, tune
from foldwise.config.read import read_study, trial_at
from foldwise.data.sources.made import make
from foldwise.doors.compose import compose_study
from foldwise.doors.conf import conf_at
from foldwise.errors import DataError
from foldwise.study.plan import plan_study

DATA = Path(os.environ.get("FOLDWISE_DATA", Path(__file__).parents[4] / "shared" / "data"))
RECIPES = conf_at(None).groups()["experiment"]


def _study(name, tmp_path, *words):
    return read_study(compose_study([f"experiment={name}", f"paths.data={DATA}", f"paths.runs={tmp_path}", *words]))


@pytest.mark.parametrize("name", RECIPES)
def test_it_composes_and_has_something_to_search(name, tmp_path):
    study = _study(name, tmp_path)
    assert len(study.space) > 0
    assert study.fixed.budget.trials >= 3  # a trial of pictures takes minutes


@pytest.mark.parametrize("name", RECIPES)
def test_it_can_be_planned_on_its_data(name, tmp_path):
    study = _study(name, tmp_path)
    data = study.fixed.data
    if hasattr(data, "path") and not (DATA / (data.name or "") / data.path).exists():
        pytest.skip(f"{data.path} is not at {DATA / (data.name or '')}; set FOLDWISE_DATA")
    plan = plan_study(study)
    assert not [finding for finding in plan.findings if finding.level == "leak"]
    assert len(plan.splits) in ((1,) if study.fixed.folds.kind == "split" else (5, 10))
    assert list(tmp_path.iterdir()) == []


def _few_images(folder, name, *shape):
    """An archive of 160 images in the place of a data set."""
    (folder / name).mkdir(parents=True)
    images, labels = np.random.default_rng(0).integers(0, 256, (160, *shape), dtype=np.uint8), np.arange(160) % 10
    np.savez(folder / name / "few.npz", x_train=images, y_train=labels, x_test=images[:20], y_test=labels[:20])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "data", "shape", "parameters"),
    [
        ("mnist_mlp", "mnist", (28, 28), 932_362),
        ("fashion_mlp", "fashion-mnist", (28, 28), 932_362),
        ("cifar10_classic", "cifar10", (32, 32, 3), 1_250_858),
    ],
)
def test_a_lecture_s_network_has_the_lecture_s_parameters(name, data, shape, parameters, tmp_path, tensorflow_started):
    from foldwise.data.preparation.fold import prepare_fold
    from foldwise.training.costs import costs_before
    from foldwise.training.cross_validate import training_for

    _few_images(tmp_path / "data", data, *shape)
    plan = plan_study(_study(name, tmp_path / "runs", f"paths.data={tmp_path / 'data'}"))
    job = plan.job(0, plan.spec.space.defaults())
    fold = prepare_fold(plan.table, plan.splits[0], job.spec.prep)
    assert costs_before({"parameters"}, training_for(job, plan.table), fold) == {"parameters": parameters}


def test_scenes_may_be_pictures_of_any_size_in_a_folder_for_each_class(tmp_path):
    from PIL import Image

    draws = np.random.default_rng(0)
    for place in range(80):
        folder = tmp_path / "scenes" / ("forest", "harbour")[place % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = draws.integers(0, 256, (40 + place, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{place}.png")
    words = ["data=folder", f"data.path={tmp_path / 'scenes'}", "data.size=[64,64]"]
    plan = plan_study(_study("scenes", tmp_path / "runs", *words))
    assert plan.table.schema.image == (64, 64, 3)
    assert plan.table.labels == ("forest", "harbour")


def test_a_missing_file_is_refused_with_the_place_where_it_belongs(tmp_path):
    with pytest.raises(DataError, match=r"data\.path: file not found: titanic.csv; put it at .*titanic/titanic.csv"):
        plan_study(_study("titanic", tmp_path / "runs", f"paths.data={tmp_path}"))


def test_the_networks_of_depth_have_equally_many_parameters(tmp_path):
    study = _study("depth", tmp_path)
    depths = {}
    for option in range(11):
        asked = study.recipe["model"][1 + option]
        widths = [61, *[asked["units"]] * asked["hidden"], 10]
        depths[asked["hidden"]] = sum((into + 1) * out for into, out in pairwise(widths))
    assert list(depths) == list(range(1, 12))
    assert max(depths.values()) < 1.03 * min(depths.values())


def test_the_first_trial_of_mammography_does_not_balance(tmp_path):
    study = _study("mammography", tmp_path)
    assert trial_at(study, study.space.defaults()).balance.kind == "none"
    kinds = {trial_at(study, params).balance.kind for _, params in study.space.corners()}
    assert kinds == {"none", "class_weight", "oversample", "undersample", "smote", "smote_tomek"}


def _trained(name, tmp_path, *words):
    return train(f"experiment={name}", f"paths.runs={tmp_path}", "tracking=in_memory", "explain=none", "folds.count=3", *words)


@pytest.mark.slow
def test_linear_regression_recovers_the_least_squares_line(tmp_path):
    result = _trained("linear_regression", tmp_path)
    held = pd.read_parquet(result.folder / "holdout.parquet")
    frame = make(result.spec.fixed.data)
    x = np.column_stack([frame[["x1", "x2"]], np.ones(len(frame))])
    learnt = np.setdiff1d(frame.index, held["row"])
    weights, *_ = np.linalg.lstsq(x[learnt], frame["y"][learnt], rcond=None)
    assert held["prediction"].to_numpy() == pytest.approx(x[held["row"]] @ weights, abs=1e-3)
    assert "no difference shown on " in result.verdict


@pytest.mark.slow
def test_xor_needs_a_hidden_layer(tmp_path):
    solved = _trained("xor", tmp_path / "solved")
    assert solved.summary["holdout"]["metrics"]["accuracy"] > 0.95
    assert "the model is better" in solved.verdict
    straight = _trained("xor", tmp_path / "straight", "model.hidden=0")
    assert straight.summary["holdout"]["metrics"]["accuracy"] < 0.8


@pytest.mark.long
@pytest.mark.slow
def test_a_rare_class_ends_with_the_gain_of_balancing(tmp_path):
    if not (DATA / "oil-spill").is_dir():
        pytest.skip(f"oil-spill is not at {DATA}; set FOLDWISE_DATA")
    words = ["experiment=oil_spill", f"paths.data={DATA}", f"paths.runs={tmp_path}", "tracking=in_memory", "tuner=random"]
    result = tune(*words, "budget.trials=4", "fit.epochs=2", "folds.count=3", "balance=[choice,none,smote]")
    kinds = {trial.params["balance"] for trial in result.results}
    assert kinds == {"none", "smote"}
    assert result.summary["balance"]["balanced"]["kind"] == "smote"
    assert "balancing is" in result.verdict
    assert np.sum(result.summary["holdout"]["confusion"]["counts"]) == result.summary["holdout"]["rows"]

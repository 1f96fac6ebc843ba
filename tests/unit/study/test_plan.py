import pytest

from foldwise.config.read import read_study
from foldwise.doors.assemble import check_tuner
from foldwise.errors import ConfigError
from foldwise.spec.space import Space
from foldwise.spec.trial import TrialSpec
from foldwise.study.build_check import needs_build_check
from foldwise.study.plan import check_runs_folder, plan_study, threads_of


def test_a_folder_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path):
    check_runs_folder(str(tmp_path / "deep" / "runs"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "runs", "/proc/runs"):
        with pytest.raises(ConfigError, match=r"paths\.runs"):
            check_runs_folder(str(place))


def _digits(tmp_path, **model):
    asked = {"kind": "cnn", "image": [8, 8, 1], **model}
    data = {"kind": "sklearn", "name": "digits"}
    return plan_study(read_study({"data": data, "model": asked, "paths": {"runs": str(tmp_path)}}))


def test_images_keep_the_pixels_that_never_change(tmp_path):
    plan = _digits(tmp_path)
    assert len(plan.table.schema.columns) == 64
    assert plan.table.left_out == {}


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"image": None}, r"model\.image: a table has no image size"),
        ({"image": [9, 8, 1]}, r"model\.image: 9 x 8 x 1 is an image of 72 numbers, and a row has 64"),
        ({"image": ["choice", [8, 8, 1], [8, 8, 3]]}, r"model\.image: 8 x 8 x 3 is an image of 192"),
        ({"blocks": ["int", 1, 4]}, r"model\.blocks: block 4 of 4 leaves no pixel"),
    ],
)
def test_an_image_size_that_does_not_match_the_rows_is_refused_before_anything_is_written(tmp_path, model, sentence):
    with pytest.raises(ConfigError, match=sentence):
        _digits(tmp_path, **model)
    assert list(tmp_path.iterdir()) == []


def _iris(tmp_path, batch_size):
    fit = {"batch_size": batch_size}
    data = {"kind": "sklearn", "name": "iris"}
    folds = {"kind": "stratified", "count": 5}
    return plan_study(read_study({"data": data, "fit": fit, "folds": folds, "paths": {"runs": str(tmp_path)}}))


@pytest.mark.parametrize("batch_size", [1000, ["choice", 16, 1000]])
def test_a_batch_that_no_fold_can_fill_is_refused(tmp_path, batch_size):
    with pytest.raises(
        ConfigError, match=r"fit\.batch_size: 1000 is more than the \d+ training rows of the smallest fold; use full"
    ):
        _iris(tmp_path, batch_size)
    for fits in (None, "full", 16):
        assert len(_iris(tmp_path, fits).splits) == 5


def test_a_top_k_accuracy_that_every_model_reaches_is_refused(tmp_path):
    def plan(metric):
        data = {"kind": "sklearn", "name": "iris"}
        return plan_study(read_study({"data": data, "goal": {"metric": metric}, "paths": {"runs": str(tmp_path)}}))

    assert plan("top_2_accuracy").goal.metric == "top_2_accuracy"
    with pytest.raises(ConfigError, match=r"goal\.metric: top_3_accuracy is always 1 for 3 labels.*use top_2_accuracy"):
        plan("top_3_accuracy")


def test_an_image_keeps_all_its_pixels(tmp_path):
    asked = {"data": {"kind": "sklearn", "name": "digits"}, "model": {"kind": "cnn", "image": [8, 8, 1]}}
    with pytest.raises(ConfigError, match=r"prep\.select: an image keeps all its pixels"):
        plan_study(read_study({**asked, "prep": {"select": "k_best"}, "paths": {"runs": str(tmp_path)}}))


def test_a_target_without_a_logarithm_is_refused_before_anything_is_written(tmp_path):
    asked = {"prep": {"target": ["choice", "standard", "log"]}, "paths": {"runs": str(tmp_path)}}
    plan_study(read_study({**asked, "data": {"kind": "sklearn", "name": "diabetes"}}))
    with pytest.raises(ConfigError, match=r"prep\.target: log is for a number to predict"):
        plan_study(read_study({**asked, "data": {"kind": "sklearn", "name": "iris"}}))
    assert list(tmp_path.iterdir()) == []


def test_a_start_tries_the_ends_of_all_ranges_once(tmp_path, monkeypatch):
    walks = []
    walk = Space.corners
    monkeypatch.setattr(Space, "corners", lambda space: walks.append(space) or walk(space))
    model = {"kind": "layers", "layers": [{"kind": "Dense", "units": ["int", 2, 9]}]}
    config = {"data": {"kind": "sklearn", "name": "iris"}, "model": model, "paths": {"runs": str(tmp_path)}}
    spec = read_study({**config, "tuner": "kt_hyperband", "fit": {"epochs": 9}})
    assert [trial.model.layers[0].units for trial in spec.corners] == [6, 2, 9]
    validated = []
    validate = TrialSpec.model_validate
    monkeypatch.setattr(TrialSpec, "model_validate", lambda values: validated.append(values) or validate(values))
    check_tuner(spec)
    plan = plan_study(spec)
    threads_of(plan)
    assert len(needs_build_check(spec)) == 3
    assert (len(walks), validated) == (1, [])

import numpy as np
import pytest

from foldwise.config.read import read_study
from foldwise.data.sources.fingerprint import source_mark
from foldwise.doors.assemble import check_tuner
from foldwise.errors import ConfigError
from foldwise.spec.space import Space
from foldwise.spec.trial import TrialSpec
from foldwise.study.build_check import needs_build_check
from foldwise.study.dry_run import dry_run
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


def test_a_link_that_leads_to_itself_is_no_runs_folder(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match=r"paths\.runs: .*loop is a link that leads to itself; name a folder"):
        check_runs_folder(str(tmp_path / "loop"))


LECTURE = {"folds": {"kind": "none"}, "fit": {"epochs": 5}}


def _lecture(tmp_path, rows, **options):
    (tmp_path / "rows.csv").write_text(rows)
    data = {"kind": "csv", "path": str(tmp_path / "rows.csv"), "target": "y", "holdout": "none"}
    return plan_study(read_study({**LECTURE, "data": data, "paths": {"runs": str(tmp_path)}, **options}))


@pytest.mark.parametrize(
    ("rows", "task", "target"),
    [
        ("x1,x2,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n", "binary", {"0": 2, "1": 2}),
        ("x1,x2,y\n1,1,2\n1,0,1\n0,0,0\n", "regression", {"min": 0.0, "mean": 1.0, "max": 2.0}),
    ],
)
def test_a_lecture_s_table_of_a_few_rows_is_trained_and_judged_on_them(tmp_path, rows, task, target):
    plan = _lecture(tmp_path, rows)
    assert (plan.table.task, [column.kind for column in plan.table.schema.columns]) == (task, ["number", "number"])
    (split,) = plan.splits
    assert split.train.tolist() == split.valid.tolist() == plan.development.tolist() == list(range(rows.count("\n") - 1))
    assert (len(plan.holdout), plan.holdout_record, plan.same_rows) == (0, {"kind": "none"}, True)
    (finding,) = plan.findings
    assert (finding.level, finding.check) == ("warn", "folds")
    assert "trained and judged on the same rows" in finding.message
    shown = dry_run(plan)
    assert shown["rows"]["holdout"] == 0
    assert shown["target_values"] == {"development": target, "holdout": {}}


def test_the_audit_of_rows_without_folds_looks_at_folds_of_its_own(tmp_path):
    data = {"kind": "sklearn", "name": "iris"}
    plan = plan_study(read_study({"data": data, "folds": "none", "paths": {"runs": str(tmp_path)}}))
    assert [finding.level for finding in plan.findings] == ["warn", "note", "note"]  # no leak for rows on both sides
    assert len(plan.holdout) == 30


@pytest.mark.parametrize("threshold", ["auto", ["choice", 0.5, "auto"]])
def test_a_threshold_is_not_tuned_on_the_rows_that_the_network_learnt(tmp_path, threshold):
    with pytest.raises(ConfigError, match=r"fit\.threshold: auto tunes it on rows that the network did not train on"):
        _lecture(tmp_path, "x,y\n0,0\n1,1\n2,0\n", fit={"threshold": threshold})


def test_images_come_without_a_column_of_sides(tmp_path):
    np.savez(tmp_path / "images.npz", images=np.arange(4 * 6 * 6).reshape(4, 6, 6) % 255, labels=[0, 1, 0, 1])
    data = {"kind": "npz", "path": str(tmp_path / "images.npz"), "holdout": "none"}
    model = {"kind": "cnn", "blocks": 1}
    common = {"data": data, "model": model, "paths": {"runs": str(tmp_path)}}
    given = read_study({**common, "folds": {"kind": "given", "column": "part"}})
    with pytest.raises(ConfigError, match=r"folds\.column: is for tables, and images have no such column"):
        plan_study(given)
    plan = plan_study(read_study({**common, "folds": "none"}))
    assert (len(plan.development), len(plan.holdout)) == (4, 0)


def test_the_mark_of_rows_covers_the_file_that_validates(tmp_path):
    rows = [f"{n % 7},{n % 5},{'uv'[n % 2]}" for n in range(60)]
    for name, part in (("rows", rows[:40]), ("valid", rows[40:50]), ("test", rows[50:])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,y", *part]) + "\n")
    holdout = {"kind": "given", "path": str(tmp_path / "test.csv")}
    data = {"kind": "csv", "path": str(tmp_path / "rows.csv"), "target": "y", "holdout": holdout}
    folds = {"kind": "given", "path": str(tmp_path / "valid.csv")}
    plan = plan_study(read_study({"data": data, "folds": folds, "paths": {"runs": str(tmp_path)}}))
    (split,) = plan.splits
    assert (len(split.train), len(split.valid), len(plan.holdout)) == (40, 10, 10)
    assert plan.source == source_mark(plan.spec.fixed)
    assert len(set(plan.source.split())) == 3


def test_test_masks_that_say_nothing_are_refused(tmp_path):
    masks = np.tile(np.array([0, 1], np.uint8), (12, 8, 4))
    images = np.repeat(masks[..., None] * np.uint8(200), 3, axis=-1)
    np.savez(tmp_path / "a.npz", images=images, masks=masks, shown=images[:3], unknown=np.full((3, 8, 8), 9, np.uint8))
    data = {"kind": "npz", "path": str(tmp_path / "a.npz"), "masks": "masks", "ignored": 9}
    data["holdout"] = {"kind": "given", "images": "shown", "masks": "unknown"}
    model = {"kind": "unet", "depth": 1}
    config = {"data": data, "model": model, "prep": {"scale": "unit"}, "paths": {"runs": str(tmp_path / "runs")}}
    with pytest.raises(ConfigError, match=r"data\.holdout: the 3 pictures that are set aside have no pixel of a known class"):
        plan_study(read_study(config))

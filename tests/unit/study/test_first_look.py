import numpy as np

from foldwise.config.read import read_study
from foldwise.study.dry_run import dry_run
from foldwise.study.first_look import class_counts, draw_first_look
from foldwise.study.plan import plan_study
from tests.unit.data.images import blobs


def planned(tmp_path, name, **changes):
    config = {"data": {"kind": "sklearn", "name": name}, "paths": {"runs": str(tmp_path)}, "study": "s", **changes}
    plan = plan_study(read_study(config))
    return plan, dry_run(plan)


def test_a_table_of_classes_has_a_picture_of_their_rows(tmp_path):
    plan, prepared = planned(tmp_path, "iris")
    (drawn,) = draw_first_look(plan, prepared)
    assert drawn == plan.folder / "classes.png"
    assert drawn.read_bytes().startswith(b"\x89PNG")
    assert class_counts(prepared) == prepared["target_values"]


def test_images_have_a_picture_of_the_first_with_their_labels_too(tmp_path):
    labels = np.tile(["ape", "bat", "cat"], 40)
    np.savez(tmp_path / "zoo.npz", images=blobs(rows=120, height=9, width=9, channels=3), labels=labels)
    data = {"kind": "npz", "path": str(tmp_path / "zoo.npz")}
    plan = plan_study(read_study({"data": data, "study": "s", "prep": {"scale": "unit"}, "paths": {"runs": str(tmp_path)}}))
    assert [path.name for path in draw_first_look(plan, dry_run(plan))] == ["first_images.png", "classes.png"]


def test_balanced_rows_are_shown_beside_those_before(tmp_path):
    _, prepared = planned(tmp_path, "breast_cancer", balance="undersample")
    counts = class_counts(prepared)
    assert list(counts) == ["development", "holdout", "training rows of the first fold", "the same after undersample"]
    assert len(set(counts["the same after undersample"].values())) == 1


def test_a_table_of_numbers_has_no_picture_and_figures_can_be_turned_off(tmp_path):
    assert draw_first_look(*planned(tmp_path, "diabetes")) == []
    assert draw_first_look(*planned(tmp_path, "iris", tracking={"figures": False})) == []
    assert not (tmp_path / "studies").exists()

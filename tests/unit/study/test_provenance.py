import json
import shutil
import subprocess

import pytest

from foldwise.config.read import read_study
from foldwise.spec.goal import Goal
from foldwise.study.plan import plan_study
from foldwise.study.provenance import provenance
from foldwise.trial.provenance import Commit


@pytest.fixture
def plan(tmp_path):
    config = {"data": {"kind": "sklearn", "name": "iris"}, "paths": {"runs": str(tmp_path / "runs")}}
    return plan_study(read_study(config))


def test_it_has_the_goal_and_the_data_of_a_study_and_no_path(plan, tmp_path):
    found = provenance(plan)
    assert found.task == "multiclass"
    assert found.goal == Goal("accuracy", "maximize")
    assert (found.data, found.rows) == ("iris", 150)
    assert set(found.columns.values()) == {"number"}
    assert len(found.columns) == 4
    assert str(tmp_path) not in json.dumps(found.to_json())


def test_the_commit_is_that_of_the_folder_it_was_started_in(plan, tmp_path, monkeypatch):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert provenance(plan).git is None
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    (folder / "rows.csv").write_text("a\n")
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "Begin"]):
        subprocess.run(["git", *words], check=True)
    clean = provenance(plan).git
    assert len(clean.commit) == 40
    assert clean.changed is False
    (folder / "rows.csv").write_text("b\n")
    assert provenance(plan).git == Commit(clean.commit, changed=True)

"""What is removed goes with confirm=true only, whole, and nothing else goes."""

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from foldwise.doors.compose import compose_service
from foldwise.doors.remove import remove
from foldwise.errors import ConfigError, JobError
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.model_versions import VersionRow
from foldwise.ledger.study_lock import lock_study
from tests.contract.ledgers import finish, new_study, result


@pytest.fixture
def runs(tmp_path):
    """A folder with the studies one and other, and logs of a job."""
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        for name in ("one", "other"):
            new_study(ledger, name)
            finish(ledger, name, result(0))
            (tmp_path / "studies" / name / "results").mkdir(parents=True)
            (tmp_path / "studies" / name / "summary.json").write_text("x" * 5000)
        ledger.job_runs.claim("nightly", datetime(2026, 1, 1, tzinfo=UTC))
        ledger.job_runs.take("nightly", datetime(2026, 1, 1, tzinfo=UTC), 0, str(tmp_path / "jobs" / "nightly" / "runs.log"))
    (tmp_path / "jobs" / "nightly").mkdir(parents=True)
    long_ago = (datetime.now(UTC) - timedelta(days=40)).timestamp()
    for name in ("old", "runs", "new"):
        path = tmp_path / "jobs" / "nightly" / f"{name}.log"
        path.write_text("y" * 300)
        if name != "new":
            os.utime(path, (long_ago, long_ago))
    return tmp_path


def _remove(runs, *words):
    remove(compose_service("remove", [*words, "tracking.kind=in_memory", f"paths.runs={runs}"]))


def _studies(runs):
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        return sorted(ledger.names()), len(ledger.trials("one")), len(ledger.trials("other"))


def test_without_yes_it_only_shows(runs, capsys):
    _remove(runs, "study=one")
    shown = capsys.readouterr().out
    assert "study one: 5.0 kB in 1 folder, 0 runs in MLflow" in shown
    assert "nothing was deleted; the same command with confirm=true deletes it" in shown
    assert _studies(runs) == (["one", "other"], 1, 1)
    assert (runs / "studies" / "one" / "summary.json").exists()


def test_a_study_goes_whole_and_others_stay(runs):
    _remove(runs, "study=one", "confirm=true")
    assert _studies(runs) == (["other"], 0, 1)
    assert [path.name for path in (runs / "studies").iterdir()] == ["other"]
    _remove(runs, "study=[other]", "confirm=true")
    assert _studies(runs) == ([], 0, 0)


def test_a_removal_that_was_cut_off_goes_on(runs):
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        ledger.lead("one")
        ledger.remove_study("one")
    _remove(runs, "study=one", "confirm=true")
    assert not (runs / "studies" / "one").exists()


def test_its_name_is_free_again(runs):
    _remove(runs, "study=one", "confirm=true")
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        assert new_study(ledger, "one").summary is None


def test_a_study_that_runs_is_refused_and_stays(runs):
    with (
        lock_study(runs / "studies" / "one" / "lock"),
        pytest.raises(JobError, match=f"study one is being run by process {os.getpid()}"),
    ):
        _remove(runs, "study=[other,one]", "confirm=true")
    assert _studies(runs) == (["one", "other"], 1, 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["study=onne"], "study: no study is called 'onne', did you mean one"),
        (["study=[one,nowhere]", "confirm=true"], "study: no study is called 'nowhere'"),
        (["study=one", "models=[iris/1]", "confirm=true"], "models: iris/1 was not made by one, or is gone; .* none"),
        ([], "name what to delete: study=NAME, or what=logs or what=job_runs, not both"),
        (["study=one", "what=logs"], "not both"),
        (["study=../one"], "study"),
        (["what=oof"], "what: 'oof' is not known; known: logs, job_runs"),
        (["what=logs", "older_than=-1"], "older_than: must be >= 0"),
    ],
)
def test_a_mistake_deletes_nothing(runs, words, sentence):
    with pytest.raises(ConfigError, match=sentence):
        _remove(runs, *words)
    assert _studies(runs) == (["one", "other"], 1, 1)


def test_where_nothing_is_nothing_is_made(tmp_path):
    with pytest.raises(ConfigError, match=r"holds no ledger\.db"):
        _remove(tmp_path / "nowhere", "study=one")
    assert not (tmp_path / "nowhere").exists()


def test_a_link_is_deleted_and_not_followed(runs, tmp_path_factory):
    mine = tmp_path_factory.mktemp("mine")
    (mine / "precious").write_text("z")
    (runs / "studies" / "one" / "link").symlink_to(mine)
    _remove(runs, "study=one", "confirm=true")
    assert (mine / "precious").exists()


def test_a_study_whose_folder_is_a_link_or_a_file_stays_whole(runs, tmp_path_factory):
    other_disk = tmp_path_factory.mktemp("other_disk") / "one"
    (runs / "studies" / "one").rename(other_disk)
    (runs / "studies" / "one").symlink_to(other_disk)
    for confirm in ("false", "true"):
        with pytest.raises(
            ConfigError, match=r"study: .*studies/one is a link, so its files would stay; .* move the folder here"
        ):
            _remove(runs, "study=[other,one]", f"confirm={confirm}")
    assert sorted(path.name for path in other_disk.iterdir()) == ["results", "summary.json"]
    (runs / "studies" / "one").unlink()
    (runs / "studies" / "one").write_text("not a study")
    with pytest.raises(ConfigError, match=r"study: .*studies/one is not a folder; remove or rename it"):
        _remove(runs, "study=one", "confirm=true")
    assert _studies(runs) == (["one", "other"], 1, 1)


def test_a_study_with_versions_stays_while_its_mlflow_is_gone(runs):
    with closing(open_ledger(f"sqlite:///{runs / 'ledger.db'}")) as ledger:
        ledger.versions.keep(VersionRow("iris#1", 1, "one", "f" * 64, None, {}, None, None, datetime(2026, 1, 1, tzinfo=UTC)))
    with pytest.raises(
        ConfigError,
        match=r"study: one made iris/1, and .*mlflow\.db, which knows whether that is a champion, is gone; put it back",
    ):
        remove(compose_service("remove", ["study=one", "confirm=true", f"paths.runs={runs}"]))
    assert _studies(runs) == (["one", "other"], 1, 1)
    _remove(runs, "study=one", "confirm=true")  # tracking=in_memory says that there is none
    assert _studies(runs) == (["other"], 0, 1)


def test_old_logs_go_but_not_that_of_a_run_that_has_not_ended(runs, capsys):
    _remove(runs, "what=logs")
    assert "1 file, 300 bytes" in capsys.readouterr().out
    _remove(runs, "what=logs", "confirm=true")
    assert sorted(path.name for path in (runs / "jobs" / "nightly").iterdir()) == ["new.log", "runs.log"]

from types import SimpleNamespace

import pytest

from foldwise.errors import DiskFull
from foldwise.study import conclude


def test_a_study_is_finished_before_the_error_where_mlflow_has_no_room(tmp_path, monkeypatch):
    for name in ("write_page", "write_json"):
        monkeypatch.setattr(conclude, name, lambda *_, **__: None)
    monkeypatch.setattr(conclude, "shown_files", lambda _: ())
    finished = []

    def close(*_):
        raise DiskFull("artifacts cannot be written")

    summary = SimpleNamespace(verdict="the baseline is as good", is_registered=True, to_json=dict)
    parts = SimpleNamespace(
        ledger=SimpleNamespace(finish_study=lambda name, _: finished.append(name)),
        tracker=SimpleNamespace(close=close),
    )
    with pytest.raises(DiskFull, match="artifacts cannot be written"):
        conclude._publish(SimpleNamespace(folder=tmp_path, goal=None), SimpleNamespace(name="one", summary=summary), [], parts)
    assert finished == ["one"]

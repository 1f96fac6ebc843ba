import errno
from types import SimpleNamespace

import pytest

from foldwise.errors import DiskFull
from foldwise.study import figures


@pytest.fixture
def plan(tmp_path):
    tracking = SimpleNamespace(kind="mlflow", figures=True)
    spec = SimpleNamespace(name="one", fixed=SimpleNamespace(tracking=tracking))
    return SimpleNamespace(folder=tmp_path, spec=spec, recipe={}, goal=None)


def draw(plan, monkeypatch, fault):
    """The figures that were tried and what was said, where those of the search have this fault."""
    tried, notes = [], []

    def search(*_):
        tried.append("search")
        raise fault

    monkeypatch.setattr(figures, "draw_search", search)
    monkeypatch.setattr(figures, "_draw_answers", lambda *_: tried.append("model"))
    try:
        figures.draw_figures(plan, None, [], [], None, notes.append)
    finally:
        plan.tried = tried
    return notes


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_for_a_figure_ends_the_start_with_its_folder_named(plan, monkeypatch, code):
    with pytest.raises(DiskFull, match=f"{plan.folder / 'figures'} cannot be written"):
        draw(plan, monkeypatch, OSError(code, "no room"))
    assert plan.tried == ["search"]


def test_a_figure_with_another_fault_is_told_and_the_others_are_drawn(plan, monkeypatch):
    assert draw(plan, monkeypatch, ValueError("no such bin")) == ["figures of the search could not all be drawn: no such bin"]
    assert plan.tried == ["search", "model"]

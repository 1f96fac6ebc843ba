"""A notebook that tunes, opens and looks: what its cells show, and that it goes on as before."""

import json
import re

import pytest

from tests.end_to_end.doors import ROOT, SMALL

pytestmark = [pytest.mark.slow, pytest.mark.long]

CELLS = {
    "start": f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    "from tests.end_to_end.process_settings import differences, settings\n"
    "import foldwise, keras\nbefore = settings()",
    "tune": 'foldwise.tune("data=iris", "study=one", "budget.trials=4", "paths.runs=runs", *{words!r})',
    "same": "print(differences(before, settings()))",
    "open": 'study = foldwise.open_study("one", "paths.runs=runs")\nstudy',
    "best": "study.leaderboard()",
    "figures": "study.figures",
    "picture": 'study.figures["history"]',
    "text": "print(study, study.best, study.bundle, sep='\\n')",
    "model": "study.model.summary()",
    "refused": 'foldwise.tune("data=iris", "fit.epochs=0", "paths.runs=runs")',
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """The outputs of each cell, in order."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    folder = tmp_path_factory.mktemp("notebook")
    words = [word for word in SMALL if not word.startswith(("tracking.figures", "baselines"))]
    cells = [nbformat.v4.new_code_cell(text.replace("{words!r}", repr(words))) for text in CELLS.values()]
    cells[-1].metadata["tags"] = ["raises-exception"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(folder)}}).execute()
    nbformat.write(notebook, folder / "seen.ipynb")
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def _html(outputs):
    return "".join("".join(one.get("data", {}).get("text/html", "")) for one in outputs)


def _printed(outputs):
    return "".join(one["text"] for one in outputs if one["output_type"] == "stream")


def test_a_tuned_study_is_one_display_and_its_result_and_nothing_stands_twice(outputs):
    shown = outputs["tune"]
    assert [one["output_type"] for one in shown] == ["display_data", "execute_result"], json.dumps(shown)[:3000]
    progress, result = (_html([one]) for one in shown)
    assert "4 of 4 trials · best " in progress
    assert "width:100%" in progress
    verdict = re.search(r"<b>(.+?)</b>", result)[1]
    assert "holdout accuracy" in verdict.lower()
    sentences = [line.strip() for line in re.sub(r"<[^>]+>", "\n", progress + result).splitlines() if len(line.strip()) > 40]
    assert sum(verdict in line for line in sentences) == 1
    assert len(sentences) == len(set(sentences))
    assert result.count("data:image/png;base64,") >= 1
    assert "compare.html" in result


def test_every_setting_is_as_it_was(outputs):
    assert _printed(outputs["same"]).strip() == "[]"


def test_an_opened_study_shows_the_same_with_its_pictures(outputs):
    assert _html(outputs["open"]) == _html(outputs["tune"][1:])
    table = _html(outputs["best"])
    assert table.count("<tr") == 5
    assert "tied" in table
    assert _html(outputs["figures"]).count("<img") >= 6
    assert "image/png" in outputs["picture"][0]["data"]


def test_reprs_are_a_line_and_keras_prints(outputs):
    lines = _printed(outputs["text"]).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["<study", "<trial", "<bundle"]
    assert "Total params" in _html(outputs["model"])  # Keras shows tables in a notebook


def test_a_refusal_leaves_no_display(outputs):
    assert [one["output_type"] for one in outputs["refused"]] == ["error"]
    assert outputs["refused"][0]["evalue"] == "fit.epochs: must be >= 1, got 0"
    assert outputs["refused"][0]["traceback"] == ["ConfigError: fit.epochs: must be >= 1, got 0"]

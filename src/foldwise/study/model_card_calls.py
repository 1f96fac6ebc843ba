"""How a model is called: commands and code that a reader can copy, with a row that is made up from the columns' profiles."""

from __future__ import annotations

import json

from foldwise.bundle.card import Card
from foldwise.data.profile import ColumnProfile
from foldwise.report.model_card import Code, Part
from foldwise.system.command import in_shell
from foldwise.tracking.registry import FIRST

PORT = 5001


def calls(card: Card, name: str) -> list[Part]:
    """The door, Python, and HTTP.

    Args:
        card: of the bundle.
        name: of the registered model.
    """
    model = f"{name}@{FIRST}"
    is_image = card.schema.image is not None
    file = "images.npz" if is_image else "rows.csv"
    row = None if is_image else {column.name: _usual(column) for column in card.profile}
    shape = " x ".join(map(str, card.schema.image or ()))
    one = f"print(bundle.answer({row!r}))" if row is not None else f"print(bundle.answer(image))  # uint8, {shape}"
    made_up = "" if row is None else " The row below is made up."
    body = '{"inputs": [IMAGE]}' if row is None else json.dumps({"dataframe_records": [row]}, ensure_ascii=False)
    url = f"http://127.0.0.1:{PORT}/invocations"
    return [
        f"With {model} the version that is champion answers; {name}/2 is version 2.{made_up}",
        "A file of rows:",
        Code(f"foldwise predict model={model} input={file} output=answers.csv"),
        "From Python:",
        Code(f'import foldwise\n\nbundle = foldwise.load("{model}")\n{one}'),
        "Over HTTP:",
        Code(
            f"MLFLOW_TRACKING_URI=sqlite:///mlruns/mlflow.db mlflow models serve -m models:/{model} --env-manager local"
            f" --port {PORT}\n"
            f"curl -sf {url} -H 'Content-Type: application/json' -d {in_shell(body)}"
        ),
    ]


def _usual(column: ColumnProfile) -> float | str | None:
    """A usual cell of a column: the middle of its numbers, its most frequent level, else nothing; of different rows."""
    if column.kind == "number" and column.low is not None:
        return float(f"{column.edges[len(column.edges) // 2] if column.edges else column.low:.4g}")
    return next(iter(column.levels), None)

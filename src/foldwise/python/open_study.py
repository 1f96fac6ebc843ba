"""A study of the ledger, opened by its name; it is not changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from foldwise.config.read import parted
from foldwise.doors.assemble import require_ledger
from foldwise.doors.compose import request_study
from foldwise.doors.load_recipe import start_ledger
from foldwise.errors import ConfigError
from foldwise.python.study_result import StudyResult
from foldwise.system.known_words import did_you_mean

PLACES = ("ledger", "paths")


def opened(name: str, overrides: Sequence[str]) -> StudyResult:
    """The study of that name, finished or not.

    Args:
        name: of the study.
        overrides: where it is, `paths.runs=...` or `ledger.url=...`.

    Raises:
        ConfigError: the ledger holds no such study, or a word is about something else.
    """
    request = request_study(overrides)
    for key in request.keys:
        if key.partition(".")[0] not in PLACES:
            raise ConfigError(
                key, "a study that is opened has its configuration; only paths.runs and ledger.url say where it is"
            )
    places = request.config
    require_ledger(places["ledger"]["url"], places["paths"]["runs"])
    with closing(start_ledger(request, lambda sentence: None)) as opens:
        ledger = opens.open()
        record = ledger.study(name)
        if record is None:
            raise ConfigError("study", f"the ledger holds no study {name!r}{did_you_mean(name, ledger.names())}")
        results = [row.result for row in ledger.trials(name) if row.result is not None and not row.dropped]
    from foldwise.ledger.rows import goal_of

    folder = Path(places["paths"]["runs"]).resolve() / "studies" / name
    space = parted(record.recipe)[1]
    return StudyResult(name, goal_of(record, results), space, record.recipe, record.summary, results, folder)

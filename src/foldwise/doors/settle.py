"""The study of a request, with all that is `auto` settled: by its record in the ledger if it has one, otherwise by its rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from foldwise.config.option_names import Readable
from foldwise.config.read import data_name, read_study, without_search
from foldwise.config.settle import FORMER
from foldwise.doors.assemble import check_tuner
from foldwise.doors.compose import Request, StudyWords
from foldwise.doors.load_recipe import load_recipe
from foldwise.doors.reopen import finished_before
from foldwise.doors.start_ledger import StartLedger
from foldwise.errors import ConfigError
from foldwise.spec.settled import Settled
from foldwise.spec.study import StudySpec
from foldwise.system.garbage import uncollected
from foldwise.system.keras_backend import KEY, USUAL, VARIABLE, check_installed
from foldwise.trial.summary import StudySummary

if TYPE_CHECKING:
    from foldwise.data.table import Table

OF_A_SEARCH = ("budget.trials", "race")  # a study of one trial has neither


@dataclass(frozen=True)
class Asked:
    """The study that a request asks for.

    defaults_taken: those of its ranges, if it does not search. table: its rows, if they had to be read.
    finished: its summary and the number of its trials, if they were needed to recognise it.
    """

    spec: StudySpec
    defaults_taken: str = ""
    table: Table | None = None
    finished: tuple[StudySummary, int] | None = None


def settle_study(request: Request, ledger: StartLedger, notify: Callable[[str], None], search: bool = True) -> Asked:
    """The study of a request. What the rows decide is shown, and its record keeps it.

    A study of that name in the ledger keeps what was settled for it, even if its file has grown.

    Args:
        request: a study's.
        ledger: opened only if the request names a study, or if an earlier one may have been finished on the same rows.
        notify: shows what was settled.
        search: False for a study of one trial, in which every range takes its default.

    Raises:
        ConfigError, DataError: the configuration is wrong, or the rows, if they are needed, cannot be read.
    """
    config, words = load_recipe(request, ledger), request.words
    asked = _asked(config, None, search)  # as without rows; what is wrong in what was given is found here
    _look_at_backend(asked.spec, KEY in request.keys, notify)
    if words is None or config is not request.config:  # the ledger has the whole configuration
        return asked
    named, table = asked.spec.fixed.study, None
    if named and ledger.is_elsewhere:  # nothing is made on a server before the rows were read
        table = _read(asked.spec)
    record = ledger.open().study(named) if named and (ledger.is_file or ledger.is_elsewhere) else None
    if record is not None:
        known = record.provenance.settled if record.provenance else None  # None: everything was given, or there was no auto yet
        if known is None:
            return replace(asked, table=table)
        if (left := words.left(known)).values:
            notify(f"study {record.name} keeps what auto was when it was made, {left}")
        return _with(table, asked, _asked(words.config(known.values), known, search))
    if not words.by_rows:
        return replace(asked, table=table)
    before = _finished(words, asked.spec, ledger, search)
    if before is None:
        table = _read(asked.spec) if table is None else table
        from foldwise.study.plan import size_of  # it imports pandas, and _read refuses a wrong file before

        settled = _without(words.settled(size_of(table)), search)
        before = _with(table, asked, _asked(words.config(settled.values), settled, search))
    notify(f"auto, {before.spec.settled}; what you set yourself stays")
    return before


def _look_at_backend(spec: StudySpec, is_given: bool, notify: Callable[[str], None]) -> None:
    """Refuse a backend that is not installed, and say what KERAS_BACKEND did where nothing else named a backend."""
    backend, named = spec.fixed.training.backend, os.environ.get(VARIABLE)
    check_installed(backend)
    if named is None or is_given:
        return
    if named != backend:
        notify(f"{KEY}: the study is one of {backend}, whatever {VARIABLE}={named} says")
    elif backend != USUAL:
        notify(f"{KEY}: {backend}, as {VARIABLE} is set in the environment")


def _asked(config: Mapping[str, Any], settled: Settled | None, search: bool) -> Asked:
    """The study of a configuration."""
    try:
        spec = read_study(config)
        taken = "" if search else Readable(spec.space).params(spec.space.defaults(), between=", ")
        return Asked(replace(spec if search else read_study(without_search(config)), settled=settled), taken)
    except ConfigError as fault:
        model = settled.values.get("model", FORMER.model) if settled else FORMER.model
        if model == FORMER.model:
            raise
        rule = f"{fault.rule}; model=auto chose {model} for this table, so set it otherwise, or choose model={FORMER.model}"
        raise ConfigError(fault.key, rule) from None


def _with(table: Table | None, read_for: Asked, asked: Asked) -> Asked:
    """The study with rows that were read before all was settled, unless its network takes other columns."""
    if table is None:
        return asked
    from foldwise.study.plan import read_as

    return replace(asked, table=table if read_as(asked.spec) == read_as(read_for.spec) else None)


def _without(settled: Settled, search: bool) -> Settled:
    """What was settled, less that of a search where there is none."""
    kept = {key: value for key, value in settled.values.items() if search or key not in OF_A_SEARCH}
    return replace(settled, values=kept)


def _read(spec: StudySpec) -> Table:
    """The rows of a study, whose files and columns are checked before pandas is imported."""
    check_tuner(spec)
    from foldwise.data.read import reader

    reader(spec.fixed.data, spec.fixed.paths, spec.fixed.folds).check()
    with uncollected():
        from foldwise.study.plan import read_rows

    return read_rows(spec)


def _finished(words: StudyWords, spec: StudySpec, ledger: StartLedger, search: bool) -> Asked | None:
    """The study that this one is, if it was finished on the same rows, which are not read again then."""
    if not ledger.is_file or spec.fixed.study is not None:
        return None
    for name in ledger.open().names():
        record = ledger.open().study(name) if name.startswith(f"{data_name(spec.fixed)}-") else None
        known = record.provenance.settled if record and record.provenance and record.summary else None
        if known is None or _without(words.settled(known.size), search) != known:
            continue
        asked = _asked(words.config(known.values), known, search)
        finished = finished_before(asked.spec, ledger) if asked.spec.name == name else None
        if finished is not None:
            return replace(asked, finished=finished)
    return None

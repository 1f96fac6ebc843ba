"""What an earlier study teaches the tuner of a new one."""

from __future__ import annotations

from dataclasses import replace

from foldwise.errors import ConfigError, did_you_mean
from foldwise.ledger.ledger import Ledger
from foldwise.study.plan import Plan
from foldwise.trial.result import TrialResult

KEY = "tuner.warm_start"
# Their numbers begin here: before those of any study, because a tuner tells trials by their numbers and learns in that order.
FIRST_NUMBER = -10_000_000


def earlier_results(plan: Plan, ledger: Ledger) -> list[TrialResult]:
    """The trials of the study that tuner.warm_start names, which are points of this study's space too.

    What the earlier study has finished since this one was created is left out, so that a restart asks the same.

    Raises:
        ConfigError: there is no such finished study, it looked for something else, or none of its trials fits.
    """
    name = plan.spec.fixed.tuner.warm_start
    if name is None:
        return []
    record = ledger.study(name)
    if record is None:
        raise ConfigError(KEY, f"the ledger holds no study {name!r}{did_you_mean(name, ledger.names())}")
    if record.summary is None:
        raise ConfigError(KEY, f"{name!r} has not finished; let it end first")
    theirs = record.summary.goal.metric
    if theirs != plan.goal.metric:
        raise ConfigError(KEY, f"{name!r} was ranked by {theirs}, and this study is by {plan.goal.metric}")
    new, found = ledger.study(plan.spec.name), []
    for row in ledger.trials(name):
        if row.result is None or row.ended is None or row.dropped or (new is not None and row.ended >= new.created):
            continue
        if plan.spec.space.holds(row.params):
            found.append(replace(row.result, number=FIRST_NUMBER + row.number))
    if not found:
        raise ConfigError(KEY, f"no trial of {name!r} is a point of this space; its ranges must have the same names")
    return found

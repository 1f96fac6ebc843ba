"""The trials of an earlier study, for the tuner of a new one."""

from __future__ import annotations

from dataclasses import replace

from foldwise.errors import ConfigError
from foldwise.ledger.ledger import Ledger
from foldwise.study.plan import Plan
from foldwise.system.known_words import did_you_mean
from foldwise.trial.result import TrialResult

KEY = "tuner.warm_start"
# Their numbers begin here, below those of any study: a tuner identifies trials by number and learns in that order.
FIRST_NUMBER = -10_000_000


def earlier_results(plan: Plan, ledger: Ledger) -> list[TrialResult]:
    """The trials of the study in tuner.warm_start that lie in this study's space.

    Trials that the earlier study finished after this one was created are left out, so that a restart gives the same search.

    Raises:
        ConfigError: the study does not exist or has not finished, has another metric, or no trial of it fits.
    """
    name = plan.spec.fixed.tuner.warm_start
    if name is None:
        return []
    record = ledger.study(name)
    if record is None:
        raise ConfigError(KEY, f"the ledger holds no study {name!r}{did_you_mean(name, ledger.names())}")
    if record.summary is None:
        raise ConfigError(KEY, f"{name!r} has not finished; let it end first")
    metric = record.summary.goal.metric
    if metric != plan.goal.metric:
        raise ConfigError(KEY, f"{name!r} was ranked by {metric}, and this study is ranked by {plan.goal.metric}")
    new, found = ledger.study(plan.spec.name), []
    for row in ledger.trials(name):
        if row.result is None or row.ended is None or row.dropped or (new is not None and row.ended >= new.created):
            continue
        if plan.spec.space.holds(row.params):
            found.append(replace(row.result, number=FIRST_NUMBER + row.number))
    if not found:
        raise ConfigError(KEY, f"no trial of {name!r} lies in this space; use ranges with the same names")
    return found

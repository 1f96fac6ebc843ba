"""The study of a name: create it, go on with that of an earlier start, or extend one whose ranges were edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from foldwise.config.difference import difference
from foldwise.config.read import identity
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.rows import StudyRecord
from foldwise.study.extend import check_extension, moved
from foldwise.study.plan import Plan
from foldwise.study.provenance import provenance
from foldwise.study.warm_start import earlier_results


def open_or_resume(plan: Plan, ledger: Ledger, versions: Mapping[str, str]) -> StudyRecord:
    """Become the coordinator of a study, create it if it is new, and commit the results that an earlier start left.

    Args:
        plan: the study's data.
        ledger: keeps it.
        versions: of the libraries that its numbers may depend on.

    Raises:
        ConfigError: the name belongs to a study with another configuration or other data.
        JobError: another process coordinates it.
    """
    spec, asked = plan.spec, plan.spec.fixed.budget.trials
    ledger.lead(spec.name)
    known = ledger.study(spec.name)
    if known is None:
        earlier_results(plan, ledger)  # raises before anything is written
        about = (plan.recipe, plan.table.fingerprint, plan.holdout_record, versions, provenance(plan))
        known = ledger.create_study(spec.name, *about)
    ledger.recover(spec.name, plan.folder / "results")
    record = compared(plan, known, ledger)
    ledger.ask_for(spec.name, asked)
    return replace(record, asked=asked)


def compared(plan: Plan, known: StudyRecord, ledger: Ledger) -> StudyRecord:
    """The record of the same study, extended if only ranges were edited.

    Raises:
        ConfigError: it has another configuration or other data.
    """
    spec = plan.spec
    if known.recipe["data"].get("kind") == "frame" != spec.fixed.data.kind:
        rule = f"{spec.name!r} was made from a DataFrame, so only Python can go on with it: foldwise.tune(frame=..., study=...)"
        raise ConfigError("study", f"{rule}; give this one another name")
    changes = difference(identity(known.recipe), identity(spec.recipe))
    if changes and not spec.fixed.extend:
        shown = "; ".join(changes[:6]) + (f"; and {len(changes) - 6} more" if len(changes) > 6 else "")
        rule = f"{spec.name!r} exists with another configuration ({shown})"
        raise ConfigError("study", f"{rule}; give this one another name, or set extend=true if only ranges were edited")
    if known.data_fingerprint != plan.table.fingerprint:
        raise ConfigError("study", f"{spec.name!r} exists with other data; give this one another name")
    return _extended(plan, known, ledger) if changes else known


def _extended(plan: Plan, known: StudyRecord, ledger: Ledger) -> StudyRecord:
    """The study with its new recipe; trials outside the new space stay in the ledger but no longer count."""
    check_extension(known.recipe, plan.spec)
    rows = [row for row in ledger.trials(known.name) if not row.dropped]
    kept = moved(known.recipe, plan.spec, [(row.number, row.params) for row in rows])
    return ledger.extend_study(known.name, plan.recipe, kept)

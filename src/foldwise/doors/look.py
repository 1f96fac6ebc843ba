"""The data half of a study, shown on this terminal: audit, folds, holdout. Nothing is trained."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from foldwise.doors.compose import Request
from foldwise.doors.load_recipe import start_ledger
from foldwise.doors.screen import Screen
from foldwise.doors.settle import settle_study
from foldwise.doors.start_ledger import StartLedger
from foldwise.spec.study import StudySpec
from foldwise.system.garbage import uncollected

if TYPE_CHECKING:
    from foldwise.data.new_rows import ChampionContext
    from foldwise.data.table import Table
    from foldwise.study.plan import Plan


def look_at_data(
    spec: StudySpec,
    screen: Screen,
    context: ChampionContext | None = None,
    table: Table | None = None,
    is_checked: bool = False,
) -> Plan:
    """The plan of a study, shown on the screen. A wrong path or column is found before anything slow is imported.

    Args:
        spec: the study.
        screen: shows columns, findings and the number of rows.
        context: the champion's, if the study makes its challenger.
        table: its rows, if they were read already.
        is_checked: whether `check_data` was called.
    """
    if table is None and not is_checked:
        check_data(spec)
    with uncollected():
        from foldwise.data.audit.finding import refuse
        from foldwise.study.plan import plan_study

    plan = plan_study(spec, context, table)
    table = plan.table
    kinds = ", ".join(f"{column.name} ({column.kind})" for column in table.schema.columns[:12])
    more = f" and {len(table.schema.columns) - 12} more" if len(table.schema.columns) > 12 else ""
    names = ", ".join(table.class_names[:10])
    labels = f", {'classes' if table.classes else 'labels'} {names}" if names and not table.targets else ""
    screen.note(f"study {plan.spec.name}: {table.task} of {table.target_name}{labels}, goal {plan.goal.metric}")
    if table.schema.image is None:
        screen.note(f"columns: {kinds}{more}")
    else:
        screen.note(f"images: {' x '.join(map(str, table.schema.image))} (height, width, channels)")
    screen.audited(plan.findings)
    for note in table.notes:
        screen.note(f"note: {note}")
    screen.note(_rows(plan))
    _memory(plan, screen)
    if spec.fixed.audit.strict:
        refuse(plan.findings, spec.fixed.audit.accept)
    return plan


def _memory(plan: Plan, screen: Screen) -> None:
    """Say how much memory a large study takes, and warn where that may be too much.

    Raises:
        ConfigError: it is certainly too much.
    """
    from foldwise.study.memory import memory_needed

    needed = memory_needed(plan)
    if needed is not None:
        screen.note(needed.sentence)
        if warning := needed.check(plan.spec.fixed.budget.trial_memory_mb):
            screen.note(f"warning: {warning}")


def _estimate(plan: Plan, opens: StartLedger) -> str:
    """What the study will take, as far as it is known without training."""
    from foldwise.study.earlier import earlier_like
    from foldwise.study.estimate import before_training

    return before_training(plan, earlier_like(plan, opens.open()) if opens.is_file else None)


def _rows(plan: Plan) -> str:
    """How many rows there are on each side."""
    develop, held = len(plan.development), len(plan.holdout)
    aside = f"{held} set aside as holdout" if held else "none set aside as holdout, so there will be no verdict"
    if plan.same_rows:
        return f"rows: {develop}, which trials are trained and judged on (folds=none), {aside}"
    if len(plan.splits) > 1:
        return f"rows: {develop} to develop on in {len(plan.splits)} folds, {aside}"
    (split,) = plan.splits
    return f"rows: {develop} to develop on in 1 fold ({len(split.train)} train, {len(split.valid)} validate), {aside}"


def check_data(spec: StudySpec) -> None:
    """Refuse missing files and columns before pandas is imported.

    Raises:
        ConfigError, DataError: a file or a column does not exist.
    """
    from foldwise.data.read import reader

    reader(spec.fixed.data, spec.fixed.paths, spec.fixed.folds).check()


def prepare_here(request: Request) -> None:
    """Show on this terminal what a study would learn from, and write it to `prepare.json` and pictures."""
    screen = Screen()
    with closing(start_ledger(request, screen.note)) as ledger:
        asked = settle_study(request, ledger, screen.note)
        plan = look_at_data(asked.spec, screen, table=asked.table)
        screen.note(_estimate(plan, ledger))
    from foldwise.study.dry_run import dry_run
    from foldwise.study.first_look import draw_first_look
    from foldwise.system.files import write_json

    shown = dry_run(plan)
    screen.prepared(shown)
    write_json(plan.folder / "prepare.json", shown)
    written = [plan.folder / "prepare.json", *draw_first_look(plan, shown)]
    screen.note("written: " + ", ".join(map(str, written)))

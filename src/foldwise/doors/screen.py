"""The output of a running study: a line a trial above a line of state on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text

from foldwise.config.option_names import Readable
from foldwise.doors.trial_line import DEFAULTS, SAME, changes, short_names, status_line, trial_line
from foldwise.spec.goal import Goal
from foldwise.spec.space import Params, Space
from foldwise.system.numbers import duration, score, shown
from foldwise.system.redact import without_password
from foldwise.trial.result import TrialResult, best_of, plus_minus
from foldwise.trial.summary import StudySummary

if TYPE_CHECKING:
    from foldwise.data.audit.finding import Finding

NUMBER_WIDTH = 9
NAME_WIDTH = 32  # up to this the names of lines side by side stay whole
WIDE = 4000
LINES = 200  # kept for the page of a running study
SECONDS_BETWEEN = 10  # lines about answered rows, if the output is not a terminal
SECONDS_UNTIL_EPOCHS = 2.0  # a trial that takes longer shows its epochs


def plain_console(file: IO[str], width: int) -> Console:
    """A console that writes plain text to a file, also in a notebook, where a console would show each line by itself."""
    return Console(file=file, width=width, force_jupyter=False, force_terminal=False, color_system=None, highlight=False)


class Screen:
    """Shows a study on a console. `note` prints one sentence; the other methods follow the search.

    verdicts: whether the verdict is shown; a retraining, which trains by a study, has a decision of its own.
    quiet: show nothing before the verdict.
    """

    def __init__(self, console: Console | None = None, verdicts: bool = True, quiet: bool = False) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._live: Live | None = None
        self._results: list[TrialResult] = []
        self._best: TrialResult | None = None
        self._goal: Goal | None = None
        self._asked = 0
        self._folds = 0
        self._now: tuple[int, Params] | None = None
        self._fold = 0
        self._epoch = 0
        self._grown: set[int] = set()
        self._epochs: Callable[[Params], int] = lambda params: 0
        self._trial_began = 0.0
        self._started = self._last = 0.0
        self._own = 0
        self._verdicts = verdicts
        self._judged = False
        self.quiet = quiet
        self._readable = Readable(Space())
        self._short: Mapping[str, str] = {}
        self._lines: deque[str] = deque(maxlen=LINES)

    @property
    def lines(self) -> list[str]:
        """The last lines about the study, each with the time of day, as a terminal or a log has them."""
        return list(self._lines)

    def _keep(self, line: str) -> None:
        moment = datetime.now().strftime("%H:%M:%S")
        self._lines.extend(f"{moment}  {without_password(part)}" for part in line.splitlines() if part.strip())

    def searches(self, space: Space, epochs: Callable[[Params], int] = lambda params: 0) -> None:
        """The space whose parameters are shown from here on, by readable names; epochs: of a trial, 0 if not known."""
        self._readable, self._epochs = Readable(space), epochs
        self._short = short_names([self._readable.name(name) for name, _ in space.walk()])

    def note(self, sentence: str) -> None:
        """Print a sentence; a quiet screen has none before the verdict."""
        if self._judged or not self.quiet:
            self.always(sentence)
        else:
            self._keep(sentence)

    def always(self, sentence: str) -> None:
        """Print a sentence, also if the screen is quiet."""
        self._keep(sentence)
        self.console.print(escape(without_password(sentence)))

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show on a terminal what takes its time, as long as the `with` block lasts."""
        if self.quiet or not self.console.is_terminal:
            yield
            return
        with self.console.status(escape(what)):
            yield

    @contextmanager
    def answering(self, total: int) -> Iterator[Callable[[int], None]]:
        """Show progress over about `total` rows, as a bar or as a line now and then; yields a function that adds rows."""
        if self.console.is_terminal:
            columns = (TextColumn("rows answered"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            with Progress(*columns, console=self.console, transient=True) as bar:
                task = bar.add_task("", total=total)
                yield lambda rows: bar.advance(task, rows)
            return
        done, last = 0, time.monotonic()

        def answered(rows: int) -> None:
            nonlocal done, last
            done += rows
            if time.monotonic() - last >= SECONDS_BETWEEN:
                last = time.monotonic()
                self.note(f"{done:,} of about {total:,} rows answered")

        yield answered

    def search_starts(self, goal: Goal, asked: int, folds: int, finished: Sequence[TrialResult]) -> None:
        """The search begins, or continues after `finished` trials."""
        self._goal, self._asked, self._folds = goal, asked, folds
        self._results, self._own = list(finished), 0
        self._best = best_of(finished, goal)
        self._started = time.monotonic()
        if self.console.is_terminal and not self.quiet:
            self._live = Live(get_renderable=self._status, console=self.console, refresh_per_second=4, transient=True)
            self._live.start(refresh=True)

    def trial_starts(self, number: int, params: Params) -> None:
        """A worker has a trial."""
        self._now, self._fold, self._epoch, self._grown = (number, params), 0, 0, set()
        self._trial_began = time.monotonic()

    def _front(self, rows: Sequence[Mapping[str, int | float]], best: int) -> None:
        """For two goals, the trials that no other trial beats in both."""
        table = RichTable(title=None, box=None, pad_edge=False)
        for column in rows[0]:
            table.add_column(
                "Pareto front" if column == "number" else column, justify="left" if column == "number" else "right"
            )
        for row in rows:
            name = f"trial {row['number']}" + (" (the model)" if row["number"] == best else "")
            table.add_row(name, *(shown(value, digits=6) for key, value in row.items() if key != "number"))
        self._wide.print(table)
        self.console.print()

    def fold_ends(self, number: int, fold: int) -> None:
        """A fold of a trial is done."""
        if self._is_shown(number):
            self._fold, self._epoch = fold + 1, 0

    def curves_grow(self, number: int, fold: int, curves: Mapping[str, Sequence[float]], unit: float) -> None:
        """A fold of a running trial has these curves so far; see `training.fold_fit.OnCurves`. The last one is shown."""
        if self._is_shown(number):
            self._grown.add(fold)
            self._epoch = max(map(len, curves.values()), default=0)

    def trial_ends(self, result: TrialResult) -> None:
        """A trial is finished and committed."""
        before = self._best
        self._results.append(result)
        if self._goal is not None:  # compared with the best alone, so that thousands of trials cost nothing
            self._best = best_of([result] if self._best is None else [self._best, result], self._goal)
        self._own += 1
        self._last = time.monotonic()
        self._now = None
        is_best = self._best is not None and self._best.number == result.number
        line = f"{self._line(result)}{'  best so far' if is_best else ''}"
        self._keep(line)
        if self.quiet:
            return
        if self._live is None:
            self._print_trial(line)
        else:
            base = self._readable.space.defaults() if before is None else before.params
            changed = changes(result.params, base, self._readable, self._short)
            line = trial_line(result, self._folds, is_best, changed, DEFAULTS if before is None else SAME, self.console.width)
            self._live.console.print(self._one_line(line, "bold green" if is_best else ""), soft_wrap=False)
        self._draw()

    def _print_trial(self, line: str) -> None:
        left = self._left()
        self.console.print(escape(line if left is None else f"{line}, about {duration(left)} left"))

    def search_ends(self) -> None:
        """The search is over or was interrupted."""
        self._now = None
        if self._live is not None:
            self._live.stop()
            self._live = None

    def finished(self, summary: StudySummary, where: Sequence[str]) -> None:
        """The verdict with its scores, unless it was shown before, and the next commands."""
        if not self._judged:
            self.judged(summary)
        for line in where:
            self.console.print(escape(line))

    def judged(self, summary: StudySummary) -> None:
        """The verdict and its scores; the study still draws, registers and writes what it found."""
        self._judged = True
        if not self._verdicts:
            return
        metric, best, folds = summary.goal.metric, summary.best, len(summary.best.folds)
        table = RichTable(title=None, box=None, pad_edge=False)
        for column in ("", f"{metric} {summary.scored}", f"{metric} on the holdout"):
            table.add_column(column, justify="left" if not column else "right", overflow="fold")
        held = score(summary.held(metric))
        table.add_row(f"model ({summary.answers})", summary.cross_validated, held)
        for baseline in summary.baselines:
            table.add_row(escape(baseline.shown), _plus_minus(baseline.mean, baseline.sd, folds), score(baseline.holdout))
        for other in summary.baselines_unfinished:
            table.add_row(escape(other.name), "not finished", "-")
        self.console.print()
        self._wide.print(table)
        self.console.print()
        if summary.holdout and summary.holdout.targets:
            self._each(summary.holdout.targets)
        if summary.pareto:
            self._front(summary.pareto, best.number)
        if summary.race:
            self.console.print(escape(summary.race.sentence))
        for line in summary.certificate.sentences if summary.certificate else ():
            self._keep(line)
            self.console.print(escape(line))
        if summary.ensemble:
            self.console.print(escape(summary.ensemble.sentence))
        said = f"Verdict: {summary.verdict}" if summary.holdout else summary.verdict[0].upper() + summary.verdict[1:]
        self._keep(said)
        self.console.print(Text(said, style="bold"))

    def _each(self, targets: Mapping[str, Mapping[str, float]]) -> None:
        """The scores of each of several numbers on the holdout, in its own unit."""
        names = tuple(dict.fromkeys(name for own in targets.values() for name in own))
        table = RichTable(title=None, box=None, pad_edge=False)
        for column in ("on the holdout, in its own unit", *names):
            table.add_column(column, justify="right" if column in names else "left", overflow="fold")
        for target, own in targets.items():
            table.add_row(escape(target), *(score(own.get(name)) for name in names))
        self._wide.print(table)
        self.console.print()

    def result_shown(self) -> None:
        """The result of the study is shown with its verdict; on a terminal both can stand."""

    def compared(self, columns: Sequence[str], trials: Sequence[Sequence[str]], left_out: int) -> None:
        """Print trials in a table."""
        self.listed(columns, trials, ("study", "state", "reason"))
        if left_out:
            self.note(f"and {left_out} more; trials=N shows more of them")

    def beside(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print things side by side, a column for each below its name; on a terminal long cells take several lines."""
        table = RichTable(box=None, pad_edge=False)
        short = max((len(cells[0]) for cells in rows), default=0) <= NAME_WIDTH
        for place, column in enumerate(columns):
            table.add_column(escape(column), overflow="fold", no_wrap=place == 0 and short)
        for cells in rows:
            table.add_row(*(escape(without_password(cell)) for cell in cells))
        self._wide.print(table)

    def studies(self, columns: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[str]) -> None:
        """Print a line for each study, by the name in the first column, which takes several lines where there is no room."""
        table = RichTable(box=None, pad_edge=False)
        for place, column in enumerate(columns):
            justify: Literal["left", "right"] = "left" if column in words else "right"
            table.add_column(escape(column), justify=justify, overflow="fold", no_wrap=place > 0)
        for cells in rows:
            table.add_row(*(escape(without_password(cell)) for cell in cells))
        self._wide.print(table)

    def listed(self, columns: Sequence[str], rows: Sequence[Sequence[str]], words: Sequence[str] | None = None) -> None:
        """Print rows in a table. Columns in `words` hold text, others numbers.

        Where the output is not a terminal, a row is one line, however long, so that a program can find it.
        """
        table = RichTable(box=None, pad_edge=False)
        for column in columns:
            table.add_column(escape(column), justify="left" if words is None or column in words else "right")
        for cells in rows:
            table.add_row(*(escape(without_password(cell)) for cell in cells))
        self._wide.print(table)

    def audited(self, findings: Sequence[Finding]) -> None:
        """Print the findings about the data, the worst first, and what to do about each."""
        if not findings or self.quiet:
            self.note("audit: nothing found")
            return
        table = RichTable(box=None, pad_edge=False)
        for column in ("audit", "check", "column", "found", "what to do"):
            table.add_column(column, overflow="fold")
        for finding in findings:
            cells = (finding.level, finding.check, finding.where, finding.message, finding.advice)
            table.add_row(*map(escape, cells), style="bold red" if finding.level == "leak" else "")
        self._wide.print(table)

    def prepared(self, found: Mapping[str, Any]) -> None:
        """Print a dry run: rows and target values of each part, and the first prepared rows."""
        parts = [(name, found["rows"][name], found["target_values"][name]) for name in ("development", "holdout")]
        for number, fold in enumerate(found["folds"]):
            parts += [(f"fold {number} {side}", part["rows"], part["target_values"]) for side, part in fold.items()]
        table = RichTable(box=None, pad_edge=False)
        for column in ("", "rows", *(str(key) for key in parts[0][2])):
            table.add_column(escape(column), justify="right" if column else "left")
        for name, rows, values in parts:
            table.add_row(name, str(rows), *(shown(value, digits=6) for value in values.values()))
        self.console.print(table)
        prepared = found["prepared"]
        self.console.print(
            f"prepared: {prepared['shape'][0]} rows x {prepared['shape'][1]} features, {prepared['of']}; the first:"
        )
        first = RichTable(box=None, pad_edge=False)
        names = self._fitting(prepared["features"])
        for name in names:
            first.add_column(escape(name), justify="right", no_wrap=True)
        for row in prepared["first_rows"]:
            first.add_row(*(shown(value) for value in row[: len(names)]))
        self.console.print(first)
        if len(prepared["features"]) > len(names):
            self.console.print(f"and {len(prepared['features']) - len(names)} more features")

    def replayed(self, lines: Sequence[tuple[str, float, float, float, bool]]) -> None:
        """Print a trial's scores as recorded and as replayed, with all digits; `equal` covers everything else too."""
        table = RichTable(box=None, pad_edge=False)
        for column in ("", "recorded", "replayed", "difference", "equal"):
            table.add_column(column, justify="right" if column else "left", no_wrap=True)
        for name, *scores, equal in lines:
            table.add_row(name, *map(repr, scores), "yes" if equal else "no")
        self._wide.print(table)

    def scored(self, metrics: Mapping[str, float], confusion: Sequence[Sequence[int]] | None, labels: Sequence[str]) -> None:
        """Print the metrics of answered rows, and the confusion matrix of classes."""
        for name, value in metrics.items():
            self.console.print(f"  {name:18} {score(value)}")
        if confusion is None:
            return
        table = RichTable(box=None, pad_edge=False, title="rows: truth, columns: prediction", title_justify="left")
        for label in ("", *labels):
            table.add_column(escape(label), justify="right")
        for label, counts in zip(labels, confusion, strict=True):
            table.add_row(escape(label), *map(str, counts))
        self.console.print(table)

    @property
    def _wide(self) -> Console:
        """The console, or one of long lines where the output is not a terminal."""
        return self.console if self.console.is_terminal else plain_console(self.console.file, WIDE)

    def _fitting(self, names: Sequence[str]) -> list[str]:
        """The names that fit side by side on this console; at least one."""
        room = self.console.width
        fitting: list[str] = []
        for name in names:
            room -= max(len(name), NUMBER_WIDTH) + 2
            if room < 0 and fitting:
                break
            fitting.append(name)
        return fitting

    def _status(self) -> Text:
        """The line of state, made anew at each refresh."""
        return self._one_line(self._progress(self.console.width), "cyan")

    def _is_shown(self, number: int) -> bool:
        """Whether a trial is the one whose folds and epochs are shown: the last to begin. Threads of trials ask this."""
        now = self._now
        return now is not None and now[0] == number

    def _running(self) -> str:
        """The fold of the running trial, and its epoch once it takes its time."""
        if self._now is None:
            return ""
        _, params = self._now
        at_once = len(self._grown) > self._fold + 1  # folds that train as one program
        fold = "" if at_once or not self._grown else f"fold {min(self._fold + 1, self._folds)} of {self._folds}"
        if time.monotonic() - self._trial_began < SECONDS_UNTIL_EPOCHS or not self._epoch:
            return fold
        epochs = self._epochs(params)
        epoch = f"epoch {self._epoch} of {epochs}" if epochs else f"epoch {self._epoch}"
        return f"{fold}, {epoch}" if fold else epoch

    @staticmethod
    def _one_line(text: str, style: str) -> Text:
        return Text(text, style=style, no_wrap=True, overflow="ellipsis")

    def _progress(self, width: int) -> str:
        """How many trials are done, the best so far, what runs now and the time left, in one line."""
        return status_line(len(self._results), self._asked, self._best, self._left(), self._running(), width)

    def _draw(self) -> None:
        """Show what has changed; a terminal draws its last line by itself."""

    def _line(self, result: TrialResult) -> str:
        metric = self._goal.metric if self._goal else "score"
        complete = result.state == "COMPLETE"
        ended = f"{metric} {_plus_minus(result.mean, result.sd, self._folds)}" if complete else str(result.reason)
        if result.lost_at is not None:
            ended += f" (finished to check the race: {result.lost_at})"
        took = f"{result.seconds:.1f} s" if result.reused is None else f"as trial {result.reused}"
        return f"trial {result.number:>3}  {result.state}  {ended}  {took}  {self._readable.params(result.params)}"

    def _left(self) -> float | None:
        """The seconds left, by the pace of this start; None if not known yet, or nothing is."""
        missing = self._asked - len(self._results)
        if not self._own or missing <= 0:
            return None
        until_last = self._last - self._started
        return max(0.0, until_last / self._own * missing - (time.monotonic() - self._last))


def _plus_minus(mean: float, sd: float, folds: int) -> str:
    return plus_minus(score(mean), score(sd), folds)

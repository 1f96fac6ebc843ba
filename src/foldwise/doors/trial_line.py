"""A trial as one line of a terminal: number, score, seconds, and what it changed; and the line of the search's state."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foldwise.config.option_names import Readable
from foldwise.spec.space import Params
from foldwise.system.numbers import duration, score
from foldwise.trial.result import TrialResult, plus_minus

SAME = "as the best so far"
DEFAULTS = "the default values"
BETWEEN = " · "
_PARTS = re.compile(r"\.(?![^\[]*\])")  # the dots of a name, not those inside the brackets of an option


@dataclass(frozen=True)
class Change:
    """A parameter whose value differs. short: the shortest last parts of its name that no other parameter has."""

    name: str
    short: str
    text: str


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Name -> its shortest last parts that no other of the names ends in; the whole name if there are none."""
    parts = {name: _PARTS.split(name) for name in names}

    def ends(name: str, count: int) -> tuple[str, ...]:
        return tuple(parts[name][-count:])

    found = {}
    for name, own in parts.items():
        counts = range(1, len(own) + 1)
        alone = (count for count in counts if all(ends(other, count) != ends(name, count) for other in parts if other != name))
        found[name] = ".".join(own[-next(alone, len(own)) :])
    return found


def changes(params: Params, base: Mapping[str, object], readable: Readable, short: Mapping[str, str]) -> list[Change]:
    """What a trial has otherwise than `base`, in the order of its parameters.

    Args:
        params: of the trial.
        base: the parameters of the best trial so far, or the default values.
        readable: the names that are shown.
        short: readable name -> abbreviated name.
    """
    found = []
    for name, value in params.items():
        if name not in base or base[name] != value:
            shown = readable.name(name)
            found.append(Change(shown, short.get(shown, shown), readable.text(name, value)))
    return found


def trial_line(result: TrialResult, folds: int, is_best: bool, changed: Sequence[Change], same: str, width: int) -> str:
    """One line of at most `width` characters: full names if they fit, else short ones, and as many of these as fit.

    Args:
        result: the trial.
        folds: of the study; a single one has no deviation.
        is_best: whether it is the best so far, which is marked by *.
        changed: what it has otherwise than the trial that it is compared with.
        same: what is written if nothing differs.
        width: of the terminal.
    """
    took = f"{result.seconds:.1f} s" if result.reused is None else f"as {result.reused}"
    if result.state != "COMPLETE":
        start, end = f"{result.number:>4}   ", f"  {took}"
        return start + _cut(f"{result.state.lower()}: {' '.join(str(result.reason).split())}", width - len(start + end)) + end
    scored = plus_minus(score(result.mean), score(result.sd), folds)
    start = f"{result.number:>4} {'*' if is_best else ' '} {scored:<{15 if folds > 1 else 6}} {took:>8}  "
    lost = "lost its race, " if result.lost_at is not None else ""
    return start + _cut(lost + _fitting(changed, same, width - len(start) - len(lost)), width - len(start))


def _fitting(changed: Sequence[Change], same: str, room: int) -> str:
    if not changed:
        return same
    for pairs in ([f"{one.name}={one.text}" for one in changed], short := [f"{one.short}={one.text}" for one in changed]):
        if len(" ".join(pairs)) <= room:
            return " ".join(pairs)
    for count in range(len(short) - 1, 0, -1):
        line = f"{' '.join(short[:count])} +{len(short) - count}"
        if len(line) <= room:
            return line
    return " ".join(short)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"


def status_line(done: int, asked: int, best: TrialResult | None, left: float | None, now: str, width: int) -> str:
    """The state of the search on one line: how far it is, the best so far, the time left, and what is running.

    Args:
        done: trials that have ended.
        asked: trials in total.
        best: the best so far.
        left: seconds, None if not known yet.
        now: what is running.
        width: of the terminal.
    """
    parts = [f"trial {done + 1} of {asked}" if done < asked else f"{done} of {asked} trials"]
    if best is not None:
        parts.append(f"best {score(best.mean)} (trial {best.number})")
    if left is not None:
        parts.append(f"{duration(left)} left")
    parts += [now] if now else []
    return _cut(BETWEEN.join(parts), width)

"""The times of a job: a cron line in a time zone, as moments in UTC.

cronsim finds wall-clock times without a zone. The rules for clock changes are here, because cronsim's own, Debian's, runs a
skipped time at once:

* Every wall-clock time happens once. A time that clocks skip happens later by the length of the jump; a time that occurs twice
  happens the first time. Two wall-clock times at the same moment count once.
* If the hour begins with `*`, as in `*/15 * * * *`, the job follows real time: repeated times happen twice, skipped ones never.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from foldwise.system.known_words import did_you_mean

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# Field -> lowest, highest, names of the values from the lowest on. Sunday is 0 and 7.
_FIELDS: dict[str, tuple[int, int, Sequence[str]]] = {
    "minute": (0, 59, ()),
    "hour": (0, 23, ()),
    "day of month": (1, 31, ()),
    "month": (1, 12, _MONTHS),
    "day of week": (0, 7, _WEEKDAYS),
}
_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_ITEM = re.compile(r"(\*|[0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?(?:/([0-9]{1,2}))?", re.IGNORECASE)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Timing:
    """The five fields of a cron line in numbers, and a time zone."""

    cron: str
    zone: ZoneInfo


def read_timing(cron: str, zone: ZoneInfo) -> Timing:
    """Read a cron line with five fields.

    Raises:
        ValueError: the line is not valid, or its day never comes, like 30 February.
    """
    words = _WORDS.get(cron.strip().lower(), cron).split()
    if len(words) != len(_FIELDS):
        fields = ", ".join(_FIELDS)
        raise ValueError(
            f"{cron!r} must have five fields ({fields}), as in '0 3 * * 1' for Mondays at 3, or be one of {', '.join(_WORDS)}"
        )
    numbers = [_numbers(word, field) for word, field in zip(words, _FIELDS, strict=True)]
    timing = Timing(" ".join(numbers), zone)
    try:
        CronSim(timing.cron, datetime.min)
    except CronSimError:  # the only fault left
        raise ValueError(f"{cron!r} never comes: no such month has a day {min(numbers[2].split(','))}") from None
    return timing


def read_zone(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        ValueError: the name is unknown.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = did_you_mean(name, available_timezones())
        hint = near if near.startswith(", did") else ", write UTC or one like Europe/Berlin"
        raise ValueError(f"{name!r} is not a time zone{hint}") from None


def slots_between(timing: Timing, after: datetime, until: datetime) -> list[datetime]:
    """The moments in UTC at which a job is due, after `after` and up to `until`, in order."""
    if until <= after:
        return []
    last = max(_clocks(timing.zone, until))
    walls = takewhile(lambda wall: wall <= last, _walls(timing, after))
    return sorted({moment for wall in walls for moment in _moments(timing, wall) if after < moment <= until})


def next_slot(timing: Timing, after: datetime) -> datetime:
    """The first moment in UTC after `after` at which a job is due."""
    some = next(moment for wall in _walls(timing, after) for moment in _moments(timing, wall) if moment > after)
    return slots_between(timing, after, some)[0]  # a later wall-clock time can be an earlier moment


def latest_slots(timing: Timing, after: datetime, until: datetime, most: int) -> list[datetime]:
    """At most the `most` latest moments after `after` and up to `until`, fast even over years."""
    span = _DAY
    while True:
        start = max(after, until - span)
        found = slots_between(timing, start, until)
        if len(found) >= most or start == after:
            return found[-most:]
        span *= 4


def _numbers(word: str, field: str) -> str:
    """A cron field for cronsim: without names, and without ranges that end on Sunday."""
    lowest, highest, names = _FIELDS[field]
    items = []
    for item in word.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"{field} {word!r} is not valid; write *, 5, 1-5, */15, 1-30/2, or several with commas")
        first, last, step = match.groups()
        low = lowest if first == "*" else _value(first, field)
        high = _value(last, field) if last else highest if step or first == "*" else low
        if names is _WEEKDAYS and last and high == 0:  # Sunday also ends the week, as in sat-sun
            high = 7
        if step and int(step) == 0:
            raise ValueError(f"{field} {item!r} has the step 0; a step is 1 or more")
        if low > high or (first == "*" and last):
            raise ValueError(f"{field} {item!r} is not a range: the first must not be later than the last")
        items.append(item if first == "*" else ",".join(map(str, range(low, high + 1, int(step or 1)))))
    return ",".join(items)


def _value(word: str, field: str) -> int:
    lowest, highest, names = _FIELDS[field]
    if not word.isdigit():
        if word.lower() not in names:
            raise ValueError(f"{field} {word!r} is unknown{did_you_mean(word.lower(), names)}")
        return names.index(word.lower()) + lowest
    if not lowest <= int(word) <= highest:
        raise ValueError(f"{field} must be {lowest} to {highest}, got {word}")
    return int(word)


def _walls(timing: Timing, after: datetime) -> Iterator[datetime]:
    """Wall-clock times without a zone, in order, beginning no later than `after`."""
    return CronSim(timing.cron, min(_clocks(timing.zone, after)))


def _moments(timing: Timing, wall: datetime) -> list[datetime]:
    """The moments of a wall-clock time."""
    folds = [wall.replace(tzinfo=timing.zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if timing.cron.split()[1].startswith("*"):
        return [moment for moment in folds if moment.astimezone(timing.zone).replace(tzinfo=None) == wall]
    return folds[:1]  # the first of two; in a gap the offset before the jump


def _clocks(zone: ZoneInfo, moment: datetime) -> list[datetime]:
    """The wall-clock time of a moment by the zone's offset then, a day before and a day after."""
    return [(moment + day).astimezone(zone).replace(tzinfo=None) - day for day in (-_DAY, timedelta(), _DAY)]

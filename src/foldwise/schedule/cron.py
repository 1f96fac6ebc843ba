"""When a job is due: a line of cron in a time zone, as moments in UTC.

APScheduler finds wall-clock times, and nothing else of it is used. What one means where clocks change is said here:

* Every wall-clock time happens once. One that clocks skip happens as much later as they jump; one that comes twice happens
  when it comes first. Two wall-clock times that become the same moment are one.
* Where the hour begins with `*`, as in `*/15 * * * *`, the job follows real time: what comes twice happens twice, what is
  skipped never.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from heapq import merge
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from foldwise.errors import did_you_mean

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

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
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # a month's days in a leap year
_ITEM = re.compile(
    r"(?P<first>\*|[0-9]{1,2}|[a-z]{3})(?:-(?P<last>[0-9]{1,2}|[a-z]{3}))?(?:/(?P<step>[0-9]{1,2}))?", re.IGNORECASE
)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Timing:
    """When a job is due.

    either_day: whether the day of the month or that of the week is enough, as in cron where both are given.
    in_real_time: whether the job follows real time where clocks change.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool
    in_real_time: bool
    zone: ZoneInfo

    @cached_property
    def triggers(self) -> tuple[CronTrigger, ...]:
        """APScheduler's, for wall-clock times without changes of the clock; it counts weekdays from Monday."""
        from apscheduler.triggers.cron import CronTrigger

        days = {"day": _listed(self.days, 31)}
        weekdays = {"day_of_week": _listed(sorted({(day - 1) % 7 for day in self.weekdays}), 7)}
        times: dict[str, Any] = {
            "month": _listed(self.months, 12),
            "hour": _listed(self.hours, 24),
            "minute": _listed(self.minutes, 60),
            "timezone": UTC,
        }
        if self.either_day and not _comes(self.days, self.months):  # APScheduler would look for it until the year 9999
            return (CronTrigger(**times, **weekdays),)
        if self.either_day:
            return CronTrigger(**times, **days), CronTrigger(**times, **weekdays)
        return (CronTrigger(**times, **days, **weekdays),)


def read_timing(cron: str, zone: ZoneInfo) -> Timing:
    """What a line of cron with five fields means in a time zone.

    Raises:
        ValueError: it is none, or no day is ever so, like 30 February.
    """
    words = _WORDS.get(cron.strip().lower(), cron).split()
    if len(words) != len(_FIELDS):
        fields = ", ".join(_FIELDS)
        raise ValueError(
            f"{cron!r} must have five fields ({fields}), as in '0 3 * * 1' for Mondays at 3, or be one of {', '.join(_WORDS)}"
        )
    minutes, hours, days, months, weekdays = (_values(word, field) for word, field in zip(words, _FIELDS, strict=True))
    either_day = not words[2].startswith("*") and not words[4].startswith("*")
    if not either_day and not _comes(days, months):
        raise ValueError(f"{cron!r} never comes: no such month has a day {days[0]}")
    return Timing(minutes, hours, days, months, weekdays, either_day, words[1].startswith("*"), zone)


def read_zone(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises:
        ValueError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        near = did_you_mean(name, available_timezones())
        raise ValueError(
            f"{name!r} is no time zone{near if near.startswith(', did') else ', write UTC or one like Europe/Berlin'}"
        ) from None


def slots_between(timing: Timing, after: datetime, until: datetime) -> list[datetime]:
    """The moments in UTC at which a job is due, later than `after`, `until` included, in order."""
    if until <= after:
        return []
    first = after.astimezone(UTC).replace(tzinfo=None) + min(_offsets(timing.zone, after))
    last = until.astimezone(UTC).replace(tzinfo=None) + max(_offsets(timing.zone, until))
    return sorted(
        {moment for wall in _walls(timing, first, last) for moment in _moments(timing, wall) if after < moment <= until}
    )


def next_slot(timing: Timing, after: datetime) -> datetime:
    """The first moment in UTC after another at which a job is due."""
    first = after.astimezone(UTC).replace(tzinfo=None) + min(_offsets(timing.zone, after))
    walls = _walls(timing, first, datetime.max)
    some = next(moment for wall in walls for moment in _moments(timing, wall) if moment > after)
    return slots_between(timing, after, some)[0]  # a later wall-clock time may be an earlier moment


def latest_slots(timing: Timing, after: datetime, until: datetime, most: int) -> list[datetime]:
    """The latest of the moments between two, however long ago the first was."""
    span = _DAY
    while True:
        start = max(after, until - span)
        found = slots_between(timing, start, until)
        if len(found) >= most or start == after:
            return found[-most:]
        span *= 4


def _comes(days: Sequence[int], months: Sequence[int]) -> bool:
    return any(days[0] <= _LONGEST[month - 1] for month in months)


def _values(word: str, field: str) -> tuple[int, ...]:
    """What a field of cron allows, in order."""
    found: set[int] = set()
    lowest, highest, names = _FIELDS[field]
    for item in word.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f"{field} {word!r} is not understood; write *, 5, 1-5, */15, 1-30/2, or several with commas")
        first, last, step = match.group("first", "last", "step")
        if first == "*":
            low, high = lowest, 6 if names is _WEEKDAYS else highest
        else:
            low = _value(first, field)
            high = _value(last, field) if last else highest if step else low
        if names is _WEEKDAYS and last and high == 0:  # Sunday ends the week as well, sat-sun
            high = 7
        if step == "0" * len(step or "") and step:
            raise ValueError(f"{field} {item!r} has the step 0; a step is 1 or more")
        if low > high or (first == "*" and last):
            raise ValueError(f"{field} {item!r} is no range: the first must not be later than the last")
        found |= set(range(low, high + 1, int(step or 1)))
    if names is _WEEKDAYS:
        found = {value % 7 for value in found}
    return tuple(sorted(found))


def _value(word: str, field: str) -> int:
    lowest, highest, names = _FIELDS[field]
    if not word.isdigit():
        if word.lower() not in names:
            raise ValueError(f"{field} {word!r} is unknown{did_you_mean(word.lower(), names)}")
        return names.index(word.lower()) + lowest
    if not lowest <= int(word) <= highest:
        raise ValueError(f"{field} must be {lowest} to {highest}, got {word}")
    return int(word)


def _listed(values: Sequence[int], every: int) -> str:
    return "*" if len(values) == every else ",".join(map(str, values))


def _walls(timing: Timing, first: datetime, last: datetime) -> Iterator[datetime]:
    """Wall-clock times without a zone, in order; those of two triggers may come twice."""

    def of(trigger: CronTrigger) -> Iterator[datetime]:
        moment = trigger.get_next_fire_time(None, first.replace(tzinfo=UTC))
        while moment is not None and (wall := moment.replace(tzinfo=None)) <= last:
            yield wall
            moment = trigger.get_next_fire_time(None, moment + timedelta(seconds=1))

    return merge(*(of(trigger) for trigger in timing.triggers))


def _moments(timing: Timing, wall: datetime) -> Iterator[datetime]:
    """The moments that a wall-clock time stands for."""
    if not timing.in_real_time:
        yield wall.replace(tzinfo=timing.zone).astimezone(
            UTC
        )  # fold=0: the first of two, and in a gap the time before the jump
        return
    for fold in (0, 1):
        moment = wall.replace(tzinfo=timing.zone, fold=fold).astimezone(UTC)
        if moment.astimezone(timing.zone).replace(tzinfo=None, fold=0) == wall:
            yield moment


def _offsets(zone: ZoneInfo, moment: datetime) -> list[timedelta]:
    """How far the zone's clocks are from UTC at a moment and a day before and after it."""
    return [(moment + day).astimezone(zone).utcoffset() or timedelta() for day in (-_DAY, timedelta(), _DAY)]

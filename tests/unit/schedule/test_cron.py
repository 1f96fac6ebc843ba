"""The times of jobs, compared with an oracle that walks through the minutes of a zone one by one."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldwise.schedule.cron import latest_slots, next_slot, read_timing, read_zone, slots_between

# Whole hours in spring and autumn, half an hour, changes at midnight, none.
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "Asia/Kolkata")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


def timing(cron, zone="Europe/Berlin"):
    return read_timing(cron, read_zone(zone))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@cache
def local_minutes(zone, begin, days):
    """For each minute in UTC from `begin`, the minute that the zone's clocks show, counted from 1970."""
    place = ZoneInfo(zone)

    def ahead(minute):
        return (begin + int(minute) * MINUTE).astimezone(place).utcoffset() // MINUTE

    offsets = np.repeat([ahead(day * 1440) for day in range(days)], 1440)
    for day in np.flatnonzero(np.diff(offsets[::1440], append=offsets[-1])):  # clocks change within these
        offsets[day * 1440 : (day + 1) * 1440] = [ahead(day * 1440 + minute) for minute in range(1440)]
    return int(begin.timestamp()) // 60 + np.arange(days * 1440) + offsets


def matches(walls, minutes, hours, days, months, weekdays, either):
    """Which wall-clock minutes match; weekdays count from Sunday."""
    right = {}
    for number in np.unique(walls // 1440):
        day = date(1970, 1, 1) + int(number) * DAY
        by_month, by_week = day.day in days, day.isoweekday() % 7 in weekdays
        right[int(number)] = day.month in months and (by_month or by_week if either else by_month and by_week)
    numbers, where = np.unique(walls // 1440, return_inverse=True)
    of_day = np.array([right[int(number)] for number in numbers])[where]
    return np.isin(walls % 60, list(minutes)) & np.isin(walls // 60 % 24, list(hours)) & of_day


def expected(zone, begin, days, fields, in_real_time):
    """The rule, minute by minute: all times from a day after `begin` to a day before the end."""
    shown = local_minutes(zone, begin, days)
    if in_real_time:
        due = np.flatnonzero(matches(shown, *fields))
    else:
        walls = np.arange(shown.min(), shown.max() + 1)
        place = np.full(len(walls), -1)
        for minute in np.flatnonzero(np.diff(shown) > 1):  # clocks go forward after this minute
            skipped = np.arange(shown[minute + 1] - shown[minute] - 1)
            place[shown[minute] + 1 + skipped - walls[0]] = minute + 1 + skipped
        first, when = np.unique(shown, return_index=True)  # the index is that of the first occurrence
        place[first - walls[0]] = when
        due = np.unique(place[matches(walls, *fields)])
    moments = [begin + int(minute) * MINUTE for minute in due]
    return [moment for moment in moments if begin + DAY < moment <= begin + (days - 1) * DAY]


ALL = (range(60), range(24), range(1, 32), range(1, 13), range(7))
LINES = {
    "30 2 * * *": ([30], [2], *ALL[2:], False),
    "0 0 * * *": ([0], [0], *ALL[2:], False),
    "*/30 1,2 * * *": ([0, 30], [1, 2], *ALL[2:], False),
    "45 */5 * * *": ([45], range(0, 24, 5), *ALL[2:], False),
    "0 0,2 29-31 * *": ([0], [0, 2], [29, 30, 31], *ALL[3:], False),
    "15 2 1,15 3,10,11 0": ([15], [2], [1, 15], [3, 10, 11], [0], True),
    "0 4 * * 1-5": ([0], [4], *ALL[2:4], [1, 2, 3, 4, 5], False),
    "0 */4 * * 0,5": ([0], range(0, 24, 4), *ALL[2:4], [0, 5], False),
}


@pytest.mark.parametrize("zone", ZONES)
def test_three_years_agree_with_the_oracle(zone):
    days = 3 * 365 + 1
    for cron, fields in LINES.items():
        right = expected(zone, BEGIN, days, fields, cron.split()[1].startswith("*"))
        assert slots_between(timing(cron, zone), BEGIN + DAY, BEGIN + (days - 1) * DAY) == right, cron
        assert len(right) > 10


def a_field(lowest, highest, starred=True):
    some = st.sets(st.integers(lowest, highest), min_size=1, max_size=3).map(
        lambda values: (",".join(map(str, sorted(values))), values)
    )
    every = st.just(("*", set(range(lowest, highest + 1))))
    steps = st.sampled_from([2, 7, 13]).map(lambda step: (f"*/{step}", set(range(lowest, highest + 1, step))))
    return st.one_of(some, every, steps) if starred else some


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from([-5, 80, 85, 90, 270, 275, 300, 305]),
    a_field(0, 59, starred=False),
    a_field(0, 23),
    a_field(1, 31),
    a_field(0, 6),
)
def test_any_line_agrees_with_the_oracle(zone, place, minute, hour, day, weekday):
    begin = BEGIN + place * DAY
    cron = f"{minute[0]} {hour[0]} {day[0]} * {weekday[0]}"
    either = not day[0].startswith("*") and not weekday[0].startswith("*")
    right = expected(zone, begin, 8, (minute[1], hour[1], day[1], range(1, 13), weekday[1], either), hour[0].startswith("*"))
    here, after, until = timing(cron, zone), begin + DAY, begin + 7 * DAY
    assert slots_between(here, after, until) == right
    assert latest_slots(here, after, until, 3) == right[-3:]
    walked = []
    moment = next_slot(here, after)
    while moment <= until and len(walked) < 20:
        walked.append(moment)
        moment = next_slot(here, moment)
    assert walked == right[:20]


class TestClockChanges:
    def test_a_skipped_time_comes_later_by_the_jump(self):
        found = slots_between(timing("30 2 * * *"), at("2026-03-28T12:00"), at("2026-03-30T12:00"))
        assert found == [at("2026-03-29T01:30"), at("2026-03-30T00:30")]

    def test_a_repeated_time_is_the_first(self):
        found = slots_between(timing("30 2 * * *"), at("2026-10-24T12:00"), at("2026-10-26T12:00"))
        assert found == [at("2026-10-25T00:30"), at("2026-10-26T01:30")]

    def test_two_times_that_become_one_moment_are_one_slot(self):
        found = slots_between(timing("30 2,3 * * *"), at("2026-03-28T12:00"), at("2026-03-29T12:00"))
        assert found == [at("2026-03-29T01:30")]

    def test_with_a_wildcard_hour_the_job_follows_real_time(self):
        spring = slots_between(timing("*/15 * * * *"), at("2026-03-29T00:30"), at("2026-03-29T01:30"))
        assert spring == [at("2026-03-29T00:45"), *(at("2026-03-29T01:00") + n * 15 * MINUTE for n in range(3))]
        autumn = slots_between(timing("*/30 * * * *"), at("2026-10-24T23:50"), at("2026-10-25T02:00"))
        assert autumn == [at("2026-10-25T00:00") + n * 30 * MINUTE for n in range(5)]

    def test_the_runs_of_a_day_that_a_zone_skipped_come_later(self):
        found = slots_between(timing("0 12 30 12 *", "Pacific/Apia"), at("2011-01-01T00:00"), at("2012-06-01T00:00"))
        assert found == [at("2011-12-30T22:00")]  # noon of the 31st there


class TestLines:
    def test_sunday_is_0_and_7_and_has_a_name(self):
        for line in ("0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * SUN"):
            assert next_slot(timing(line, "UTC"), at("2026-03-24T00:00")) == at("2026-03-29T00:00")
        for line in ("0 0 * * 5-7", "0 0 * * fri-sun", "0 0 * * 0,5,6", "0 0 * * */7,fri-sat"):
            found = slots_between(timing(line, "UTC"), at("2026-03-22T12:00"), at("2026-03-29T12:00"))
            assert [moment.isoweekday() for moment in found] == [5, 6, 7]

    def test_with_both_days_either_is_enough_as_in_cron(self):
        found = slots_between(timing("0 0 13 * 5", "UTC"), at("2026-01-01T00:00"), at("2026-01-31T00:00"))
        assert [moment.day for moment in found] == [2, 9, 13, 16, 23, 30]
        found = slots_between(timing("0 0 */2 * 5", "UTC"), at("2026-01-01T00:00"), at("2026-01-31T00:00"))
        assert [moment.day for moment in found] == [9, 23]

    @pytest.mark.parametrize(
        ("line", "comes"),
        [
            ("0 0 29 2 *", "2028-02-29T00:00"),
            ("0 0 31 * *", "2026-03-31T00:00"),
            ("0 0 30 2 1", "2027-02-01T00:00"),
            ("0 0 29 2 */7", "2032-02-29T00:00"),
            ("@monthly", "2026-04-01T00:00"),
        ],
    )
    def test_rare_times_are_found(self, line, comes):
        assert next_slot(timing(line, "UTC"), at("2026-03-24T00:00")) == at(comes)

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("0 0 30 2 *", "never comes: no such month has a day 30"),
            ("0 0 31 2,4,6,9,11 */2", "never comes"),
            ("0 0 * *", "five fields"),
            ("@dayly", "@daily"),
            ("60 * * * *", "minute must be 0 to 59, got 60"),
            ("* 24 * * *", "hour must be 0 to 23"),
            ("* * 0 * *", "day of month must be 1 to 31"),
            ("* * * * 8", "day of week must be 0 to 7"),
            ("*/0 * * * *", "the step 0"),
            ("9-5 * * * *", "is not a range"),
            ("*-5 * * * *", "is not a range"),
            ("1-5-9 * * * *", "is not valid; write"),
            ("* * * jun-foo *", "'foo' is unknown"),
            ("* * * * mno", "did you mean mon"),
            ("1, * * * *", "is not valid; write"),
            ("0 0 L * *", "is not valid; write"),
            ("0 0 * * mon#1", "is not valid; write"),
            ("١ * * * *", "is not valid; write"),
        ],
    )
    def test_an_invalid_line_is_refused_in_a_sentence(self, line, said):
        with pytest.raises(ValueError, match=said.replace("*", r"\*")):
            timing(line)

    @pytest.mark.parametrize("name", ["Europe/Berln", "../../etc/passwd", "Europe", "/etc/localtime", "", "a\0b"])
    def test_an_unknown_time_zone_is_refused(self, name):
        with pytest.raises(ValueError, match="is not a time zone"):
            read_zone(name)


def test_after_a_long_time_only_the_latest_slots_are_computed():
    found = latest_slots(timing("* * * * *", "UTC"), at("1970-01-01T00:00"), at("2026-01-01T00:00"), 3)
    assert found == [at("2025-12-31T23:58"), at("2025-12-31T23:59"), at("2026-01-01T00:00")]


def test_nothing_is_due_if_time_goes_backwards():
    assert slots_between(timing("* * * * *"), at("2026-01-02T00:00"), at("2026-01-01T00:00")) == []

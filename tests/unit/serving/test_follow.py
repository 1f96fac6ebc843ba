"""A new version takes over when it is loaded; whatever fails, the present one goes on serving."""

import pytest

from foldwise.errors import JobError
from foldwise.serving.app import Served
from foldwise.serving.follow import Follower


class Place:
    """A registry whose alias moves, and loads that may fail."""

    def __init__(self):
        self.version, self.away, self.broken = 1, None, set()
        self.loads, self.notes = [], []

    def number(self):
        if self.away:
            raise JobError(self.away)
        return self.version

    def load(self, number):
        self.loads.append(number)
        if number in self.broken:
            raise JobError("a file was changed")
        return Served(f"iris/{number}", None)


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def follower(place):
    return Follower(place.number, place.load, place.notes.append)


def test_a_promotion_is_followed_once(place, follower):
    follower.look()
    assert (follower.served().name, place.loads) == ("iris/1", [1])
    place.version = 3
    follower.look()
    follower.look()
    assert (follower.served().name, place.loads) == ("iris/3", [1, 3])
    assert place.notes == ["iris/3 serves from now on, in place of iris/1"]


def test_a_version_that_cannot_be_loaded_is_tried_once_and_the_present_one_serves(place, follower):
    place.version, place.broken = 2, {2}
    follower.look()
    follower.look()
    assert (follower.served().name, place.loads) == ("iris/1", [1, 2])
    assert place.notes == ["version 2 cannot be served: a file was changed; iris/1 goes on serving"]
    place.version = 1
    follower.look()
    place.version, place.broken = 4, set()
    follower.look()
    assert follower.served().name == "iris/4"


def test_a_registry_that_is_away_is_noted_once_each_time(place, follower):
    for _ in range(3):
        place.away = "the registry is away"
        follower.look()
        follower.look()
        place.away = None
        follower.look()
    assert place.notes == ["the registry is away; iris/1 goes on serving"] * 3
    assert place.loads == [1]


def test_at_the_start_a_fault_is_raised(place):
    place.broken = {1}
    with pytest.raises(JobError, match="a file was changed"):
        Follower(place.number, place.load, place.notes.append)

from pathlib import Path

import pytest

from foldwise.schedule.door import _handed_on
from foldwise.schedule.spec import ScheduleSpec
from foldwise.spec.places import Paths


@pytest.mark.parametrize(
    ("paths", "words", "handed"),
    [
        ({}, (), None),
        ({"data": "sets"}, (), str(Path("sets").resolve())),
        ({"data": "/srv/sets"}, ("seed=1",), "/srv/sets"),
        ({"data": "sets"}, ("paths.data=mine",), None),
    ],
)
def test_jobs_search_data_sets_where_the_scheduler_does(paths, words, handed):
    given = dict(word.split("=", 1) for word in _handed_on(ScheduleSpec(paths=Paths(**paths)), words))
    assert given.get("paths.data") == handed

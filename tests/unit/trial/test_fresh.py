"""What is said of fresh runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from foldwise.spec.goal import Goal
from foldwise.trial.fresh import Fresh, FreshTrial

GOAL = Goal("accuracy", "maximize")


def trial(number, score, best_on=0, **values):
    return FreshTrial(
        trial=number, score=score, low=score - 0.02, high=score + 0.02, shrunk=score - 0.01, best_on=best_on, **values
    )


FRESH = Fresh(
    seeds=5,
    redrawn=True,
    trials=(trial(12, 0.93, 4), trial(0, 0.92, 1)),
    best=12,
    score=0.93,
    low=0.91,
    high=0.95,
    shrunk=0.92,
    default=0,
    p=0.2,
    level=0.0025,
    taken=0,
    rule=True,
)


def test_the_score_is_said_with_its_interval():
    assert FRESH.sentences[0] == (
        "on 5 fresh seeds and splits trial 12 has 0.9300 (95 % interval 0.9100 to 0.9500, 0.9200 shrunk towards all trials); "
        "it is the best of 2 on 4 of them"
    )
    assert replace(FRESH, redrawn=False).sentences[0].startswith("on 5 fresh seeds trial 12 has ")
    alone = replace(FRESH, trials=FRESH.trials[:1])
    assert alone.sentences[0] == "on 5 fresh seeds and splits trial 12 has 0.9300 (95 % interval 0.9100 to 0.9500)"


def test_without_the_rule_the_best_is_compared_with_the_defaults():
    against = "the defaults (trial 0): 0.9300 against 0.9200 on fresh seeds, p"
    plain = replace(FRESH, rule=False)
    assert plain.sentences[1:] == [f"trial 12 is not shown to be better than {against} 0.2"]
    assert replace(plain, p=0.001).sentences[1:] == [f"trial 12 is better than {against} 0.001"]
    assert len(replace(plain, p=None).sentences) == 1
    assert replace(plain, trials=(), best=None).sentences == []


RULE = "select.rule=fresh "


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {},
            "refits trial 0, the defaults; trial 12 cannot be told from them: 0.9300 against 0.9200 on fresh seeds, p 0.2, and "
            "below 0.0025 is needed after this search",
        ),
        (
            {"taken": 12, "p": 0.001},
            "refits trial 12, which is better than the defaults (trial 0): 0.9300 against 0.9200 on fresh seeds, p 0.001",
        ),
        ({"p": None}, "refits trial 0, the defaults; a single fold cannot tell trial 12 from them"),
        ({"trials": (trial(0, 0.9),), "best": 0}, "refits trial 0, the defaults; no other trial has fresh scores"),
        ({"default": None, "taken": 12}, "refits trial 12, the best on fresh seeds; the defaults are not complete"),
        (
            {"trials": (trial(12, 0.9),), "taken": 12, "failed": (0,)},
            "refits trial 12, the best on fresh seeds; the defaults (trial 0) failed on a fresh seed",
        ),
        ({"trials": (), "best": None}, "refits trial 0, the defaults; no other trial has fresh scores"),
        ({"trials": (), "best": None, "taken": None}, "has neither fresh scores nor defaults, so the best trial is refitted"),
    ],
)
def test_the_rule_says_what_it_took_and_why(values, said):
    sentence = replace(FRESH, **values).sentences[-1]
    assert sentence == RULE + said


def test_all_scores_move_together():
    moved = FRESH.moved(GOAL, -0.01)
    assert (moved.score, moved.low, moved.high, moved.shrunk) == pytest.approx((0.92, 0.90, 0.94, 0.91))
    assert [one.score for one in moved.trials] == pytest.approx([0.92, 0.91])
    assert [one.shrunk for one in moved.trials] == pytest.approx([0.91, 0.90])
    unknown = replace(FRESH, trials=(replace(trial(1, 0.9), low=None, high=None),), low=None, high=None).moved(GOAL, 0.1)
    assert unknown.low is unknown.trials[0].low is None


def test_a_moved_score_stays_within_those_that_there_can_be():
    moved = FRESH.moved(GOAL, 0.08)
    assert (moved.score, moved.low, moved.high, moved.shrunk) == pytest.approx((1.0, 0.99, 1.0, 1.0))
    assert max(one.score for one in moved.trials) == 1.0

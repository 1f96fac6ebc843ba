"""What is said of an ensemble."""

from __future__ import annotations

from dataclasses import replace

import pytest

from foldwise.trial.ensemble import EnsembleOutcome, Member, named
from foldwise.trial.summary import StudySummary
from tests.contract.ledgers import summary

MEMBERS = tuple(Member(trial, weight, {"model.units": trial}) for trial, weight in ((12, 3), (3, 2), (7, 1), (25, 1), (30, 1)))
KEPT = EnsembleOutcome(members=MEMBERS, best=12, score=0.9123, single=0.91, error=0.004)
SHIPPED = replace(KEPT, score=0.9312, shipped=True, milliseconds=3.14, megabytes=0.4567)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            KEPT,
            "the ensemble of 5 trials scored 0.9123, not more than a standard error (0.0040) better than trial 12 (0.9100); "
            "trial 12 alone is the model",
        ),
        (
            SHIPPED,
            "the model is an ensemble of 5 trials (12 x 3, 3 x 2, 7, 25 and 1 more): 0.9312, more than a standard error "
            "(0.0040) better than trial 12 (0.9100); a row takes 3.1 ms, and its files 0.46 MB",
        ),
        (
            replace(KEPT, members=MEMBERS[:1]),
            "no ensemble: adding other trials to trial 12 does not help; trial 12 alone is the model",
        ),
        (replace(KEPT, members=()), "no ensemble: the predictions of the trials are not there; trial 12 alone is the model"),
        (
            replace(KEPT, score=None, single=None, error=None),
            "the ensemble of 5 trials cannot be scored on these rows; trial 12 alone is the model",
        ),
    ],
)
def test_the_sentence(outcome, said):
    assert outcome.sentence == said


def test_the_name_has_all_members_and_their_weights():
    assert named(MEMBERS) == SHIPPED.name == "12 x 3, 3 x 2, 7, 25, 30"


def test_a_summary_says_what_the_model_is():
    plain = summary()
    assert (plain.answers, plain.ensemble) == (f"trial {plain.best.number}", None)
    shipped, kept = replace(plain, ensemble=SHIPPED), replace(plain, ensemble=KEPT)
    assert (shipped.answers, shipped.cross_validated) == ("ensemble of 5", "0.9312")
    assert (kept.answers, kept.cross_validated) == (plain.answers, plain.cross_validated)
    for one in (plain, shipped, kept):
        assert StudySummary.from_json(one.to_json()) == one
    assert plain.to_json()["ensemble"] is None

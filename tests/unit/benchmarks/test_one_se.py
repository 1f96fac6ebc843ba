"""A look at the defaults keeps the rule of one standard error from small networks that are worse."""

from benchmarks.one_se import RULES, TRIALS, outcome, searches


def test_a_search_begins_with_the_defaults_and_small_networks_are_worse():
    (one,) = searches(1.0, 0.0, 1)
    assert (len(one.trials), one.truths[0], one.trials[0].costs["parameters"]) == (TRIALS, 0.0, 32.0)
    small = [trial.number for trial in one.trials if trial.costs["parameters"] == 8.0]
    assert set(one.truths[small]) == {-2.0}


def test_the_rule_is_safer_than_one_error_alone_and_smaller_than_the_best():
    found = outcome(searches(0.6, 0.3, 200))
    best, alone, one_se = (found[rule] for rule in RULES)
    assert one_se["worse"] < 0.02 < alone["worse"]
    assert alone["mean"] < one_se["mean"] < best["mean"]
    assert alone["parameters"] < one_se["parameters"] < best["parameters"]

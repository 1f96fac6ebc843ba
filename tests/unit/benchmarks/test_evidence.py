"""The simulated years find a drift and leave a champion that nothing beats; their cases are those that the page names."""

from benchmarks.evidence import CASES, years


def test_a_drift_is_found_and_luck_is_not():
    turned = next(place for place, case in enumerate(CASES) if case.turned)
    assert len(years(10, turned)) == 10
    assert len(years(10, 0)) <= 2
    assert CASES[0].what == "nothing to gain"

import pytest
from pydantic import ValidationError

from foldwise.spec.resnet import ResnetSpec


def _spec(**options):
    return ResnetSpec.model_validate({"kind": "resnet", **options})


def test_each_stage_has_twice_the_maps_of_the_one_before_or_its_own_number():
    assert _spec(stages=4, filters=8).maps == (8, 16, 32, 64)
    assert _spec(stages=2, filters=[5, 7]).maps == (5, 7)


def test_height_and_width_are_halved_by_each_stage_but_the_first_and_before_the_first():
    assert _spec(stages=3, first_halvings=2).halvings == 4
    assert _spec(stages=1, first_halvings=0).halvings == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"filters": [8, 16]}, "filters lists 2 numbers of maps, so stages must be 2, got 3"),
        ({"initializer": "identity"}, "initializer identity makes a matrix"),
        ({"stages": 0}, "greater than or equal to 1"),
        ({"width": 3}, "Extra inputs are not permitted"),
    ],
)
def test_what_does_not_fit_is_refused(options, sentence):
    with pytest.raises(ValidationError, match=sentence):
        _spec(**options)

"""Sentences for lists of a fixed length, whatever key has them."""

import pytest
from pydantic import BaseModel, ValidationError

from foldwise.config.messages import message_for


class Inner(BaseModel):
    pair: tuple[int, int]


class Outer(BaseModel):
    inner: Inner


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([], "inner.pair: must have more values, got []"),
        ([1], "inner.pair: must have more values, got [1]"),
        ([1, 2, 3], "inner.pair: must list at most 2, got [1, 2, 3]"),
        ([1, 2.5], "inner.pair.1: must be a whole number, got 2.5"),
    ],
)
def test_a_list_of_another_length_is_named_by_its_key(given, sentence):
    values = {"inner": {"pair": given}}
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(values)
    assert str(message_for(Outer, values, caught.value)) == sentence

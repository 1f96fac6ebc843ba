"""Importance of columns, in words and as plain values."""

from pydantic import TypeAdapter

from foldwise.trial.importance import ColumnImportance, GroupImportance, Importance, together


def found(columns, groups=(), **changes):
    values = {"metric": "accuracy", "rows": 100, "repeats": 5, "of": len(columns), "columns": tuple(columns), "groups": groups}
    return Importance(**{**values, **changes})


def column(name, importance, low=None, group=None):
    return ColumnImportance(name, importance, low, None if low is None else importance + 0.1, group)


def test_the_sentence_names_what_matters_in_order_and_a_group_as_one():
    group = GroupImportance(("b", "b_copy"), 0.2, 0.1, 0.3)
    columns = [column("a", 0.123, 0.1), column("b", 0.02, -0.01, 0), column("b_copy", 0.01, -0.02, 0), column("c", 0.001, -0.1)]
    one = found(columns, (group,))
    assert one.sentence == (
        "columns that matter most: b (with b_copy) 0.2, a 0.12 "
        "(how much worse accuracy gets where they are shuffled, out of fold); 1 other not seen to matter"
    )
    assert [unit.columns for unit in one.ranked] == [("b", "b_copy"), ("a",), ("c",)]


def test_many_are_counted_and_none_is_said():
    many = found([column(f"x{n}", 1.0 - n / 100, 0.5) for n in range(8)])
    assert "x4 0.96, and 3 more (" in many.sentence
    assert "x5" not in many.sentence
    assert found([column("a", 0.1, -0.1)]).sentence.startswith("no column is seen to matter: shuffling one changes accuracy")


def test_without_intervals_what_is_above_0_counts():
    assert [one.columns for one in found([column("a", 0.1), column("b", -0.1)]).mattering] == [("a",)]


def test_names_of_a_large_group_are_cut():
    assert together(["a"]) == "a"
    assert together([f"x{n}" for n in range(9)]) == "x0 (with x1, x2 and 6 more)"


def test_it_is_read_as_it_was_written():
    one = found([column("a", 0.1, 0.05)], (GroupImportance(("a", "b"), 0.2, None, None),))
    kind = TypeAdapter(Importance)
    assert kind.validate_python(kind.dump_python(one, mode="json")) == one

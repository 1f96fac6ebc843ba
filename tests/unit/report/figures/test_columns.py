"""Which columns matter, as bars."""

from foldwise.report.figures.columns import MOST, bars_of, draw_importance
from foldwise.trial.importance import ColumnImportance, GroupImportance, Importance


def found(count=3, low=0.0, groups=()):
    columns = tuple(ColumnImportance(f"x{n}", 1.0 - n / 100, low, None if low is None else 2.0) for n in range(count))
    return Importance(metric="f1", rows=1500, repeats=5, of=count + 2, columns=columns, groups=groups)


def test_the_most_important_is_on_top_and_columns_stand_below_their_group():
    columns = (
        ColumnImportance("a", 0.5, 0.4, 0.6),
        ColumnImportance("b", 0.2, 0.1, 0.3, 0),
        ColumnImportance("c", 0.1, 0.0, 0.2, 0),
    )
    one = Importance(
        metric="f1", rows=9, repeats=1, of=3, columns=columns, groups=(GroupImportance(("b", "c"), 0.9, 0.8, 1.0),)
    )
    assert [(bar.columns, inside) for bar, inside in bars_of(one)] == [
        (("b", "c"), False),
        (("b",), True),
        (("c",), True),
        (("a",), False),
    ]
    figure = draw_importance(one)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b and 1 like it", "only b", "only c", "a"]
    assert [bar.get_width() for bar in axes.patches] == [0.9, 0.2, 0.1, 0.5]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert "green" in figure.get_suptitle()


def test_of_many_columns_it_says_how_many_are_shown():
    figure = draw_importance(found(MOST + 5))
    (axes,) = figure.axes
    assert len(axes.patches) == MOST
    assert figure.get_suptitle() == f"Which columns matter ({MOST} of {MOST + 7} columns, 1,500 rows)"
    assert axes.get_xlabel() == "how much worse f1 gets where it is shuffled, out of fold; lines: 95 % intervals"


def test_a_single_fold_has_bars_without_lines():
    (axes,) = draw_importance(found(low=None)).axes
    assert not axes.collections
    assert "interval" not in axes.get_xlabel()

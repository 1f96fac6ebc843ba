from foldwise.config.difference import difference


def test_equal_recipes_have_no_differences():
    recipe = {"model": {"units": ["int", 1, 9, {"log": True}], "dropout": 0.5}, "seed": 3}
    assert difference(recipe, {"seed": 3, "model": {"dropout": 0.5, "units": ("int", 1, 9, {"log": True})}}) == []


def test_each_line_names_its_dotted_key():
    old = {"model": {"units": 32, "hidden": 1, "activation": "relu"}, "seed": 0}
    new = {"model": {"units": 64, "activation": ["choice", "relu", "tanh"], "dropout": 0.1}, "seed": 0}
    assert difference(old, new) == [
        "model.units: 32 -> 64",
        "model.hidden: 1 -> (not given)",
        "model.activation: relu -> [choice, relu, tanh]",
        "model.dropout: (not given) -> 0.1",
    ]


def test_values_that_python_takes_for_equal_are_told_apart():
    old = {"a": True, "b": "1", "c": None, "d": "", "e": {}}
    new = {"a": 1, "b": 1, "c": "null", "d": None, "e": {"x": 1}}
    assert difference(old, new) == [
        "a: true -> 1", "b: '1' -> 1", "c: null -> 'null'", "d: '' -> null", "e: {} -> (not given)", "e.x: (not given) -> 1",
    ]  # fmt: skip


def test_a_whole_number_written_with_a_point_is_the_same_number():
    assert difference({"x": 1.0}, {"x": 1}) == []

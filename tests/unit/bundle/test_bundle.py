import json
import os
import resource
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from foldwise.bundle.card import Interval, read_card, write_card
from foldwise.bundle.checksums import hash_of, hashes
from foldwise.errors import DataError, JobError
from foldwise.evaluation.calibration import Calibration
from tests.contract.bundles import TARGETS, make_bundle

pytestmark = pytest.mark.slow
TASKS = ["binary", "multiclass", "regression", "multioutput"]


@pytest.fixture(scope="module", params=TASKS)
def made(request, tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture
def saved(tmp_path):
    make_bundle(tmp_path, "binary")
    return tmp_path / "bundle"


def load_bundle(*folder, **options):
    from foldwise.bundle.bundle import load_bundle as load  # importing Keras takes ten seconds

    return load(*folder, **options)


def _numbers(answers):
    return answers.select_dtypes("number").to_numpy()


def test_answers_are_labels_with_probabilities_or_numbers(made):
    bundle, table, raw = made
    answers = bundle.predict(raw)
    assert len(answers) == len(table)
    if table.task == "regression":
        assert list(answers.columns) == ["prediction", "flags"]
        assert abs(answers["prediction"].mean() - 1000) < 500  # in the target's own unit
        return
    if table.task == "multioutput":
        assert list(answers.columns) == ["answer", "weight", "flags"]
        assert abs(answers["answer"].mean() - 1000) < 500  # each in its own unit
        assert abs(answers["weight"].mean()) < 10
        return
    labels = TARGETS[table.task]
    assert list(answers.columns) == ["prediction", *(f"p_{label}" for label in labels), "flags"]
    shares = _numbers(answers)
    assert np.allclose(shares.sum(axis=1), 1.0, atol=1e-6)
    assert list(answers["prediction"]) == [labels[k] for k in shares.argmax(axis=1)]


def test_of_two_labels_the_card_s_threshold_decides(made):
    bundle, table, raw = made
    if table.task != "binary":
        pytest.skip("it decides between two labels")
    shares = bundle.scores(raw)[:, 1]
    middle = float(np.median(shares))
    answers = replace(bundle, card=replace(bundle.card, threshold=middle)).predict(raw)
    assert list(answers["prediction"] == "yes") == list(shares > middle)
    assert np.array_equal(answers["p_yes"], shares)


def test_calibrated_probabilities_and_intervals_are_in_every_answer(made):
    bundle, table, raw = made
    if table.task == "regression":
        wide = replace(bundle, card=replace(bundle.card, interval=Interval(0.9, 12.5)))
        answers, row = wide.predict(raw), wide.answer(raw.iloc[3].to_dict())
        assert list(answers.columns) == ["prediction", "low", "high", "flags"]
        assert np.allclose(answers["high"] - answers["prediction"], 12.5)
        assert np.allclose(answers["prediction"] - answers["low"], 12.5)
        assert (row["low"], row["high"]) == (answers["low"].iloc[3], answers["high"].iloc[3])
        return
    if table.task == "multioutput":
        pytest.skip("it has neither")
    calibration = Calibration(0.3)
    softer = replace(bundle, card=replace(bundle.card, calibration=calibration))
    answers, row = softer.predict(raw), softer.answer(raw.iloc[3].to_dict())
    labels = [f"p_{label}" for label in TARGETS[table.task]]
    assert np.array_equal(answers[labels].to_numpy(), calibration.apply(bundle.scores(raw)))
    assert [row[label] for label in labels] == answers[labels].iloc[3].tolist()
    assert list(answers["prediction"]) == list(bundle.predict(raw)["prediction"])


def test_raw_text_and_the_typed_table_get_the_same_answers(made):
    bundle, table, raw = made
    assert np.array_equal(bundle.scores(raw), bundle.scores(table.raw))


def test_column_order_extra_columns_and_the_index_do_not_matter(made):
    bundle, _, raw = made
    other = raw[raw.columns[::-1]].assign(more=1).set_index(pd.Index(range(100, 100 + len(raw))))
    answers = bundle.predict(other)
    assert np.array_equal(_numbers(answers), _numbers(bundle.predict(raw)))
    assert list(answers.index) == list(other.index)


@pytest.mark.parametrize("size", [1, 2, 3, 17])
def test_a_row_s_answer_does_not_depend_on_other_rows(made, size):
    bundle, _, raw = made
    together = bundle.scores(raw)
    assert np.array_equal(bundle.scores(raw.iloc[10 : 10 + size]), together[10 : 10 + size])
    many = pd.concat([raw] * 10, ignore_index=True)  # more than one block
    assert np.allclose(bundle.scores(many)[-len(raw) :], together, atol=1e-6)


def test_an_unseen_level_and_a_missing_cell_are_answered(made):
    bundle, _, raw = made
    odd = raw.iloc[:2].copy()
    odd["sort of thing"] = ["violet", None]
    odd["size"] = [None, "1,5"]
    assert np.isfinite(bundle.scores(odd)).all()


def test_no_rows_give_no_answers(made):
    bundle, _, raw = made
    answers = bundle.predict(raw.iloc[:0])
    assert len(answers) == 0
    assert list(answers.columns) == list(bundle.predict(raw).columns)


def test_a_missing_column_and_text_for_a_number_are_named(made):
    bundle, _, raw = made
    with pytest.raises(DataError, match="column count is missing"):
        bundle.predict(raw.drop(columns=["count"]))
    with pytest.raises(DataError, match="column size, row 2: 'much' is not a number"):
        bundle.predict(raw.iloc[:3].assign(size=["1,0", "much", "2,0"]))


def test_a_loaded_bundle_answers_bit_for_bit_as_the_saved_one(made, tmp_path):
    bundle, table, raw = made
    again, _, _ = make_bundle(tmp_path, table.task)
    assert np.array_equal(load_bundle(tmp_path / "bundle").scores(raw), again.scores(raw))
    assert np.array_equal(again.scores(raw), bundle.scores(raw))


def test_a_fresh_process_gives_the_same_answers(saved):
    code = (
        "import sys; from pathlib import Path; import pandas as pd; from foldwise.bundle.bundle import load_bundle\n"
        "raw = pd.read_csv(sys.argv[2], sep=';', dtype=str, keep_default_na=False)\n"
        "load_bundle(Path(sys.argv[1])).predict(raw).to_json(sys.argv[3], double_precision=15)"
    )
    out, rows = saved.parent / "out.json", saved.parent / "rows.csv"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(saved), str(rows), str(out)], check=True, env=environment)
    raw = pd.read_csv(rows, sep=";", dtype=str, keep_default_na=False)
    assert np.allclose(_numbers(pd.read_json(out)), _numbers(load_bundle(saved).predict(raw)), atol=1e-6)


def test_the_folder_holds_three_files_and_no_pickle(saved):
    assert sorted(file.name for file in saved.iterdir()) == ["bundle.json", "network.keras", "preparation.json"]
    assert sorted(file.name for file in saved.parent.iterdir()) == ["bundle", "rows.csv"]
    card = json.loads((saved / "bundle.json").read_text())
    assert card["labels"] == ["no", "yes"]
    assert card["reading"]["delimiter"] == ";"
    assert len(card["sample"]) == 5
    assert card["versions"]["keras"]


def test_a_bundle_whose_answers_changed_is_refused(saved, tmp_path):
    registered = hashes(saved)
    make_bundle(tmp_path / "other", "binary", seed=9)
    (saved / "network.keras").write_bytes((tmp_path / "other" / "bundle" / "network.keras").read_bytes())
    with pytest.raises(JobError, match=r"network.keras was changed since the bundle was saved"):
        load_bundle(saved)
    card = read_card(saved / "bundle.json")
    write_card(replace(card, files=hashes(saved)), saved / "bundle.json")  # and if the card is changed too
    with pytest.raises(JobError, match=r"was changed after the model was registered"):
        load_bundle(saved, registered)
    write_card(replace(card, files={}), saved / "bundle.json")
    with pytest.raises(JobError, match=r"its answers to its own sample rows differ by .*made with .*keras"):
        load_bundle(saved)


def test_only_registered_files_are_loaded(saved):
    registered = hashes(saved)
    assert load_bundle(saved, registered).card.files == {k: v for k, v in registered.items() if k != "bundle.json"}
    (saved / "more.py").write_text("")
    with pytest.raises(JobError, match=r"more.py was added"):
        load_bundle(saved, registered)


def test_a_bundle_made_with_other_libraries_is_loaded_with_a_warning(saved):
    card = read_card(saved / "bundle.json")
    write_card(replace(card, versions={**card.versions, "keras": "3.1.0"}), saved / "bundle.json")
    said = []
    load_bundle(saved, notify=said.append)
    assert len(said) == 1
    assert "was made with keras 3.1.0 (here 3." in said[0]
    with pytest.warns(UserWarning, match=r"was made with keras 3\.1\.0"):
        load_bundle(saved)


def test_a_bundle_older_than_profiles_and_hashes_answers_the_same(saved):
    raw = pd.read_csv(saved.parent / "rows.csv", sep=";", dtype=str, keep_default_na=False)
    before = load_bundle(saved).predict(raw)
    content = json.loads((saved / "bundle.json").read_text())
    del content["profile"], content["files"]
    (saved / "bundle.json").write_text(json.dumps({**content, "format": 2}))
    assert load_bundle(saved).predict(raw).equals(before)


ODD = {
    "as it was": {},
    "a number for text": {"size": 0.25},
    "text for a number": {"count": "3"},
    "a level as a number": {"sort of thing": 3.0},
    "a level never seen": {"sort of thing": "violet"},
    "a gap": {"sort of thing": None, "count": None, "gap": float("nan")},
    "beyond": {"size": "99,5", "count": -1},
    "further columns": {"more": [1]},
}


@pytest.mark.parametrize("odd", ODD)
def test_one_row_is_answered_as_by_predict(made, odd):
    bundle, _, raw = made
    row = {**raw.iloc[3].to_dict(), **ODD[odd]}
    expected = bundle.predict(pd.DataFrame([row], dtype=object)).iloc[0].to_dict()
    answer = bundle.answer(row)
    assert list(answer) == list(expected)
    assert answer == expected  # to the last bit
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"size": "much"}, "column size, row 1: 'much' is not a number"),
        ({"size": "1.5"}, "column size, row 1: '1.5' is not a number"),  # its decimal mark is a comma
        ({"count": True}, "column count, row 1: 'True' is not a number"),
        ({"count": float("inf")}, "column count, row 1: inf is larger than a network can hold"),
        ({"count": 10**400}, "is larger than a network can hold"),
        ({"count": [1]}, r"column count, row 1: '\[1\]' is not a number"),
        ({"sort of thing": {"a": 1}}, "column sort of thing, row 1: holds a dict"),
    ],
)
def test_one_row_is_refused_as_by_predict(saved, cells, sentence):
    bundle = load_bundle(saved)
    row = {"size": "0,1", "count": 1, "sort of thing": "red", "gap": 1, **cells}
    for ask in (bundle.answer, lambda row: bundle.predict(pd.DataFrame([row], dtype=object))):
        with pytest.raises(DataError, match=sentence):
            ask(row)
    with pytest.raises(DataError, match="column count is missing"):
        bundle.answer({"size": "0,1"})


def test_only_cells_unlike_the_training_rows_are_flagged(made):
    bundle, _, raw = made
    assert set(bundle.predict(raw)["flags"]) == {""}
    odd = raw.iloc[:2].assign(size=["99,5", "-99,5"], count=["", "1"], **{"sort of thing": ["red", "violet"]})
    expected = ["size beyond its range; count missing", "size beyond its range; sort of thing never seen"]
    assert list(bundle.predict(odd)["flags"]) == expected


@pytest.mark.parametrize("damage", ["gone", "torn card", "newer", "torn network", "no network"])
def test_a_damaged_bundle_is_one_sentence(saved, damage):
    card = saved / "bundle.json"
    if damage == "gone":
        card.unlink()
    elif damage == "torn card":
        card.write_text(card.read_text()[:100])
    elif damage == "newer":
        card.write_text(card.read_text().replace('"format": 4', '"format": 7'))
    elif damage == "torn network":
        (saved / "network.keras").write_bytes((saved / "network.keras").read_bytes()[:200])
    else:
        (saved / "network.keras").unlink()
    with pytest.raises(JobError) as caught:
        load_bundle(saved)
    assert "\n" not in str(caught.value)
    assert "bundle" in str(caught.value)


def test_a_bundle_is_replaced_in_one_step(saved):
    before = (saved / "network.keras").read_bytes()
    make_bundle(saved.parent, "binary", seed=7)
    assert (saved / "network.keras").read_bytes() != before
    assert sorted(file.name for file in saved.parent.iterdir()) == ["bundle", "rows.csv"]


def _network(folder, change):
    """Change the configuration in a bundle's network, and let its card have the new hash."""
    path = folder / "network.keras"
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    change(config)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, json.dumps(config) if name == "config.json" else content)
    card = read_card(folder / "bundle.json")
    write_card(replace(card, files={**card.files, "network.keras": hash_of(path)}), folder / "bundle.json")


def _layer(config, kind, place=0):
    return [layer for layer in config["config"]["layers"] if layer["class_name"] == kind][place]


def _insert(*layers):
    parts = [{"module": "keras.layers", "registered_name": None, "class_name": kind, "config": own} for kind, own in layers]

    def change(config):
        config["config"]["layers"][1:1] = parts

    return change


def _widen(config):
    """Insert layers that are each moderate and whose product is not, as only the real shapes show."""
    back = _layer(config, "InputLayer")["config"]["batch_shape"][-1]
    _insert(*(("Dense", {"units": units, "name": f"wide_{place}"}) for place, units in enumerate((9000, 9000, back))))(config)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_widen, "parameters, and its weights have"),
        (_insert(("RepeatVector", {"n": 2**30, "name": "many"}), ("GlobalMaxPooling1D", {})), "has the layer many of"),
        (_insert(("ZeroPadding1D", {"padding": "x"})), "cannot be loaded"),
        (lambda config: _layer(config, "Dense")["config"].update(activation={"a": 1}), "network.keras"),
        (lambda config: _layer(config, "Dense")["config"].update(units="many"), "cannot be loaded"),
        (lambda config: _layer(config, "Dense", -1)["config"].update(units=3), "network.keras"),
        (lambda config: _layer(config, "InputLayer")["config"].update(batch_shape=[None, 3]), "network.keras"),
        (
            lambda config: config.update(module="keras.layers", class_name="Dense", config={"units": 1}),
            "is a Dense and not a network",
        ),
        (lambda config: config.update(config=[]), "network.keras"),
    ],
)
def test_a_network_that_does_not_fit_its_card_or_its_weights_is_one_sentence(saved, change, sentence):
    _network(saved, change)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(JobError, match=sentence) as caught:
        load_bundle(saved)
    assert "network.keras" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KiB


def test_a_refused_network_leaves_nothing_for_keras_to_allocate(saved):
    import keras
    from keras.src.backend.common import global_state

    _network(saved, _widen)
    with pytest.raises(JobError):
        load_bundle(saved)
    assert not global_state.get_global_attribute("uninitialized_variables")
    assert keras.layers.Dense(2)(np.zeros((1, 3))).shape == (1, 2)


def test_parts_of_two_bundles_are_refused(saved, tmp_path):
    card = json.loads((saved / "bundle.json").read_text())
    for change in (
        lambda: card["features"].append("more"),
        lambda: card["schema"]["columns"][0].update(kind="text"),
    ):
        change()
        card["profile"] = []
        (saved / "bundle.json").write_text(json.dumps(card))
        with pytest.raises(JobError, match=r"bundle\.json and preparation\.json differ in the"):
            load_bundle(saved)


def test_a_card_that_hashes_other_files_is_refused(saved):
    card = read_card(saved / "bundle.json")
    (saved / "other").write_text("")
    write_card(replace(card, files={"other": hash_of(saved / "other")}), saved / "bundle.json")
    with pytest.raises(JobError, match=r"must have the hashes of network\.keras and preparation\.json alone"):
        load_bundle(saved)

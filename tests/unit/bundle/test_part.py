"""An ensemble in one bundle: as few networks as can be, and answers that are the weighted mean of its members'."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from foldwise.bundle.export_formats import NETWORKS
from foldwise.data.schema import conform
from foldwise.errors import ConfigError, JobError
from foldwise.evaluation.calibration import Calibration
from foldwise.spec.prep import PrepSpec
from tests.contract.ensembles import ALIKE, DIFFERENT, WEIGHTS, make_ensemble

pytestmark = pytest.mark.slow
CLAMPED = tuple(PrepSpec(clamp_target=True) for _ in WEIGHTS)
MADE = {
    "alike": ("binary", ALIKE, 1),
    "different": ("multiclass", DIFFERENT, 2),
    "numbers": ("regression", ALIKE, 1),
    "clamped": ("regression", CLAMPED, 3),  # a clamped mean is not the mean of clamped answers
}


@pytest.fixture(scope="module", params=MADE)
def made(request, tmp_path_factory):
    task, preps, parts = MADE[request.param]
    return *make_ensemble(tmp_path_factory.mktemp(request.param), task, preps), parts


def test_answers_are_the_weighted_mean_of_the_members(made):
    bundle, members, raw, parts = made
    assert len(bundle.parts) == parts
    reading = bundle.card.reading
    given = conform(raw, bundle.card.schema, decimal=reading.decimal, missing=reading.missing)
    mean = np.average([member.scores(given) for member in members], axis=0, weights=WEIGHTS)
    assert np.allclose(bundle.scores(raw), mean, rtol=1e-6, atol=1e-6)
    assert not np.allclose(bundle.scores(raw), members[0].scores(given), rtol=1e-4)
    row = bundle.answer(raw.iloc[3].to_dict())
    assert row == bundle.predict(raw.iloc[[3]]).iloc[0].to_dict()


def test_calibration_is_of_the_mean(made):
    bundle, _, raw, _ = made
    if not bundle.card.labels:
        pytest.skip("numbers are not calibrated")
    softer = replace(bundle, card=replace(bundle.card, calibration=Calibration(0.3)))
    assert np.array_equal(softer.scores(raw), Calibration(0.3).apply(bundle.scores(raw)))


def test_a_level_never_seen_is_flagged_once(made):
    bundle, _, raw, _ = made
    answers = bundle.predict(raw.iloc[:2].assign(**{"sort of thing": ["blue", "red"]}))
    assert list(answers["flags"]) == ["sort of thing never seen", ""]


@pytest.mark.parametrize("kind", NETWORKS)
def test_members_that_prepare_rows_alike_are_exported_as_one_graph(kind, tmp_path):
    from foldwise.bundle.card import read_card
    from foldwise.bundle.export import RUNS

    bundle, _, _ = make_ensemble(tmp_path, "binary")
    folder = bundle.export(tmp_path / "there", kind)
    found = RUNS[kind](folder / NETWORKS[kind], bundle.sample_features)
    assert np.abs(found[:, 0] - bundle.scores(bundle.sample_rows())[:, 1]).max() <= 1e-4
    assert read_card(folder / "bundle.json").ensemble == bundle.card.ensemble


def test_members_that_prepare_rows_differently_are_not_exported(tmp_path):
    bundle, _, _ = make_ensemble(tmp_path, "binary", DIFFERENT)
    with pytest.raises(ConfigError, match=r"2 networks that differ .* pyfunc answer with all"):
        bundle.export(tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_every_file_of_an_ensemble_is_checked(tmp_path):
    from foldwise.bundle.bundle import load_bundle

    make_ensemble(tmp_path, "binary", DIFFERENT)
    folder = tmp_path / "bundle"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    both = {"network.keras", "preparation.json"}
    assert names == {"bundle.json", *both, *(f"part_2/{name}" for name in both)}
    assert json.loads((folder / "bundle.json").read_text())["format"] == 5
    load_bundle(folder)
    other = folder / "part_2" / "network.keras"
    kept = other.read_bytes()
    other.write_bytes((folder / "network.keras").read_bytes())
    with pytest.raises(JobError, match=r"part_2/network\.keras was changed since the bundle was saved"):
        load_bundle(folder)
    other.write_bytes(kept)
    card = json.loads((folder / "bundle.json").read_text())
    del card["files"]["part_2/network.keras"]
    (folder / "bundle.json").write_text(json.dumps(card))
    with pytest.raises(JobError, match=r"must have the hashes of network\.keras and .* alone"):
        load_bundle(folder)
    (folder / "bundle.json").write_text(json.dumps({**card, "files": {}}))
    with pytest.raises(JobError, match=r"must have the hashes of network\.keras and .* alone"):
        load_bundle(folder)

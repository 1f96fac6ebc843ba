"""The contract of every registry."""

from __future__ import annotations

import json

import pytest

from foldwise.errors import ConfigError, JobError
from foldwise.tracking.in_memory import InMemoryRegistry
from foldwise.tracking.registry import Standing


def _mlflow(folder):
    from foldwise.tracking.mlflow_registry import MlflowRegistry
    from foldwise.tracking.mlflow_store import mlflow_store

    return MlflowRegistry(mlflow_store(folder / "runs"))


def _other_process(folder):
    from foldwise.spec.places import TrackingSpec
    from foldwise.tracking.other_process import DistantRegistry, OtherProcess

    process = OtherProcess("foldwise.doors.mlflow_process", (TrackingSpec(), str(folder / "runs")), ledger=None)
    return DistantRegistry(process)


# The process beside answers as `mlflow` does.
MARKS = {"mlflow": (pytest.mark.slow,), "other process": (pytest.mark.slow, pytest.mark.long)}
MAKERS = {"mlflow": _mlflow, "other process": _other_process, "in_memory": lambda folder: InMemoryRegistry()}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=MARKS.get(name, ())) for name in MAKERS])
def filled(request, tmp_path_factory):
    """A registry with iris 1, 2, 3 and other 1, and the content of each bundle's card."""
    from tests.contract.bundles import make_bundle  # Keras is slow to import

    folder = tmp_path_factory.mktemp("registry")
    registry = MAKERS[request.param](folder)
    versions, cards = [], []
    for place, name in enumerate(["iris", "iris", "iris", "other"]):
        make_bundle(folder / str(place), "binary", seed=place)
        versions.append(registry.register(folder / str(place) / "bundle", name, None, {"accuracy": 0.5 + place}))
        cards.append((folder / str(place) / "bundle" / "bundle.json").read_text())
    yield registry, versions, cards
    if request.param == "other process":
        registry.process.close(None)


@pytest.mark.slow
class TestRegistry:
    def test_the_first_version_of_a_name_is_champion_and_later_ones_challenge(self, filled):
        _, versions, _ = filled
        assert [(v.name, v.version, v.aliases) for v in versions] == [
            ("iris", 1, ("champion",)),
            ("iris", 2, ("challenger",)),
            ("iris", 3, ("challenger",)),
            ("other", 1, ("champion",)),
        ]

    @pytest.mark.parametrize(
        ("reference", "place"),
        [("iris@champion", 0), ("iris", 0), ("iris@challenger", 2), ("iris/2", 1), ("models:/iris/3", 2), ("other/1", 3)],
    )
    def test_a_reference_leads_to_its_bundle(self, filled, reference, place):
        registry, _, cards = filled
        assert (registry.fetch(reference) / "bundle.json").read_text() == cards[place]

    @pytest.mark.parametrize(
        ("reference", "sentence"),
        [
            ("irsi@champion", "no model is called 'irsi', did you mean iris"),
            ("iris@chalenger", "iris has no alias 'chalenger', did you mean challenger"),
            ("iris/9", "iris has no version 9"),
            ("../etc", "is not a model; write name@alias or name/version"),
            ("iris@", "is not a model"),
        ],
    )
    def test_a_wrong_reference_lists_the_known_ones(self, filled, reference, sentence):
        with pytest.raises(ConfigError, match=sentence) as caught:
            filled[0].fetch(reference)
        assert caught.value.key == "model"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["in_memory", "mlflow"])
def test_one_idempotency_key_registers_one_version(kind, tmp_path):
    from tests.contract.bundles import make_bundle

    make_bundle(tmp_path / "made", "binary", seed=0)
    registry = _mlflow(tmp_path) if kind == "mlflow" else InMemoryRegistry()
    folder = tmp_path / "made" / "bundle"
    first = registry.register(folder, "iris", None, {}, "study of today with 3 trials")
    assert registry.register(folder, "iris", None, {}, "study of today with 3 trials") == first
    assert first.aliases == ("champion",)
    second = registry.register(folder, "iris", None, {}, "study of today with 5 trials")
    assert (second.version, second.aliases) == (2, ("challenger",))
    assert registry.register(folder, "iris", None, {}, "study of today with 3 trials") == first
    assert registry.register(folder, "other", None, {}, "study of today with 3 trials").version == 1
    if kind == "mlflow":  # a process that died between version and alias
        registry._client.delete_registered_model_alias("iris", "challenger")
        assert registry.register(folder, "iris", None, {}, "study of today with 5 trials") == second


def test_a_model_that_may_not_lead_challenges_and_the_next_that_may_is_champion(tmp_path):
    registry, withheld = InMemoryRegistry(), Standing("the baseline is better", "worse", leads=False)
    assert registry.register(tmp_path, "iris", None, {}, "one", withheld).aliases == ("challenger",)
    assert registry.register(tmp_path, "iris", None, {}, "two", withheld).aliases == ("challenger",)
    assert registry.register(tmp_path, "iris", None, {}, "two", withheld).version == 2
    assert registry.register(tmp_path, "iris", None, {}, "three").aliases == ("champion",)
    assert registry.register(tmp_path, "iris", None, {}, "four", withheld).aliases == ("challenger",)
    assert registry.aliases("iris") == {"challenger": 4, "champion": 3}


@pytest.mark.long
@pytest.mark.slow
def test_mlflow_describes_a_version_by_its_verdict(tmp_path):
    from tests.contract.bundles import make_bundle

    make_bundle(tmp_path / "made", "binary", seed=0)
    registry, folder = _mlflow(tmp_path), tmp_path / "made" / "bundle"
    withheld = Standing("holdout accuracy 0.5 (30 rows): the baseline is better", "worse", leads=False)
    first = registry.register(folder, "iris", None, {}, "one", withheld)
    assert first.aliases == ("challenger",)
    registry._client.delete_registered_model_alias("iris", "challenger")  # a process that died between version and alias
    assert registry.register(folder, "iris", None, {}, "one", withheld) == first
    kept = registry._client.get_model_version("iris", "1")
    assert kept.description.startswith(f"{withheld.verdict}\n\nStudy `s-1`.\n\nColumns: `size` (number), ")
    assert "`foldwise predict model=iris@champion input=rows.csv output=answers.csv`" in kept.description
    model = registry._client.get_registered_model("iris")
    assert model.description.startswith("Answers `answer`: `no`, `yes`.")
    registry._client.update_registered_model("iris", "my own words")
    assert kept.tags["verdict"] == "worse"
    better = Standing("the model is better", "better", data="flowers, 150 rows")
    assert registry.register(folder, "iris", None, {}, "two", better).aliases == ("champion",)
    assert "Data: flowers, 150 rows, study `s-1`." in registry._client.get_model_version("iris", "2").description
    assert registry._client.get_registered_model("iris").description == "my own words"


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("change", [{"labels": ["yes", "no"]}, {"threshold": 0.9}, {"study": "other"}])
def test_a_card_that_was_changed_after_it_was_registered_is_refused(tmp_path, change):
    """Also where no ledger knows the version: such a card breaks no rule."""
    from tests.contract.bundles import make_bundle

    make_bundle(tmp_path, "binary")
    _mlflow(tmp_path).register(tmp_path / "bundle", "m", None, {})
    path = _mlflow(tmp_path).fetch("m") / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(JobError, match=r"bundle\.json was changed after the model was registered, so it is not loaded"):
        _mlflow(tmp_path).fetch("m")


@pytest.mark.slow
def test_a_version_that_was_registered_without_a_hash_is_fetched(tmp_path):
    from tests.contract.bundles import make_bundle

    make_bundle(tmp_path, "binary")
    registry = _mlflow(tmp_path)
    registry.register(tmp_path / "bundle", "m", None, {})
    registry._client.delete_model_version_tag("m", "1", "foldwise.card")
    assert (_mlflow(tmp_path).fetch("m") / "bundle.json").exists()

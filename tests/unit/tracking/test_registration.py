from contextlib import closing

import pytest

from foldwise.bundle.checksums import hashes
from foldwise.config.read import identity_hash, read_study
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError
from foldwise.ledger.ledger import open_ledger
from foldwise.spec.study import PromotionSpec
from foldwise.tracking.in_memory import InMemoryRegistry
from foldwise.tracking.registration import record_registration
from foldwise.tracking.registry import Standing
from tests.contract.ledgers import new_study


@pytest.fixture
def register(tmp_path):
    """Registers and records a version; its aliases and the notes."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "bundle.json").write_text("{}")
    registry = InMemoryRegistry()
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        study = new_study(ledger)

        def register(rule, answer):
            notes = []
            standing = Standing("", answer, PromotionSpec(require=rule).may_lead(answer))
            version = registry.register(tmp_path / "bundle", "iris", None, {}, None, standing)
            record_registration(version, study, None, tmp_path, ledger, registry, notes.append)
            return version.aliases, notes

        yield register


@pytest.mark.parametrize(
    ("rule", "answer", "leads"),
    [
        ("any", "worse", True),
        ("any", None, True),
        ("better", "better", True),
        ("better", "worse", False),
        ("better", "no difference shown", False),
        ("better", None, False),  # a study of an older version, which kept no answer
    ],
)
def test_a_first_version_that_must_be_better_is_champion_only_if_it_is(register, rule, answer, leads):
    aliases, notes = register(rule, answer)
    assert aliases == (("champion",) if leads else ("challenger",))
    asks = "version 1 of iris is not champion: promotion.require=better, and its verdict is not; to use it all the same, set "
    assert notes == ([] if leads else [f"{asks}the alias champion on it in MLflow"])


def test_a_better_version_after_a_withheld_one_is_champion_and_later_ones_challenge(register):
    assert register("better", "worse")[0] == ("challenger",)
    assert register("better", "better") == (("champion",), [])
    assert register("better", "worse") == (("challenger",), [])


def test_the_files_that_the_registry_has_are_recorded_even_if_the_bundle_was_made_once_more(tmp_path):
    registered, again = tmp_path / "registered", tmp_path / "again" / "bundle"
    for folder, text in ((registered, "{}"), (again, "{ }")):
        folder.mkdir(parents=True)
        (folder / "bundle.json").write_text(text)
    registry = InMemoryRegistry()
    version = registry.register(registered, "iris", None, {}, "once")
    with closing(open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")) as ledger:
        record_registration(version, new_study(ledger), None, again.parent, ledger, registry, print)
        assert ledger.versions.version("iris", 1).files == hashes(registered) != hashes(again)


def test_the_rule_is_no_part_of_a_study_s_identity():
    plain = read_study(compose_study([]))
    strict = read_study(compose_study(["promotion.require=better"]))
    assert (strict.name, identity_hash(strict.recipe)) == (plain.name, identity_hash(plain.recipe))
    before = {**plain.recipe, "promotion": {"margin": 0.0, "alpha": 0.05}}
    assert identity_hash(before) == identity_hash(plain.recipe)
    assert strict.fixed.promotion.require == "better"
    with pytest.raises(ConfigError, match=r"promotion\.require"):
        read_study(compose_study(["promotion.require=good"]))

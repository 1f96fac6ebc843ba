"""The contract of champions and retrainings on every database, and how the registry's alias follows."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest

from foldwise.errors import ConfigError, JobError
from foldwise.ledger.ledger import open_ledger
from foldwise.ledger.looks import Look
from foldwise.ledger.model_versions import ROLLBACK, Retraining, VersionRow
from foldwise.ledger.promotions import Raced
from foldwise.tracking.in_memory import InMemoryRegistry
from foldwise.tracking.reconcile_champion import ChampionAlias


@pytest.fixture
def ledger(url):
    with closing(open_ledger(url)) as opened:
        yield opened


@pytest.fixture
def champions(ledger):
    return ledger.promotions


class TestPromotions:
    def test_each_promotion_names_the_one_before_it(self, champions):
        assert champions.history("iris") == []
        first = champions.promote("iris", 1, None, "first", "the first")
        second = champions.promote("iris", 4, 1, "promoted", "better", {"gain": 0.1})
        assert [(p.number, p.version, p.replaces) for p in champions.history("iris")] == [(2, 4, 1), (1, 1, None)]
        assert champions.history("iris")[0] == second
        assert (second.scores, second.why, second.shown, first.who["pid"]) == (
            {"gain": 0.1},
            "better",
            False,
            second.who["pid"],
        )
        assert champions.history("other") == []

    def test_only_the_expected_champion_is_replaced(self, champions):
        with pytest.raises(Raced, match="iris has no champion, expected version 1"):
            champions.promote("iris", 2, 1, "promoted", "")
        champions.promote("iris", 1, None, "first", "")
        champions.promote("iris", 2, 1, "promoted", "")
        with pytest.raises(Raced, match="the champion of iris is version 2, expected version 1"):
            champions.promote("iris", 3, 1, "promoted", "")
        assert champions.history("iris")[0].version == 2

    def test_rollbacks_go_back_one_champion_at_a_time(self, champions):
        assert champions.former("iris") is None
        for version, before in ((1, None), (2, 1), (5, 2)):
            champions.promote("iris", version, before, "promoted", "")
        assert champions.former("iris") == 2
        champions.promote("iris", 2, 5, "rollback", "")
        assert champions.former("iris") == 1
        champions.promote("iris", 1, 2, "rollback", "")
        assert champions.former("iris") is None
        champions.promote("iris", 5, 1, "promoted", "")
        assert champions.former("iris") == 1
        champions.promote("iris", 1, 5, "adopted", "by hand")  # a return by hand is not undone either
        assert champions.former("iris") is None

    def test_a_promotion_that_the_alias_follows_is_marked(self, champions):
        made = champions.promote("iris", 1, None, "first", "")
        champions.mark_shown(made)
        assert champions.history("iris")[0].shown


class TestVersions:
    def test_a_version_comes_back_and_is_never_overwritten(self, ledger):
        versions = ledger.versions
        trained = np.array([0.1 + 0.2, 0.5, 0.75])
        row = VersionRow(
            "iris", 3, "s-1", "f" * 64, "sha256:a", {"network.keras": "b" * 64}, ("a", "b"), trained, datetime.now(UTC)
        )
        versions.keep(row)
        versions.keep(VersionRow("iris", 3, "s-2", "e" * 64, None, {}, None, None, datetime.now(UTC)))
        found = versions.version("iris", 3)
        assert (found.study, found.files, found.source, found.made) == ("s-1", row.files, "sha256:a", row.made)
        assert found.columns == ("a", "b")
        assert found.trained.tolist() == trained.tolist()
        assert versions.version("iris", 4) is None

    def test_a_retraining_of_the_same_rows_is_continued(self, ledger):
        versions = ledger.versions
        begun = versions.begin(Retraining("iris", "one", 1, "f" * 64, "mark", datetime.now(UTC)))
        assert versions.begin(Retraining("iris", "two", 1, "f" * 64, "mark", datetime.now(UTC))) == begun
        assert versions.begin(Retraining("iris", "three", 2, "f" * 64, "mark", datetime.now(UTC))).id == "three"
        assert versions.latest("iris", 1) is None
        versions.note(begun, {"outcome": "KEPT"})
        assert [(left.id, left.summary) for left in versions.unended("iris")] == [("one", {"outcome": "KEPT"})]
        versions.end(begun, "KEPT", {"outcome": "KEPT", "gain": 0.0})
        assert versions.unended("iris") == []
        back = versions.begin(Retraining("iris", "back", 1, ROLLBACK, None, datetime.now(UTC)))
        versions.end(back, "ROLLED_BACK", {})
        assert versions.latest("iris", 1).summary == {"outcome": "KEPT", "gain": 0.0}
        assert [row.id for row in versions.retrainings("iris")] == ["one", "back"]
        assert versions.begin(Retraining("iris", "four", 1, "f" * 64, "mark", datetime.now(UTC))).id == "four"


class TestLooks:
    def _look(self, number, **values):
        usual = {
            "reign": 1,
            "challenger": 2,
            "kind": "evidence",
            "data_fingerprint": "f" * 64,
            "columns": ("a", "b"),
            "rows": 3,
        }
        usual |= {"loss": {"bound": 0.1 + 0.2}, "evidence": {"log": -0.1 / 3}, "scores": None, "moment": datetime.now(UTC)}
        return Look("iris", number, **{**usual, **values})

    def test_the_evidence_comes_back_to_the_last_digit_and_rows_stay_seen(self, ledger):
        first = ledger.looks.add(self._look(1, challenger=None, loss=None, evidence=None), np.array([0.5, 0.1 + 0.2]))
        second = ledger.looks.add(self._look(2), np.array([0.75, 0.5]))
        assert ledger.looks.history("iris") == [first, second]
        assert ledger.looks.seen("iris").tolist() == [0.1 + 0.2, 0.5, 0.75]
        assert (ledger.looks.history("other"), ledger.looks.seen("other").tolist()) == ([], [])
        ledger.looks.note_trained(second, 7)
        assert [look.trained for look in ledger.looks.history("iris")] == [None, 7]

    def test_a_look_counts_once(self, ledger):
        look = self._look(1)
        ledger.looks.add(look, np.array([0.5]))
        ledger.looks.add(look, np.array([0.5]))  # as after a lost connection
        with pytest.raises(JobError, match="another process looked at the rows of this model"):
            ledger.looks.add(self._look(1, rows=9), np.array([0.9]))
        assert ledger.looks.history("iris") == [look]


class Deletable(InMemoryRegistry):
    """A registry in which versions of iris can be deleted as in MLflow, with their aliases."""

    def delete(self, version):
        self.gone = {*getattr(self, "gone", ()), version}
        self._aliases["iris"] = {alias: on for alias, on in self._aliases["iris"].items() if on != version}

    def number(self, reference):
        name, version = super().number(reference)
        if version in getattr(self, "gone", ()):
            raise ConfigError("model", f"{name} has no version {version}")
        return name, version


class TestChampionAlias:
    @pytest.fixture
    def house(self, ledger, tmp_path):
        """A registry with versions 1 to 3 of iris, of which 1 is champion; its champion alias, and the notes."""
        registry, said = Deletable(), []
        for _ in range(3):
            registry.register(tmp_path, "iris", None, {})
        return registry, ChampionAlias(ledger, registry, "iris", said.append), said

    def test_the_first_champion_comes_from_the_registry(self, house):
        _, champion_alias, said = house
        made = champion_alias.reconcile()
        assert (made.version, made.kind, made.number) == (1, "first", 1)
        assert champion_alias.reconcile().number == 1
        assert said == []

    def test_the_alias_follows_a_promotion_and_the_challenger_alias_goes(self, house):
        registry, champion_alias, _ = house
        champion_alias.promote(3, 1, "promoted", "better", {})
        assert registry.aliases("iris") == {"champion": 3}
        assert [(p.version, p.shown) for p in champion_alias.history()] == [(3, True), (1, True)]
        with pytest.raises(Raced):
            champion_alias.promote(2, 1, "promoted", "late", {})
        assert registry.aliases("iris") == {"champion": 3}

    def test_an_interrupted_promotion_is_finished(self, house, ledger):
        registry, champion_alias, said = house
        champion_alias.reconcile()
        ledger.promotions.promote("iris", 2, 1, "promoted", "")  # and here the process died, twice
        ledger.promotions.promote("iris", 3, 2, "promoted", "")
        assert champion_alias.reconcile().version == 3
        assert registry.aliases("iris")["champion"] == 3
        assert champion_alias.history()[0].shown
        assert said == []

    def test_an_alias_moved_by_hand_is_adopted_with_a_note(self, house):
        registry, champion_alias, said = house
        champion_alias.reconcile()
        registry.set_alias("iris", "champion", 2)
        made = champion_alias.reconcile()
        assert (made.version, made.replaces, made.kind) == (2, 1, "adopted")
        assert said == ["model iris: the alias champion was moved in MLflow, from version 1 to version 2; the ledger follows"]
        with pytest.raises(Raced):  # a judgement against version 1 is out of date
            champion_alias.promote(3, 1, "promoted", "", {})
        assert champion_alias.former() == 1

    def test_an_unknown_model_is_refused(self, house, ledger):
        registry, _, said = house
        with pytest.raises(ConfigError, match="no model is called 'irsi', did you mean iris"):
            ChampionAlias(ledger, registry, "irsi", said.append).reconcile()

    def test_a_removed_alias_is_an_error(self, house):
        registry, champion_alias, _ = house
        champion_alias.reconcile()
        registry.remove_alias("iris", "champion")
        with pytest.raises(JobError, match="the alias champion of iris was removed in MLflow, where version 1 had it"):
            champion_alias.reconcile()

    def test_a_deleted_champion_is_named_and_a_rollback_restores_the_one_before_it(self, house):
        registry, champion_alias, _ = house
        champion_alias.promote(2, 1, "promoted", "better", {})
        champion_alias.promote(3, 2, "promoted", "better", {})
        registry.delete(3)
        sentence = "version 3 of iris, the champion, was deleted in MLflow; .*retrain model=iris rollback=true makes version 2"
        with pytest.raises(JobError, match=sentence):
            champion_alias.reconcile()
        assert champion_alias.reconcile(even_deleted=True).version == 3
        champion_alias.promote(champion_alias.former(), 3, "rollback", "", {})
        assert registry.aliases("iris") == {"champion": 2}
        assert champion_alias.reconcile().version == 2

    def test_a_rollback_passes_over_deleted_versions(self, house):
        registry, champion_alias, _ = house
        champion_alias.promote(2, 1, "promoted", "better", {})
        champion_alias.promote(3, 2, "promoted", "better", {})
        registry.delete(3)
        registry.delete(2)
        assert champion_alias.former() == 1
        registry.delete(1)
        assert champion_alias.former() is None
        with pytest.raises(JobError, match="was deleted in MLflow; set the alias on another version"):
            champion_alias.reconcile()

    def test_after_an_outage_the_next_start_moves_the_alias(self, house, ledger):
        registry, champion_alias, said = house
        champion_alias.reconcile()

        class Away(InMemoryRegistry):
            def set_alias(self, name, alias, version):
                raise JobError("away")

        away = Away()
        away.__dict__ = registry.__dict__
        ChampionAlias(ledger, away, "iris", said.append).promote(2, 1, "promoted", "", {})
        assert said == ["away; the next start moves the alias champion of iris to version 2"]
        assert registry.aliases("iris")["champion"] == 1
        assert champion_alias.reconcile().version == 2
        assert registry.aliases("iris")["champion"] == 2


def test_a_model_has_one_holder(ledger, url):
    with closing(open_ledger(url)) as other:
        with ledger.hold_model("iris"):
            with pytest.raises(JobError, match="model iris is locked by another process"), other.hold_model("iris", 0.2):
                pass
            with other.hold_model("other", 0.0):
                pass
        with other.hold_model("iris", 0.0):
            pass

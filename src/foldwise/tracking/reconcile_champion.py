"""The champion of a model changes: in the ledger by compare-and-set, then the registry's alias follows.

Between the two a process may die; whoever comes next finishes it. An alias that somebody moved by hand is adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from foldwise.errors import JobError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.promotions import Promotion
from foldwise.system.kill_points import reached
from foldwise.tracking.registry import FIRST, LATER, Registry


class ChampionAlias:
    """The champions of one registered model.

    Args:
        ledger: says who is champion.
        registry: shows it.
        model: the name.
        notify: hears what a person should know.
    """

    def __init__(self, ledger: Ledger, registry: Registry, model: str, notify: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._registry = registry
        self._model = model
        self._notify = notify

    @cached_property
    def key(self) -> str:
        """What the ledger calls the model.

        Raises:
            ConfigError: the registry has none of that name; says which there are.
        """
        known = self._registry.identity(self._model)
        if known is None:
            self._registry.number(self._model)  # raises
            raise JobError(f"the registry does not know {self._model}")
        return known

    def history(self) -> list[Promotion]:
        """All promotions, the latest first."""
        return self._ledger.promotions.history(self.key)

    def former(self) -> int | None:
        """The version that a rollback puts back."""
        return self._ledger.promotions.former(self.key)

    def reconcile(self) -> Promotion | None:
        """The champion, after ledger and registry agree; None where the model has none yet.

        Raises:
            ConfigError: there is no such model.
            JobError: the alias was removed by hand, the registry is away, or another process does not let go of the model.
        """
        with self._ledger.hold_model(self.key):
            return self._reconciled()

    def promote(self, version: int, expected: int, kind: str, why: str, scores: Mapping[str, Any]) -> Promotion:
        """Makes a version champion in place of the one that is expected; it is a challenger no more.

        Raises:
            Raced: another version is champion by now.
            JobError: as `reconcile`. A registry that goes away after the ledger has it is told by whoever comes next.
        """
        with self._ledger.hold_model(self.key):
            self._reconciled()
            made = self._ledger.promotions.promote(self.key, version, expected, kind, why, scores)
            try:
                self._reconciled()
            except JobError as fault:
                self._notify(f"{fault}; the alias {FIRST} of {self._model} follows to version {version} with the next start")
        return made

    def _reconciled(self) -> Promotion | None:
        """The champion; the aliases are as the ledger says, or the ledger is as somebody set them by hand."""
        model, rows = self._model, self.history()
        aliases = self._registry.aliases(model)
        shown = aliases.get(FIRST)
        if not rows:
            return None if shown is None else self._adopt(shown, None)
        last = rows[0]
        # what the alias may still be where whoever promoted died before it followed
        behind = next((place for place, row in enumerate(rows) if row.shown), len(rows) - 1)
        if shown != last.version and (last.shown or shown not in (None, *(row.version for row in rows[: behind + 1]))):
            if shown is not None:
                return self._adopt(shown, last)
            rule = f"the alias {FIRST} of {model} was removed in MLflow, where version {last.version} had it"
            raise JobError(f"{rule}; set it again there, on that version or on another")
        if shown != last.version:
            self._registry.set_alias(model, FIRST, last.version)
            reached("after-alias")
        if aliases.get(LATER) == last.version:  # it is challenger no more
            self._registry.remove_alias(model, LATER)
        if not last.shown:
            self._ledger.promotions.mark_shown(last)
        return last

    def _adopt(self, version: int, last: Promotion | None) -> Promotion:
        """Takes the registry's champion for the ledger's."""
        if last is None:
            made = self._ledger.promotions.promote(self.key, version, None, "first", "the first champion of the model")
        else:
            why = f"the alias {FIRST} was moved in MLflow, from version {last.version} to version {version}"
            self._notify(f"model {self._model}: {why}; that is taken over")
            made = self._ledger.promotions.promote(self.key, version, last.version, "adopted", why)
        self._ledger.promotions.mark_shown(made)
        return made

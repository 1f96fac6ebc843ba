"""Change the champion of a model: in the ledger by compare-and-set, then the registry's alias follows.

If the process dies between the two, the next start finishes the change. An alias that a user moved by hand is adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from foldwise.errors import JobError
from foldwise.ledger.ledger import Ledger
from foldwise.ledger.promotions import Promotion
from foldwise.system.command import door_command
from foldwise.system.kill_points import reached
from foldwise.tracking.registry import FIRST, LATER, Registry, is_registered

BY_A_PERSON = ("rollback", "chosen")  # kinds of promotion that may replace a champion that was deleted in the registry


class ChampionAlias:
    """The champion of one registered model and its alias.

    Args:
        ledger: records the champions.
        registry: has the alias.
        model: the model's name.
        notify: shows notes to the user.
    """

    def __init__(self, ledger: Ledger, registry: Registry, model: str, notify: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._registry = registry
        self._model = model
        self._notify = notify

    @cached_property
    def key(self) -> str:
        """The model's identity in the ledger.

        Raises:
            ConfigError: the registry has no model of that name; lists the known ones.
        """
        known = self._registry.identity(self._model)
        if known is None:
            self._registry.number(self._model)  # raises
            raise JobError(f"the registry does not know {self._model}")
        return known

    def history(self) -> list[Promotion]:
        """All promotions, newest first."""
        return self._ledger.promotions.history(self.key)

    def former(self) -> int | None:
        """The version that a rollback restores; versions that were deleted in the registry are passed over."""
        return self._ledger.promotions.former(self.key, self._is_there)

    def reconcile(self, even_deleted: bool = False) -> Promotion | None:
        """Bring ledger and registry into agreement; the champion, None if the model has none yet.

        Args:
            even_deleted: return the champion even if its version was deleted in the registry, for a rollback.

        Raises:
            ConfigError: the model is unknown.
            JobError: the alias was removed by hand, the champion's version was deleted, the registry is unavailable, or another
                process locks the model.
        """
        with self._ledger.hold_model(self.key):
            return self._reconciled(even_deleted)

    def promote(self, version: int, expected: int | None, kind: str, why: str, scores: Mapping[str, Any]) -> Promotion:
        """Make a version champion in place of `expected`, None for a model without one, and remove its challenger alias.

        If the registry becomes unavailable after the ledger has the promotion, the next start moves the alias.

        Raises:
            Raced: another version is champion now.
            JobError: as `reconcile`.
        """
        with self._ledger.hold_model(self.key):
            self._reconciled(even_deleted=kind in BY_A_PERSON)
            made = self._ledger.promotions.promote(self.key, version, expected, kind, why, scores)
            try:
                self._reconciled()
            except JobError as fault:
                self._notify(f"{fault}; the next start moves the alias {FIRST} of {self._model} to version {version}")
        return made

    def _is_there(self, version: int) -> bool:
        return is_registered(self._registry, f"{self._model}/{version}")

    def _deleted(self, version: int) -> str:
        """A champion that was deleted, and what to do."""
        former = self.former()
        other = "set the alias on another version in MLflow"
        if former is not None:
            command = f"{door_command('retrain')} model={self._model} rollback=true"
            other = f"{command} makes version {former} champion again, or {other}"
        return f"version {version} of {self._model}, the {FIRST}, was deleted in MLflow; {other}"

    def _reconciled(self, even_deleted: bool = False) -> Promotion | None:
        """The champion, after the aliases follow the ledger, or the ledger an alias that was moved by hand."""
        model, rows = self._model, self.history()
        aliases = self._registry.aliases(model)
        shown = aliases.get(FIRST)
        if not rows:
            return None if shown is None else self._adopt(shown, None)
        last = rows[0]
        # the versions that the alias may still have if a process died before moving it
        behind = next((place for place, row in enumerate(rows) if row.shown), len(rows) - 1)
        if shown != last.version and (last.shown or shown not in (None, *(row.version for row in rows[: behind + 1]))):
            if shown is not None:
                return self._adopt(shown, last)
            if not self._is_there(last.version):
                if even_deleted:
                    return last
                raise JobError(self._deleted(last.version))
            rule = f"the alias {FIRST} of {model} was removed in MLflow, where version {last.version} had it"
            raise JobError(f"{rule}; set it there again, on that version or another")
        if shown != last.version:
            self._registry.set_alias(model, FIRST, last.version)
            reached("after-alias")
        if aliases.get(LATER) == last.version:  # a champion is not a challenger
            self._registry.remove_alias(model, LATER)
        if not last.shown:
            self._ledger.promotions.mark_shown(last)
        return last

    def _adopt(self, version: int, last: Promotion | None) -> Promotion:
        """Record the registry's champion in the ledger."""
        if last is None:
            made = self._ledger.promotions.promote(self.key, version, None, "first", "the first champion of the model")
        else:
            why = f"the alias {FIRST} was moved in MLflow, from version {last.version} to version {version}"
            self._notify(f"model {self._model}: {why}; the ledger follows")
            made = self._ledger.promotions.promote(self.key, version, last.version, "adopted", why)
        self._ledger.promotions.mark_shown(made)
        return made

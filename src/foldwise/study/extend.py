"""A study whose ranges were edited: which trials lie in the new space, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from foldwise.config.difference import difference
from foldwise.config.read import identity, parted, read_trial
from foldwise.config.template import locate
from foldwise.errors import ConfigError
from foldwise.spec.space import EPOCHS, Params
from foldwise.spec.study import StudySpec
from foldwise.spec.trial import SEARCHABLE

# What may differ in an extended study: the searched sections, the tuner and the race.
EDITABLE = (*SEARCHABLE, "tuner", "race")


def check_extension(recipe: Mapping[str, Any], spec: StudySpec) -> None:
    """Check that a study with that recipe can go on as this one.

    Raises:
        ConfigError: more differs than ranges, values of trials, the tuner or the race.
    """
    old, new = ({k: v for k, v in identity(part).items() if k not in EDITABLE} for part in (recipe, spec.recipe))
    changes = difference(old, new)
    if changes:
        rule = f"{spec.name!r} can only be extended by other ranges and tuners, but more differs ({'; '.join(changes[:6])})"
        raise ConfigError("extend", f"{rule}; give this one another name")


def moved(recipe: Mapping[str, Any], spec: StudySpec, trials: Sequence[tuple[int, Params]]) -> dict[int, Params]:
    """The trials that lie in the new space, by number, with their parameters there. Trials are compared by what they train.

    Args:
        recipe: the old one.
        spec: the new study.
        trials: number and parameters of each, in the old space.
    """
    template, space = parted(recipe)
    found = {}
    for number, params in trials:
        was = read_trial(template, space, params)
        here = locate(spec.template, spec.space, was.model_dump(mode="json", by_alias=True))
        if here is not None and read_trial(spec.template, spec.space, here) == was:
            found[number] = {**here, EPOCHS: params[EPOCHS]} if EPOCHS in params else here
    return found

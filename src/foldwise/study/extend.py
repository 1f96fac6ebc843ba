"""A study whose ranges were edited: which of its trials are points of the new space, and under which parameters."""

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

# What may differ in a study that is extended: what is searched, and by whom.
EDITABLE = (*SEARCHABLE, "tuner", "race")


def check_extension(recipe: Mapping[str, Any], spec: StudySpec) -> None:
    """Whether a study of that recipe can go on as this one.

    Raises:
        ConfigError: more than ranges, values of trials or the tuner differs.
    """
    old, new = ({k: v for k, v in identity(part).items() if k not in EDITABLE} for part in (recipe, spec.recipe))
    changes = difference(old, new)
    if changes:
        rule = f"{spec.name!r} can be extended by other ranges and tuners only, and differs in more ({'; '.join(changes[:6])})"
        raise ConfigError("extend", f"{rule}; give this one another name")


def moved(recipe: Mapping[str, Any], spec: StudySpec, trials: Sequence[tuple[int, Params]]) -> dict[int, Params]:
    """The parameters in the new space of the trials that lie in it, by number: a trial is what it trains, however written.

    Args:
        recipe: of the study as it was.
        spec: the study as it is to be.
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

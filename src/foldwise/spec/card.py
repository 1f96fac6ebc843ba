"""What the card of a model says beside its scores."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from foldwise.spec.base import Listed, Spec
from foldwise.spec.stored import Distinct


class CardSpec(Spec):
    """The model card. slices: columns; the score of the model is shown for each of their levels."""

    slices: Annotated[tuple[str, ...], Listed, Field(max_length=20), Distinct] = ()

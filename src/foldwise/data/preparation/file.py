"""A fitted preparation on disk: plain JSON, floats exact to the last bit, never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foldwise.data.preparation.dates import Date
from foldwise.data.preparation.encode import Levels
from foldwise.data.preparation.file_rules import ImageRules, TableRules
from foldwise.data.preparation.fold import AnyPreparation, Number, Preparation
from foldwise.data.preparation.pixels import ImagePreparation
from foldwise.data.preparation.scale import Curve, Power, Ranks, SmoothClip
from foldwise.data.preparation.target_scale import scale_from
from foldwise.data.preparation.text import Hashed
from foldwise.errors import DataError
from foldwise.spec.stored import first_fault
from foldwise.system.judged_json import read_json

FORMAT = 2
MOST_BYTES = 256 * 2**20


def save_preparation(preparation: AnyPreparation, path: Path) -> None:
    """Write a preparation as JSON."""
    content = {"format": FORMAT, **asdict(preparation)}
    path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1), encoding="utf-8")


def load_preparation(path: Path) -> AnyPreparation:
    """Read the JSON of `save_preparation`; the preparation transforms rows to exactly the same numbers.

    Raises:
        DataError: the file does not exist, has another format, or a field breaks a rule of `file_rules`.
    """
    try:
        content = dict(read_json(path, MOST_BYTES))
        number = content.pop("format")
        if number != FORMAT or isinstance(number, bool):
            raise DataError(
                f"{path}: has format {ascii(number)[:40]}, and this foldwise reads {FORMAT}; use the foldwise that wrote it"
            )
        (ImageRules if "shape" in content else TableRules).model_validate(content)
        if "shape" in content:
            height, width, channels = content["shape"]
            center, scale = tuple(content["center"]), tuple(content["scale"])
            return ImagePreparation((height, width, channels), center, scale, scale_from(content["target"]))
        preparation = Preparation(
            tuple(Number(**{**number, "curve": _curve(number["curve"])}) for number in content["numbers"]),
            tuple(
                Levels(**{**levels, "own": tuple(levels["own"]), "rare": tuple(levels["rare"])})
                for levels in content["categories"]
            ),
            scale_from(content["target"]),
            tuple(Date(**{**date, "parts": tuple(date["parts"])}) for date in content["dates"]),
            tuple(Hashed(**text) for text in content["texts"]),
            None if content["kept"] is None else tuple(content["kept"]),
        )
        _check_dates(preparation)
        return preparation
    except ValidationError as error:
        raise DataError(f"{path}: is not a saved preparation ({first_fault(error)}); save the model again") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: is not a saved preparation ({error}); save the model again") from None


def _check_dates(preparation: Preparation) -> None:
    """Refuse dates whose parts are not the last numbers, which `Preparation` counts on."""
    names = [number.name for number in preparation.numbers]
    parts = [name for date in preparation.dates for name in date.features]
    if names[len(names) - len(parts) :] != parts or len(parts) > len(names):
        raise ValueError("the last numbers must be the parts of the dates")


def _curve(content: Mapping[str, Any] | None) -> Curve | None:
    if content is None:
        return None
    if "quantiles" in content:
        return Ranks(tuple(content["quantiles"]), content["normal"])
    return Power(**content) if "exponent" in content else SmoothClip(**content)

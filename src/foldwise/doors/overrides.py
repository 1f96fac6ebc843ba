"""The words of a command line: `key=value`, with values in Hydra's grammar."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from foldwise.errors import MOST_DIGITS, ConfigError
from foldwise.spec.places import usable_folder
from foldwise.spec.trial import SEARCHABLE
from foldwise.system.command import shell_word

# Below these keys the rest of a key is the name of a column, which may hold dots, blanks and, in quotes, anything.
BY_COLUMN = ("data.kinds.", "data.dates.")
_NAME = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^='"][^=]*"""
_OF_COLUMN = re.compile(rf"\+{{0,2}}(?P<key>{'|'.join(map(re.escape, BY_COLUMN))})(?P<name>{_NAME})=(?P<value>.*)", re.DOTALL)


def key_parts(key: str) -> list[str]:
    """The words of a dotted key; a column's name is one word."""
    for beginning in BY_COLUMN:
        if key.startswith(beginning) and len(key) > len(beginning):
            return [*beginning.rstrip(".").split("."), key.removeprefix(beginning)]
    return key.split(".")


def split_override(text: str) -> tuple[str, str]:
    """The key and the text of the value of `key=value`; `+key=value` and `++key=value` mean the same.

    Raises:
        ConfigError: the text is something else.
    """
    if column := _OF_COLUMN.fullmatch(text):
        return column["key"] + _unquoted(column["name"]), column["value"]
    match = re.fullmatch(r"(\+{0,2})([^=\s~+][^=]*)=(.*)", text, flags=re.DOTALL)
    if match is None:
        raise ConfigError("", f"{text!r} is not understood: write key=value, for example fit.epochs=30")
    key, written = match.group(2).strip(), match.group(3)
    if key.split(".")[0] == "hydra":
        raise ConfigError(key, "Hydra's own settings are not used here")
    if "@" in key:
        raise ConfigError(key, "packages are not used here; write group=option")
    return key, written


def read_override(text: str) -> tuple[str, Any]:
    """The key and the plain value of `key=value`.

    Raises:
        ConfigError: key or value cannot be read.
    """
    key, written = split_override(text)
    if re.search(rf"\d{{{MOST_DIGITS + 1}}}", written):
        raise ConfigError(key, f"must have no more than {MOST_DIGITS} digits in a row, got {written[:20]}...")
    if re.fullmatch(r"[+-]?\d{16,}", written):  # more digits than a float holds: keep them
        return key, int(written)
    return key, _read_value(key, written)


def own_conf(given: Iterable[tuple[str, Any]]) -> str | None:
    """The last `paths.conf` among keys and values.

    Raises:
        ConfigError: it cannot be a folder.
    """
    folder: Any = None
    for key, value in given:
        if key == "paths.conf":
            folder = value
        elif key == "paths" and isinstance(value, Mapping):
            folder = value.get("conf", folder)
    if folder is None:
        return None
    if not isinstance(folder, str) or "\0" in folder:
        raise ConfigError("paths.conf", f"must be a folder, got {folder!r}")
    try:
        return usable_folder(folder)
    except ValueError as error:
        raise ConfigError("paths.conf", str(error)) from None


def _unquoted(name: str) -> str:
    """A column's name without its quotes, in which a backslash stands before a quote or another backslash."""
    return re.sub(r"\\([\\'\"])", r"\1", name[1:-1]) if name[:1] in ("'", '"') else name.strip()


def _read_value(key: str, written: str) -> Any:
    from hydra.errors import HydraException

    from foldwise.doors.override_value import DuplicateKey, parse_value

    try:
        override = parse_value(written)
    except DuplicateKey as error:
        raise ConfigError(key, f"the mapping names {str(error)!r} twice; keep one") from None
    except RecursionError:
        raise ConfigError(key, f"lists and mappings are too deep in {written[:40]!r}...") from None
    except HydraException:
        if written[:1] in ("[", "{"):
            raise ConfigError(
                key, f"{written!r} is not understood; a list is [a,b], a mapping {{a: 1}}, quote odd text"
            ) from None
        return written  # plain text with characters of Hydra's grammar, as in data.delimiter=;
    if override.is_sweep_override():
        instead = _as_range(key, override) or f"start one study for each, or quote one text, {shell_word(key, written)}"
        raise ConfigError(key, f"several values at once are Hydra's multirun, which is not used; {instead}")
    return _plain(override.value())


def _as_range(key: str, override: Any) -> str:
    """The range that means the same as a sweep of Hydra's; empty where no range may be."""
    if key.partition(".")[0] not in SEARCHABLE:
        return ""
    sweep = override.value()
    kind = type(sweep).__name__
    if kind == "IntervalSweep":
        words = f"float,{sweep.start:g},{sweep.end:g}"
    elif kind == "RangeSweep":
        last = sweep.start + (max(1, math.ceil((sweep.stop - sweep.start) / sweep.step)) - 1) * sweep.step
        step = "" if sweep.step == 1 else f",{{step: {sweep.step}}}"
        words = f"{'int' if type(last) is int else 'float'},{sweep.start},{last}{step}"
    else:
        words = ",".join(["choice", *(_written(value) for value in sweep.list)])
    return f"a range is {key}=[{words}]"


def _written(value: Any) -> str:
    plain = _plain(value)
    if isinstance(plain, bool) or plain is None:
        return "null" if plain is None else str(plain).lower()
    if isinstance(plain, list):
        return f"[{','.join(_written(item) for item in plain)}]"
    if isinstance(plain, dict):
        return "{" + ",".join(f"{name}: {_written(item)}" for name, item in plain.items()) + "}"
    return str(plain)


def _plain(value: Any) -> Any:
    """Hydra's quoted words as plain text, also inside lists and mappings."""
    if isinstance(value, dict):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return str(getattr(value, "text", value))

"""An option as it is typed in a shell, for proposals: what is printed works when it is pasted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from foldwise.system.command import in_shell, quoted

_BARE = re.compile(r"[^=\s'\"\\](?:[^='\"\\]*[^=\s'\"\\])?")  # a column's name that needs no quotes in a key
_WORD = re.compile(r"[\w.%/:-]+", re.ASCII)
_NAME = re.compile(r"(?!(?i:true|false|null|nan|inf)$)[A-Za-z_][\w-]*", re.ASCII)  # Hydra reads it as text


def option(key: str, value: str | Sequence[str], column: str | None = None) -> str:
    """`key=value` or `key.column=value`, in double quotes where a shell needs them; a list is a list of quoted words."""
    if column is not None:
        key = f"{key}.{column if _BARE.fullmatch(column) else _quoted_name(column)}"
    if isinstance(value, str):
        written = value if _WORD.fullmatch(value) else quoted(value)
    else:
        written = f"[{','.join(map(quoted, value))}]"
    return in_shell(f"{key}={written}")


def column_list(key: str, columns: Sequence[str]) -> str:
    """`key=[a,b]`, with quotes around the names that need them."""
    written = f"{key}=[{','.join(name if _NAME.fullmatch(name) else quoted(name) for name in columns)}]"
    return written if all(map(_NAME.fullmatch, columns)) else in_shell(written)


def _quoted_name(column: str) -> str:
    return "'" + re.sub(r"([\\'])", r"\\\1", column) + "'"

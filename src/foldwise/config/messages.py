"""One sentence for an error that pydantic finds in a configuration: the dotted key, the rule, the value, a proposal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from foldwise.config.proposals import for_section, for_unknown_key, kinds_at
from foldwise.errors import ConfigError
from foldwise.spec.base import BadKey
from foldwise.spec.trial import SEARCHABLE
from foldwise.system.command import shell_word
from foldwise.system.known_words import closest, did_you_mean


def message_for(model: type[BaseModel], values: Any, error: ValidationError, whole: Any = None) -> ConfigError:
    """The most useful of pydantic's errors about `values`, to be raised.

    Wrong kinds and unknown keys come first and missing keys last: they often explain the others. What the members of a union
    say about one key becomes one sentence.

    Args:
        model: the specification that `values` do not fit.
        values: a part of a configuration.
        error: pydantic's.
        whole: the configuration, if `values` are not all of it.
    """
    findings = error.errors(include_url=False)
    order = {"union_tag_invalid": 0, "extra_forbidden": 1, "missing": 3}
    finding = min(findings, key=lambda f: order.get(f["type"], 2))
    path = _path(finding, values)
    same = [other for other in findings if other["type"] not in order and _path(other, values) == path]
    known = values if whole is None else whole
    if finding["type"] in _SECTIONS:
        key = ".".join(map(str, path))
        rule = f"must be a mapping, got {shown(finding['input'])}"
        return ConfigError(key, rule + for_section(model, path, finding["input"], known))
    if finding["type"] == "extra_forbidden":
        return ConfigError(".".join(map(str, path)), "unknown key" + for_unknown_key(path, known))
    if any(other["type"] == "literal_error" for other in same):
        return ConfigError(".".join(map(str, path)), _one_of(same))
    return ConfigError(*_sentence(model, ".".join(map(str, path)), finding, known))


_SECTIONS = ("model_type", "dict_type", "mapping_type", "model_attributes_type")
_WORDS = re.compile(r"'([^']+)'|\b(true|false|\d+)\b")


def _one_of(findings: list[Any]) -> str:
    """The rule of a key that takes some words, and perhaps other values too."""
    given = findings[0]["input"]
    expected = [found["ctx"]["expected"] for found in findings if found["type"] == "literal_error"]
    words = list(dict.fromkeys(a or b for text in expected for a, b in _WORDS.findall(text)))
    rules = list(dict.fromkeys(_rule(found) for found in findings if found["type"] != "literal_error"))
    near = did_you_mean(str(given), words)
    near = near if near.startswith(",") else ""
    if not rules:
        return f"{shown(given)} is not known{near}; known: {', '.join(words)}"
    if isinstance(given, str):
        return f"{' or '.join(rules)} or {' or '.join(words)}, got {shown(given)}{near}"
    return f"{rules[0]}, got {shown(given)}; or write {' or '.join(words)}"


def _rule(finding: Any) -> str:
    return _RULES.get(finding["type"], "{msg}").format(msg=finding["msg"], **finding.get("ctx", {}))


def _path(finding: Any, values: Any) -> list[int | str]:
    """Pydantic's location, without the words that it adds for members of unions."""
    loc, missing, whole = finding["loc"], finding["type"] == "missing", finding["type"] == "value_error"
    path: list[int | str] = []
    node = values
    member = False  # whether the kind of `node` was already skipped
    for index, word in enumerate(loc):
        last = index == len(loc) - 1
        is_key = isinstance(node, Mapping) and last and word in node and not whole  # as in certify={kind: seeds, seeds: 5}
        if isinstance(node, Mapping) and word == node.get("kind") and not member and not is_key:
            member = True  # only once: a key can have the name of the kind, as in model=layers
        elif isinstance(node, Mapping) and (word in node or (last and missing)):
            path.append(word)
            node, member = node.get(word), False
        elif isinstance(node, list) and isinstance(word, int) and word < len(node):  # a list can be too short
            path.append(word)
            node, member = node[word], False
    return path


def _sentence(model: type[BaseModel], key: str, finding: Any, whole: Any) -> tuple[str, str]:
    kind, given, context = finding["type"], finding["input"], finding.get("ctx", {})
    if kind == "missing" and isinstance(finding["loc"][-1], int):
        return key, f"must have more values, got {shown(given)}"
    if kind == "missing":
        return key, f"must be given, for example {key}=..."
    if kind == "union_tag_invalid":
        known = re.findall(r"'([^']+)'", context["expected_tags"])
        return f"{key}.kind", f"{context['tag']!r} is unknown{did_you_mean(str(context['tag']), known)}"
    if kind == "union_tag_not_found":
        kinds = kinds_at(model, key.split("."))
        return key, f"needs a kind, got {shown(given)}; {key}.kind is one of {', '.join(kinds)}"
    if kind == "value_error":
        return _of_value(key, context["error"], whole)
    return key, f"{_rule(finding)}, got {shown(given)}{_hint(key, kind, given, whole)}"


def _of_value(key: str, error: Exception, whole: Any) -> tuple[str, str]:
    """The rule of a validator, at the key that it names."""
    if not isinstance(error, BadKey):
        return key, str(error)
    wrong = f"{key}.{error.key}"
    if not error.known:
        return wrong, str(error)
    near = closest(error.key, error.known)
    if near:
        return wrong, f"{error.rule}, did you mean {key}.{near}?"
    meant = for_unknown_key(wrong.split("."), whole)
    return wrong, error.rule + meant if meant.startswith(",") else str(error)


_RULES = {
    "greater_than": "must be > {gt}",
    "greater_than_equal": "must be >= {ge}",
    "less_than": "must be < {lt}",
    "less_than_equal": "must be <= {le}",
    "finite_number": "must be finite",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "too_short": "must list at least {min_length}",
    "too_long": "must list at most {max_length}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
}


def _hint(key: str, kind: str, given: Any, whole: Any) -> str:
    if isinstance(given, list) and given and given[0] in ("int", "float", "choice"):
        return f"; ranges are allowed only in {', '.join(SEARCHABLE)}"
    if kind == "string_type" and isinstance(given, (bool, int, float)):
        names, _, last = key.rpartition(".")
        cells = _at(whole, names) if last.isdigit() else None
        if isinstance(cells, list) and not any(isinstance(cell, (list, dict)) for cell in cells):
            quoted = ",".join(repr(cell if isinstance(cell, str) else shown(cell)) for cell in cells)
            return f"; in a shell quote it twice, {shlex.quote(f'{names}=[{quoted}]')}"
        return f"; in a shell quote it twice, {shell_word(key, shown(given))}"
    if kind == "tuple_type" and isinstance(given, str) and re.fullmatch(r"[\w ./-]+", given):
        return f", did you mean {key}=[{given}]?"
    if isinstance(given, str) and kind in ("int_type", "float_type", "bool_type"):
        return " as text"
    return ""


def _at(whole: Any, key: str) -> Any:
    """What a configuration has at a dotted key, or None."""
    for word in key.split("."):
        whole = whole.get(word) if isinstance(whole, Mapping) else None
    return whole


def shown(value: Any) -> str:
    """A value as text, cut after 80 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

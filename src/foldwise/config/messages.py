"""One sentence for an error that pydantic finds in a configuration: the dotted key, the rule, the value, a proposal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from foldwise.errors import ConfigError, did_you_mean
from foldwise.spec.study import FixedSpec
from foldwise.spec.trial import SEARCHABLE, TrialSpec


def message_for(values: Any, error: ValidationError) -> ConfigError:
    """The most useful of pydantic's errors about `values`, to be raised.

    Wrong kinds and unknown keys come first and missing keys last: they often explain the others.
    """
    findings = error.errors(include_url=False)
    order = {"union_tag_invalid": 0, "extra_forbidden": 1, "missing": 3}
    finding = min(findings, key=lambda f: order.get(f["type"], 2))
    path = _path(finding["loc"], values)
    key = ".".join(str(word) for word in path)
    return ConfigError(*_sentence(key, path, finding))


def _path(loc: tuple[int | str, ...], values: Any) -> list[int | str]:
    """Pydantic's location, without the words that it adds for members of unions."""
    path: list[int | str] = []
    node = values
    member = False  # whether the kind of `node` was already skipped
    for index, word in enumerate(loc):
        last = index == len(loc) - 1
        if isinstance(node, Mapping) and word == node.get("kind") and not member:
            member = True  # only once: a key can have the name of the kind, as in model=layers
        elif isinstance(node, Mapping) and (word in node or last):
            path.append(word)
            node, member = node.get(word), False
        elif isinstance(node, list) and isinstance(word, int):
            path.append(word)
            node, member = node[word], False
    return path


def _sentence(key: str, path: list[int | str], finding: Any) -> tuple[str, str]:
    kind, given, context = finding["type"], finding["input"], finding.get("ctx", {})
    if kind == "extra_forbidden":
        return key, "unknown key" + _proposal(path)
    if kind == "missing":
        return key, f"must be given, for example {key}=..."
    if kind == "union_tag_invalid":
        known = re.findall(r"'([^']+)'", context["expected_tags"])
        return f"{key}.kind", f"{context['tag']!r} is unknown{did_you_mean(str(context['tag']), known)}"
    if kind == "union_tag_not_found":
        return key, f"needs a kind, got {shown(given)}"
    if kind == "literal_error":
        known = re.findall(r"'([^']+)'|(\b(?:true|false|\d+)\b)", context["expected"])
        words = [a or b for a, b in known]
        near = did_you_mean(str(given), words)
        listed = "" if near.startswith(";") else f"; known: {', '.join(words)}"
        return key, f"{shown(given)} is not known{near}{listed}"
    if kind == "value_error":
        return key, str(context["error"])
    return (
        key,
        f"{_RULES.get(kind, '{msg}').format(msg=finding['msg'], **context)}, got {shown(given)}{_hint(key, kind, given)}",
    )


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
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "tuple_type": "must be a list",
    "too_short": "must list at least {min_length}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
}


def _hint(key: str, kind: str, given: Any) -> str:
    if isinstance(given, list) and given and given[0] in ("int", "float", "choice"):
        return f"; ranges are allowed only in {', '.join(SEARCHABLE)}"
    if kind == "string_type" and isinstance(given, (bool, int, float)):
        return f"; in a shell quote it twice, \"{key}='{shown(given)}'\""
    if isinstance(given, str) and kind in ("int_type", "float_type", "bool_type"):
        return " as text"
    return ""


def _proposal(path: list[int | str]) -> str:
    """The known key that was probably meant: one with that name elsewhere, or a similar one in the same place."""
    *parents, wrong = [str(word) for word in path]
    prefix = "".join(f"{parent}." for parent in parents)
    every = set(_known_keys(FixedSpec)) | set(_known_keys(TrialSpec))
    if prefix + wrong in every:
        return f" for this {prefix}kind; other kinds have it"
    beside = {key for key in every if key.startswith(prefix) and "." not in key[len(prefix) :]}
    elsewhere = sorted(key for key in every if key.rsplit(".", 1)[-1] == wrong)
    if elsewhere:
        return f", did you mean {elsewhere[0]}?"
    near = did_you_mean(prefix + wrong, beside)
    if near.startswith(","):
        return near
    return did_you_mean(wrong, {key[len(prefix) :] for key in beside})


def _known_keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    """All dotted keys that a configuration can have."""
    keys = []
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        keys.append(key)
        for part in _models_in(field.annotation):
            keys.extend(_known_keys(part, f"{key}."))
    return keys


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def shown(value: Any) -> str:
    """A value as text, cut after 80 characters."""
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

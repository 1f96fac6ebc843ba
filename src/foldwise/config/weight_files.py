"""Files of weights that a configuration names: found, hashed and held, so that a study is that of these and no others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foldwise.errors import ConfigError
from foldwise.spec.places import Paths
from foldwise.system.files import open_regular
from foldwise.system.held_files import hold

KIND = "backbone"
MOST_BYTES = 2**30
SHOWN = 12  # digits of a hash in a sentence


def with_hashes(config: Mapping[str, Any], paths: Paths) -> Mapping[str, Any]:
    """The configuration with `sha256` beside the `weights` of each backbone in `model`, also inside the options of a choice.

    Args:
        config: a composed configuration; it does not change.
        paths: `data` is the folder where a file is searched for that is not at its path.

    Raises:
        ConfigError: at model.weights, if a file cannot be read, is not the one that `sha256` asks for, or is a range.
    """
    model = config.get("model")
    found = _visited(model, paths)
    return config if found is model else {**config, "model": found}


def _visited(node: Any, paths: Paths) -> Any:
    """The same node, or a copy where a hash was added."""
    if isinstance(node, list):
        items = [_visited(item, paths) for item in node]
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    if not isinstance(node, Mapping) or node.get("kind") != KIND:
        return node
    path = node.get("weights")
    if isinstance(path, list):
        raise ConfigError(
            "model.weights", "is not searched, as a study is that of its files; name one, and compare two studies"
        )
    if not isinstance(path, str) or not path:
        return node
    found, asked = hold(_content(path, paths)), node.get("sha256")
    if isinstance(asked, str) and asked != found:
        rule = f"{path} has the sha256 {found[:SHOWN]}..., and model.sha256 asks for {asked[:SHOWN]}..., so it is another file"
        raise ConfigError("model.weights", f"{rule}; put the first one back, or leave model.sha256 out for a new study")
    return {**node, "sha256": found}


def _content(path: str, paths: Paths) -> bytes:
    try:
        places = [Path(path).expanduser(), Path(paths.data) / path]
        place = next((place for place in places if place.exists()), None)
        if place is None:
            raise ConfigError("model.weights", f"file not found: {path}; it is never downloaded, so name a file that you have")
        with open_regular(place) as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, RuntimeError, ValueError) as fault:  # a folder, a name that no file can have, a user who does not exist
        reason = getattr(fault, "strerror", None) or fault
        raise ConfigError("model.weights", f"{path[:80]} cannot be read ({reason}); name a file of weights") from None
    if len(content) > MOST_BYTES:
        raise ConfigError("model.weights", f"{path} is larger than {MOST_BYTES // 2**20} MiB, and no backbone here is")
    return content

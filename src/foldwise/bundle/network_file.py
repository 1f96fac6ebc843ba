"""Check a `.keras` file before Keras opens it: refuse what safe mode allows but our files never contain."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from foldwise.errors import JobError

CONFIG = "config.json"
MEMBERS = frozenset(("metadata.json", CONFIG, "model.weights.h5"))
MOST_BYTES = 8 * 2**30
MOST_CONFIG_BYTES = 64 * 2**20

# Keras writes these for values, without a module.
PLAIN = frozenset(("__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__"))
# Parts of Keras that run code or read files named in the file: lambdas, saved models, vocabularies.
REACHING_OUT = frozenset(("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"))
READING_FILES = frozenset(("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup", "HashedCrossing"))


def check_network(path: Path) -> None:
    """Refuse a file that holds anything but a network of Keras's own parts.

    Raises:
        JobError: the file has another format, is larger than 8 GiB unpacked, or names a part that is not Keras's or that runs
            code or reads other files.
    """
    try:
        with zipfile.ZipFile(path) as file:
            infos = file.infolist()
            if sorted(info.filename for info in infos) != sorted(MEMBERS):
                raise JobError(f"{path} must hold exactly {', '.join(sorted(MEMBERS))}, so it is not loaded")
            sizes = {info.filename: info.file_size for info in infos}
            # Keras does not compress members: a compressed one could unpack to any size
            packed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)
            if packed or sum(sizes.values()) > MOST_BYTES or sizes[CONFIG] > MOST_CONFIG_BYTES:
                raise JobError(f"{path} is compressed or too large for a network, so it is not loaded")
            config = json.loads(file.read(CONFIG))
    except (OSError, ValueError, RecursionError, zipfile.BadZipFile) as fault:
        raise JobError(f"{path} cannot be loaded: {str(fault) or type(fault).__name__}") from None
    for part in _parts(config):
        if rule := _foreign(part):
            raise JobError(f"{path} {rule}, so it is not loaded")


def _parts(config: Any) -> Iterator[Mapping[str, Any]]:
    """All mappings in a configuration that name a class."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _foreign(part: Mapping[str, Any]) -> str | None:
    """The reason to refuse a part, None if it is allowed."""
    name, module = part["class_name"], part.get("module")
    if module is None and name in PLAIN:
        return None
    if not isinstance(name, str) or not isinstance(module, str) or module.split(".")[0] != "keras":
        return f"names {module or 'no module'}: {name}, which is not part of Keras"
    if name in REACHING_OUT:
        return f"holds a {name}, which runs code that the file names"
    own = part.get("config")
    if name in READING_FILES and isinstance(own, dict) and isinstance(own.get("vocabulary"), str):
        return f"holds a {name} with a vocabulary in another file"
    registered = part.get("registered_name")
    if registered is not None and registered != name:
        return f"holds {registered!r} under the name of {name}"
    return None

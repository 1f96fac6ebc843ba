"""Check a `.keras` file before Keras opens it: refuse what safe mode allows but our files never contain."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldwise.errors import JobError
from foldwise.system.files import open_regular
from foldwise.system.judged_json import judged_json
from foldwise.system.redact import first_line

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
MEMBERS = frozenset(("metadata.json", CONFIG, WEIGHTS))
MOST_BYTES = 8 * 2**30
MOST_CONFIG_BYTES = 64 * 2**20
MOST_METADATA_BYTES = 2**20
LARGEST = 2**31  # of a whole number that is neither a seed nor the number of an object
UNBOUNDED = frozenset(("seed", "shared_object_id"))
DTYPE = re.compile(r"[a-z0-9_]{1,60}", re.ASCII)
DTYPE_POLICIES = re.compile(r"(?:\w*DTypePolicy|DTypePolicyMap)", re.ASCII)

# Keras writes these for values, without a module.
PLAIN = frozenset(("__keras_tensor__", "__tensor__", "__numpy__", "__slice__", "__ellipsis__"))
# The modules below keras and keras.src whose classes a network consists of; others write files, load, or change settings.
PARTS = frozenset(("layers", "models", "initializers", "regularizers", "constraints", "dtype_policies", "random", "ops")) | {
    *("optimizers", "losses", "metrics", "quantizers"),
}
CLASS = re.compile(r"_*[A-Z]\w*", re.ASCII)
# Parts of Keras that run code or read files named in the file: lambdas, saved models, vocabularies.
REACHING_OUT = frozenset(("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"))
READING_FILES = frozenset(("StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup", "HashedCrossing"))


@dataclass(frozen=True)
class NetworkFile:
    """The configuration of a network, and the bytes of its weights."""

    config: Mapping[str, Any]
    weights: int


def check_network(path: Path) -> NetworkFile:
    """Read the configuration in a file, and refuse a file that holds anything but a network of Keras's own parts.

    Raises:
        JobError: the file has another format, is larger than 8 GiB unpacked, asks for more weights than it has, or names a part
            that is not Keras's or that runs code or reads other files.
    """
    try:
        with open_regular(path) as opened, zipfile.ZipFile(opened) as file:
            infos = file.infolist()
            if sorted(info.filename for info in infos) != sorted(MEMBERS):
                raise JobError(f"{path} must hold exactly {', '.join(sorted(MEMBERS))}, so it is not loaded")
            sizes = {info.filename: info.file_size for info in infos}
            # Keras does not compress members: a compressed one could unpack to any size
            small = sizes[CONFIG] <= MOST_CONFIG_BYTES and sizes["metadata.json"] <= MOST_METADATA_BYTES
            packed = any(info.compress_type != zipfile.ZIP_STORED for info in infos)
            if packed or sum(sizes.values()) > MOST_BYTES or not small:
                raise JobError(f"{path} is compressed or too large for a network, so it is not loaded")
            if sum(sizes.values()) > os.fstat(opened.fileno()).st_size:
                raise JobError(f"{path} says that it holds more than it does, so it is not loaded")
            config = judged_json(file.read(CONFIG))
            judged_json(file.read("metadata.json"))
    except (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as fault:
        raise JobError(f"{path} cannot be loaded: {getattr(fault, 'strerror', None) or first_line(fault)}") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise JobError(f"{path} cannot be loaded: {CONFIG} is not the configuration of a network")
    weights = sizes[WEIGHTS]
    for part in _parts(config):
        if rule := _foreign(part) or _immoderate(part, weights):
            raise JobError(f"{path} {rule}, so it is not loaded")
    return NetworkFile(config, weights)


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


def _immoderate(part: Mapping[str, Any], weights: int) -> str | None:
    """The reason to refuse the numbers and the type of a part, None if they are moderate."""
    own = part.get("config")
    if not isinstance(own, dict):
        return None
    where = f"holds {part['class_name']}"
    for key, value in own.items():
        values = value if isinstance(value, list) else [value]
        if key in UNBOUNDED:
            continue
        if large := next((x for x in values if isinstance(x, int) and abs(x) > LARGEST), None):
            return f"{where} with {key[:80]} {str(large)[:40]}, and at most {LARGEST} is read"
    if "dtype" in own and not _is_dtype(own["dtype"]):
        return f"{where} whose dtype is neither the name of a type nor a policy of Keras"
    count = _least_parameters(part["class_name"], own, part.get("build_config"))
    if count > weights:  # a weight has at least a byte
        return f"{where} of {count} parameters, and its weights have {weights} bytes"
    return None


def _is_dtype(value: Any) -> bool:
    if isinstance(value, dict):
        own = value.get("config")
        name = value.get("class_name")
        return isinstance(own, dict) and isinstance(name, str) and DTYPE_POLICIES.fullmatch(name) is not None
    return value is None or (isinstance(value, str) and DTYPE.fullmatch(value) is not None)


def _least_parameters(name: str, own: Mapping[str, Any], built: Any) -> int:
    """The parameters that a layer has at least, as far as its configuration shows; `network_size` counts them exactly."""
    units = own.get("units", own.get("filters"))
    if not isinstance(units, int) or isinstance(units, bool):
        return 0
    shape = built.get("input_shape") if isinstance(built, dict) else None
    width = shape[-1] if name == "Dense" and isinstance(shape, list) and shape else None
    return units * width if isinstance(width, int) and width > 0 else units


def _is_of_networks(module: str, name: str) -> bool:
    words = module.split(".")[1:]
    if words[:1] == ["src"]:
        words = words[1:] or ["src"]
    return CLASS.fullmatch(name) is not None and all(words) and (not words or words[0] in PARTS)


def _foreign(part: Mapping[str, Any]) -> str | None:
    """The reason to refuse a part, None if it is allowed."""
    name, module = part["class_name"], part.get("module")
    if not isinstance(name, str):
        return "names a class that is not text"
    if module is None and name in PLAIN:
        return None
    if not isinstance(module, str) or module.split(".")[0] != "keras":
        return f"names {module or 'no module'}: {name}, which is not part of Keras"
    if not _is_of_networks(module, name):
        return f"names {module[:80]}: {name[:80]}, which is not part of a network"
    if name in REACHING_OUT:
        return f"holds a {name}, which runs code that the file names"
    own = part.get("config")
    if name in READING_FILES and isinstance(own, dict) and isinstance(own.get("vocabulary"), str):
        return f"holds a {name} with a vocabulary in another file"
    registered = part.get("registered_name")
    if registered is not None and registered != name:
        return f"holds {registered!r} under the name of {name}"
    return None

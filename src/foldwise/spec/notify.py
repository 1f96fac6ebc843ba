"""Where the end of a job is reported: a web address, or an address of the library Apprise."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from foldwise.spec.base import Spec

WEB = ("http", "https")


def scheme_of(url: str) -> str:
    """The word before `://`, in small letters; empty without one."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    return found[1].lower() if found else ""


def _an_address(url: str) -> str:
    """Refuse what is not an address. The address itself may be a secret, so no sentence repeats it."""
    if not scheme_of(url):
        raise ValueError("must begin with https://, http:// or a scheme of Apprise, as in mailto://")
    if scheme_of(url) in WEB:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("must have a host and perhaps a port, as in https://host:8443/path") from None
        if not host:
            raise ValueError("must have a host, as in https://host/path")
    return url


NotifyAddress = Annotated[str, Field(max_length=2000), AfterValidator(_an_address)]


class Told(Spec):
    """The two keys alone, for a report of a study whose configuration is not read yet."""

    notify: NotifyAddress | None = None
    notify_private: bool = False

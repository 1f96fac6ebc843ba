"""Tables that do not come from a file: made by a rule, queried from a database, fetched from OpenML, passed from Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field, InstanceOf, model_validator

from foldwise.spec.base import matching
from foldwise.spec.data import RawTable, TableData
from foldwise.spec.python_value import PythonFrame


class MadeData(TableData):
    """A table made by a rule: y = x1 + x2 (`line`), or y = 1 if exactly one of x1 and x2 is 1 (`xor`)."""

    kind: Literal["made"]
    name: Literal["xor", "line"]
    target: Literal["y"] = "y"
    rows: Annotated[int, Field(ge=20, le=1_000_000)] = 400
    noise: Annotated[float, Field(ge=0)] = 0.1  # standard deviation, on xor's features or line's target
    seed: Annotated[int, Field(ge=0)] = 0


_WITH_PASSWORD = re.compile(r"[\w+]+://[^:/]*:[^@]+@")  # as SQLAlchemy splits a URL
_SECRET_KEYS = re.compile(r"passw|pwd|secret|token|odbc_connect|^pass$", re.IGNORECASE)


def _no_secret(url: str) -> str:
    """Refuse a URL with a password: the URL is kept with the study and shown with its runs."""
    keys = [key for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)]
    if _WITH_PASSWORD.match(url) or any(_SECRET_KEYS.search(key) for key in keys):
        rule = "holds a password, and would be kept with the study; leave it out, put the password into an environment variable"
        raise ValueError(f"{rule} and name that variable, as in data.password_env=SHOP_PASSWORD")
    return url


def _no_nul(query: str) -> str:
    if "\0" in query:
        raise ValueError("holds the character NUL, where a database would stop reading; remove it")
    return query


class SqlData(RawTable):
    """The result of a database query.

    password_env: the environment variable that holds the password. statement_timeout: seconds that the query may take.
    """

    kind: Literal["sql"]
    url: Annotated[str, AfterValidator(_no_secret)]
    query: Annotated[str, Field(min_length=1), AfterValidator(_no_nul)]
    statement_timeout: Annotated[float, Field(gt=0, le=2_000_000)] | None = 600
    password_env: Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")] | None = None

    @model_validator(mode="after")
    def _password_is_used(self) -> SqlData:
        if self.password_env is not None and self.url.startswith("sqlite"):
            raise ValueError("SQLite takes no password; leave data.password_env out")
        return self


def _no_path(name: str) -> str:
    """Refuse a name that could lead out of the folder where data sets are kept."""
    if not re.fullmatch(r"[A-Za-z0-9_.,()\[\]+-]{1,200}", name) or ".." in name or name.startswith("."):
        raise ValueError(f"{name[:80]!r} is not a name of an OpenML data set; use letters, digits and _ . , ( ) [ ] + -")
    return name


class OpenmlData(RawTable):
    """An OpenML data set, by name or number. Once fetched, it is kept in `paths.data`.

    version: one of the versions of this name; null is the oldest active one.
    """

    kind: Literal["openml"]
    name: Annotated[str, AfterValidator(_no_path)] | None = None
    id: Annotated[int, Field(ge=1)] | None = None
    version: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _one_address(self) -> OpenmlData:
        if (self.name is None) == (self.id is None):
            raise ValueError("needs a name, as in data.name=credit-g, or a number, as in data.id=31, and not both")
        if self.id is not None and self.version is not None:
            raise ValueError("data.id already names one version; leave data.version out")
        return self


class FrameData(RawTable):
    """A pandas DataFrame, from Python only. The stored configuration has its shape and the fingerprint of its table."""

    kind: Literal["frame"]
    given: InstanceOf[PythonFrame]

    @model_validator(mode="before")
    @classmethod
    def _from_python(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and type(values.get("given")) is not PythonFrame:
            raise ValueError(
                "kind frame takes rows from Python only: foldwise.tune(frame=my_dataframe, target=...); in a shell use csv"
            )
        return values


OtherTable = MadeData | SqlData | OpenmlData | FrameData

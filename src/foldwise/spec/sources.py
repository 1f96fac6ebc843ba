"""Tables that are no file: made by a rule, asked of a database, fetched from OpenML, given in Python."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field, InstanceOf, model_validator

from foldwise.spec.base import matching
from foldwise.spec.data import MarkedData, TableData
from foldwise.spec.python_value import PythonFrame


class MadeData(TableData):
    """A table that is made by a rule: y = x1 + x2 (`line`) or whether exactly one of x1 and x2 is 1 (`xor`)."""

    kind: Literal["made"]
    name: Literal["xor", "line"]
    target: Literal["y"] = "y"
    rows: Annotated[int, Field(ge=20, le=1_000_000)] = 400
    noise: Annotated[float, Field(ge=0)] = 0.1  # standard deviation; of xor's features, of line's target
    seed: Annotated[int, Field(ge=0)] = 0


_WITH_PASSWORD = re.compile(r"[\w+]+://[^:/]*:[^@]+@")  # as SQLAlchemy parts an address
_SECRET_KEYS = re.compile(r"passw|pwd|secret|token|odbc_connect|^pass$", re.IGNORECASE)


def _no_secret(url: str) -> str:
    """An address without a password: it is kept with the study and shown to whoever sees a run."""
    keys = [key for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)]
    if _WITH_PASSWORD.match(url) or any(_SECRET_KEYS.search(key) for key in keys):
        rule = "holds a password and would be kept with the study; leave it out, put the password into an environment variable"
        raise ValueError(f"{rule} and name that, as in data.password_env=SHOP_PASSWORD")
    return url


class SqlData(MarkedData):
    """What a query of a database answers. `password_env` names the environment variable that holds the password."""

    kind: Literal["sql"]
    url: Annotated[str, AfterValidator(_no_secret)]
    query: Annotated[str, Field(min_length=1)]
    password_env: Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")] | None = None

    @model_validator(mode="after")
    def _somebody_asks_for_it(self) -> SqlData:
        if self.password_env is not None and self.url.startswith("sqlite"):
            raise ValueError("SQLite asks for no password; leave data.password_env out")
        return self


def _no_path(name: str) -> str:
    """A name that is no way out of the folder that data sets are kept in."""
    if not re.fullmatch(r"[A-Za-z0-9_.,()\[\]+-]{1,200}", name) or ".." in name or name.startswith("."):
        raise ValueError(f"{name[:80]!r} is no name of a data set of OpenML; it has letters, digits and _ . , ( ) [ ] + -")
    return name


class OpenmlData(MarkedData):
    """A data set of OpenML, by its name or its number; kept in `paths.data` once it was fetched.

    version: of those with this name; null is the oldest that is active.
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
            raise ValueError("data.id is one version already; leave data.version out")
        return self


class FrameData(MarkedData):
    """A pandas DataFrame, from Python only. A configuration that is kept says its shape and its table's fingerprint."""

    kind: Literal["frame"]
    given: InstanceOf[PythonFrame]

    @model_validator(mode="before")
    @classmethod
    def _handed_over(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and type(values.get("given")) is not PythonFrame:
            raise ValueError("kind frame is for rows from Python, foldwise.tune(frame=my_dataframe, target=...); here use csv")
        return values


OtherTable = MadeData | SqlData | OpenmlData | FrameData

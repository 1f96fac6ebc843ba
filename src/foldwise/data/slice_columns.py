"""The columns by whose levels a model card shows scores."""

from __future__ import annotations

from foldwise.data.table import Table
from foldwise.errors import ConfigError
from foldwise.system.known_words import did_you_mean


def check_slices(columns: tuple[str, ...], table: Table) -> None:
    """Refuse columns that the data do not have. One that is left out of the features is there.

    Raises:
        ConfigError: at card.slices.
    """
    known = [] if table.images is not None else [str(name) for name in table.raw.columns]
    for name in columns:
        if table.images is not None:
            raise ConfigError("card.slices", f"{name!r} is not a column, for the rows are images; leave it out")
        if name == table.target_name:
            raise ConfigError("card.slices", f"{name!r} is the target; name another column")
        if name not in known:
            raise ConfigError("card.slices", f"{name!r} is not a column of the data{did_you_mean(name, known)}")

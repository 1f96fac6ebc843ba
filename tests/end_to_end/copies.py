"""Folders with runs, copied: what databases say of the former place, they say of the new one."""

import shutil
import sqlite3
from contextlib import closing


def copied(folder, place):
    """The copy of a folder that holds `runs`."""
    shutil.copytree(folder, place)
    for name in ("ledger.db", "mlflow.db"):
        if (place / "runs" / name).exists():
            rename(place / "runs" / name, folder, place)
    return place


def rename(database, before, after):
    """Write another place wherever a cell names the former one."""
    with closing(sqlite3.connect(database)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for _, column, *_ in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
                change = (
                    f'UPDATE "{table}" SET "{column}" = replace("{column}", :before, :after) WHERE instr("{column}", :before)'
                )
                connection.execute(change, {"before": str(before), "after": str(after)})
        connection.commit()

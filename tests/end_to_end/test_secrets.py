"""A password in an address, in the environment or in an override is on no disk, in no run and on no screen."""

from __future__ import annotations

import os

import pytest

from tests.end_to_end.doors import run

SECRET = "hunter2-Zx81"  # noqa: S105 planted


@pytest.mark.long
@pytest.mark.slow
def test_passwords_of_databases_are_nowhere(database, tmp_path):
    import psycopg

    places = {name: database(name) for name in ("shop", "ledger", "mlflow")}
    with psycopg.connect(places["shop"]) as connection:
        connection.execute("CREATE TABLE sales (a float, b float, sold text)")
        rows = ", ".join(f"({i % 7}, {i % 11}, '{'yes' if i % 7 > 3 else 'no'}')" for i in range(200))
        connection.execute(f"INSERT INTO sales VALUES {rows}")

    def address(name):
        return places[name].replace("postgres:@", f"postgres:{SECRET}@")

    assert SECRET in address("mlflow")
    words = [
        *("data=sql", f"data.url={places['shop'].replace('postgres:@', 'postgres@')}"),
        *("data.query=SELECT * FROM sales", "data.target=sold", "data.password_env=SHOP_PASSWORD", "study=sold"),
        *(f"ledger.url={address('ledger')}", f"tracking.url={address('mlflow')}"),
        *("budget.trials=2", "folds.count=3", "fit.epochs=3", "explain=none", "baselines=[]"),
    ]
    env = {**os.environ, "SHOP_PASSWORD": SECRET, "MLFLOW_TRACKING_PASSWORD": SECRET, "AWS_SECRET_ACCESS_KEY": SECRET}
    runs = tmp_path / "runs"
    done = run("tune", *words, runs=runs, env=env)
    assert done.returncode == 0, done.stderr
    again = run("tune", *words, runs=runs, env=env)
    assert "is finished: 2 of 2 trials" in again.stdout
    assert SECRET not in done.stdout + done.stderr + again.stdout + again.stderr
    files = [path for path in runs.rglob("*") if path.is_file()]
    assert any(path.name == "summary.json" for path in files)
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    for name in ("ledger", "mlflow"):
        with psycopg.connect(places[name]) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            text = "".join(str(connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()) for (table,) in tables)
        assert "sold" in text
        assert SECRET not in text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["tracking.password=" + SECRET], 2),
        (["ledger.url=postgresql://u:" + SECRET + "@127.0.0.1:1/x"], 2),
        (["ledger.url=postgresql://u:" + SECRET + "@[::1/x"], 2),
        (["tracking.url=mysql://u:" + SECRET + "@127.0.0.1/x"], 2),
        (["execute=dask", "execute.address=tls://u:" + SECRET + "@127.0.0.1:1"], 2),
        (["data=csv", "data.path=https://u:" + SECRET + "@127.0.0.1/x.csv", "data.target=a"], 2),
        (["data=sql", "data.url=postgresql://u:" + SECRET + "@127.0.0.1/x", "data.query=SELECT 1", "data.target=a"], 2),
    ],
)
def test_what_is_refused_is_refused_without_its_password(words, code, tmp_path):
    done = run("tune", *words, runs=tmp_path / "runs")
    assert done.returncode == code
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr

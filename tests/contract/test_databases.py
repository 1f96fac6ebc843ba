"""What reading rows must do on every database."""

from __future__ import annotations

import pytest
import sqlalchemy

from foldwise.data.sources.read import check_source, read_source
from foldwise.data.table import read_table
from foldwise.errors import ConfigError, DataError
from foldwise.spec.sources import SqlData

COLUMNS = (
    "id INTEGER, age INTEGER, weight DOUBLE PRECISION, price NUMERIC(8, 2), town TEXT, paid BOOLEAN, seen DATE, bought TEXT"
)
ROWS = [
    f"({n}, {'NULL' if n == 4 else 20 + n}, {n}.5, {n}.25, {'x%:y ' if n % 3 else ''!r}, {n % 2 == 0}, '2024-01-{n:02}', "
    f"{'yes' if n % 4 < 2 else 'no'!r})"
    for n in range(1, 25)
]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path / 'shop 1.db'}" if request.param == "sqlite" else request.getfixturevalue("database")()


def _do(url, *statements):
    engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        answers = [connection.execution_options(no_parameters=True).exec_driver_sql(statement) for statement in statements]
        return answers[-1].scalar() if answers[-1].returns_rows else None


@pytest.fixture
def shop(url):
    _do(url, f"CREATE TABLE visits ({COLUMNS})", f"INSERT INTO visits VALUES {', '.join(ROWS)}")
    return url


def _data(url, query="SELECT * FROM visits", **options):
    return SqlData(kind="sql", url=url, query=query, **{"target": "bought", "row_key": ("id",), **options})


class TestRows:
    def test_types_become_kinds(self, shop):
        table = read_table(_data(shop), used=frozenset({"number", "category", "date"}))
        kinds = {column.name: column.kind for column in table.schema.columns}
        expected = {"age": "number", "weight": "number", "price": "number", "town": "category", "paid": "category"}
        assert kinds == {**expected, "seen": "date"}
        assert table.frame["price"].tolist()[:2] == [1.25, 2.25]
        assert table.frame["age"].isna().to_numpy().nonzero()[0].tolist() == [3]
        assert table.frame["town"].tolist()[:3] == ["x%:y", "x%:y", None]
        assert str(table.frame["seen"][23]) == "2024-01-24 00:00:00"

    def test_the_order_in_the_database_does_not_matter(self, shop):
        first = read_table(_data(shop))
        assert first.frame["weight"].tolist() == sorted(first.frame["weight"])
        _do(shop, "DELETE FROM visits", f"INSERT INTO visits VALUES {', '.join(ROWS[::-1])}")
        assert read_table(_data(shop)).fingerprint == first.fingerprint
        assert read_table(_data(shop, "SELECT * FROM visits ORDER BY price DESC")).fingerprint == first.fingerprint

    def test_without_a_key_all_columns_say_the_order(self, shop):
        first = read_table(_data(shop, row_key=()))
        _do(shop, "DELETE FROM visits", f"INSERT INTO visits VALUES {', '.join(ROWS[7:] + ROWS[:7])}")
        assert read_table(_data(shop, row_key=())).fingerprint == first.fingerprint

    def test_signs_of_drivers_are_plain_in_a_query(self, shop):
        query = "SELECT id, age, bought FROM visits WHERE town LIKE 'x%:y %' AND 7 % 2 = 1"
        assert len(read_source(_data(shop, query)).frame) == 16


class TestRefusals:
    @pytest.mark.parametrize(
        "query",
        ["DELETE FROM visits", "DELETE FROM visits RETURNING *", "DROP TABLE visits", "INSERT INTO visits (id) VALUES (99)"],
    )
    def test_nothing_is_written(self, shop, query):
        with pytest.raises(DataError, match=r"data\.query: .*(read-?only)"):
            read_source(_data(shop, query))
        assert _do(shop, "SELECT count(*) FROM visits") == 24

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("SELECT * FROM visitors", r"data\.query: .*: .*visitors"),
            ("SELEC 1", r"data\.query: .*: .*SELEC"),
            ("SELECT * FROM visits WHERE id > 99", r"data\.query: returns no rows"),
            ("SELECT age, bought, age FROM visits", r"data\.query: returns two columns age"),
            ("SELECT id, age FROM visits", r"data\.target: the query's answer has no column 'bought'"),
        ],
    )
    def test_a_wrong_query_is_one_sentence(self, shop, query, sentence):
        with pytest.raises(DataError, match=sentence) as caught:
            read_source(_data(shop, query))
        assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_password_comes_from_the_environment_and_is_not_shown(postgres, monkeypatch):
    data = _data(postgres.get_uri(), "SELECT 1 AS id, 'no' AS bought", password_env="SHOP_PASSWORD")  # noqa: S106 a variable's name
    with pytest.raises(ConfigError, match=r"data\.password_env: the environment variable SHOP_PASSWORD is not set"):
        check_source(data)
    monkeypatch.setenv("SHOP_PASSWORD", "geheim")
    source = read_source(data)
    assert len(source.frame) == 1
    gone = data.model_copy(update={"url": "postgresql://me@127.0.0.1:1/shop"})
    with pytest.raises(DataError, match=r"data\.url: postgresql\+psycopg://me@127.0.0.1:1/shop: ") as caught:
        read_source(gone)
    assert "geheim" not in source.place + str(caught.value)

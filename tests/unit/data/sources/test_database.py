import sqlite3

import pytest

from foldwise.config.read import read_study
from foldwise.data.sources.read import check_source, read_source
from foldwise.doors.compose import compose_study
from foldwise.errors import ConfigError, DataError
from foldwise.spec.places import Paths
from foldwise.spec.sources import SqlData


def _words(url, *more):
    return ["data=sql", f"data.url='{url}'", "data.query='SELECT * FROM t'", "data.target=y", *more]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@host/shop",
        "postgresql+psycopg://me:se/c:r@t@host/shop",
        "mysql://:secret@host/shop",
        "postgresql://host/shop?user=me&password=secret",
        "postgresql://host/shop?p%61ssword=secret",
        "mssql+pyodbc:///?odbc_connect=secret",
    ],
)
def test_an_address_with_a_password_is_refused_without_showing_it(url):
    with pytest.raises(ConfigError) as caught:
        read_study(compose_study(_words(url)))
    assert caught.value.key == "data.url"
    assert "data.password_env=SHOP_PASSWORD" in caught.value.rule
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://me@host:5432/shop?sslmode=require", "sqlite:///C:/shop.db", "postgresql://me:@/shop"]
)
def test_an_address_without_a_password_is_kept(url):
    study = read_study(compose_study(_words(url)))
    assert study.recipe["data"]["url"] == url
    assert study.register == "shop"


def test_a_password_for_sqlite_is_refused():
    with pytest.raises(ConfigError, match="SQLite takes no password"):
        read_study(compose_study(_words("sqlite:///a.db", "data.password_env=HOME")))


def test_the_address_of_a_database_is_not_part_of_a_study_s_identity():
    here, there = (
        read_study(compose_study(_words(url, "data.name=shop"))) for url in ("sqlite:///a.db", "postgresql://host/b")
    )
    assert here.name == there.name
    other = [*_words("sqlite:///a.db", "data.name=shop"), "data.query='SELECT * FROM u'"]
    assert read_study(compose_study(other)).name != here.name
    patient = [*_words("sqlite:///a.db", "data.name=shop"), "data.statement_timeout=5"]
    assert read_study(compose_study(patient)).name == here.name


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "3e9"])
def test_a_time_limit_is_a_number_of_seconds(seconds):
    with pytest.raises(ConfigError, match=r"data\.statement_timeout: "):
        read_study(compose_study(_words("sqlite:///a.db", f"data.statement_timeout={seconds}")))


def test_a_query_with_nul_is_refused():
    with pytest.raises(ValueError, match="holds the character NUL"):
        SqlData(kind="sql", url="sqlite:///a.db", query="SELECT 1\0; DROP TABLE t", target="y")


def test_the_file_is_found_in_paths_data_and_never_made(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    data = SqlData(kind="sql", url="sqlite:///rows.db", query="SELECT * FROM t", target="y", name="shop")
    with pytest.raises(DataError, match=r"data\.url: file not found: rows.db; put it at .*shop/rows.db"):
        check_source(data, Paths(data=str(tmp_path)))
    assert list(folder.iterdir()) == []
    with sqlite3.connect(folder / "rows.db") as connection:
        connection.execute("CREATE TABLE t (x, y)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(n, n % 2) for n in range(5)])
    connection.close()
    check_source(data, Paths(data=str(tmp_path)))
    assert read_source(data, Paths(data=str(tmp_path))).frame["x"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite://", r"data\.url: names no file; write sqlite:///<path>"),
        ("sqlite:///:memory:", r"data\.url: names no file"),
        ("shop.db", r"data\.url: is not a database address"),
        ("nosql://host/shop", r"data\.url: nosql cannot be held to reading; use sqlite or postgresql"),
        ("oracle+oracledb://host/shop", r"data\.url: oracle\+oracledb cannot be held to reading; use sqlite or postgresql"),
        ("mysql+pymysql://host/shop", r"data\.url: mysql\+pymysql cannot be held to reading; .* export the rows for data=csv"),
    ],
)
def test_a_wrong_address_is_one_sentence(url, sentence):
    with pytest.raises(ConfigError, match=sentence):
        read_source(SqlData(kind="sql", url=url, query="SELECT 1", target="y"))


def test_a_file_that_is_not_a_database_is_one_sentence(tmp_path):
    (tmp_path / "rows.db").write_text("id,age\n" * 300)
    with pytest.raises(DataError, match=r"rows.db: file is not a database"):
        read_source(SqlData(kind="sql", url=f"sqlite:///{tmp_path / 'rows.db'}", query="SELECT * FROM t", target="y"))

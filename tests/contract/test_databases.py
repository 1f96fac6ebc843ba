"""What reading rows must do on every database."""

from __future__ import annotations

import signal
import sqlite3
import time
from threading import Timer

import pytest
import sqlalchemy

from foldwise.data.read_table import read_table
from foldwise.data.sources.read import check_source, read_source
from foldwise.errors import ConfigError, DataError
from foldwise.spec.sources import SqlData
from foldwise.system.signals import handlers

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


class TestOneSelect:
    """A query is one statement that reads; the database is as before, whatever was tried."""

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT * FROM visits;",
            " \n-- all of them\nSELECT * FROM visits /* ; COMMIT */ ;\n",
            "WITH seen AS (SELECT * FROM visits WHERE id > 0) SELECT * FROM seen",
            "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 24) SELECT *, 'no' AS bought FROM n",
            "SELECT id, upper(town) AS town, ';' AS sign, count(*) OVER () AS n, bought FROM visits",
            "SELECT v.*, random() AS draw, coalesce(abs(age), 0) AS years FROM visits AS v",
        ],
    )
    def test_what_reads_is_read(self, shop, query):
        assert len(read_source(_data(shop, query)).frame) == 24

    @pytest.mark.parametrize(
        "query",
        [
            "COMMIT; CREATE TABLE pwn(x int); SELECT * FROM visits",
            "SELECT 1; COMMIT; INSERT INTO visits (id) VALUES (99); SELECT * FROM visits",
            "SELECT * FROM visits; DELETE FROM visits",
            "SELECT * FROM visits; SELECT * FROM visits",
            "ROLLBACK; BEGIN; DELETE FROM visits; COMMIT; SELECT 1 AS id",
            "CREATE TEMPORARY TABLE pwn AS SELECT * FROM visits",
            "CREATE TABLE pwn AS SELECT * FROM visits",
            "CREATE VIEW pwn AS SELECT * FROM visits",
            "WITH gone AS (SELECT id FROM visits) DELETE FROM visits WHERE id IN (SELECT id FROM gone)",
            "UPDATE visits SET bought = 'no' RETURNING *",
            "ALTER TABLE visits ADD COLUMN pwn INTEGER",
            "BEGIN",
            "ANALYZE",
            "REINDEX",
        ],
    )
    def test_what_does_more_is_refused(self, shop, query):
        with pytest.raises(DataError, match=r"^data\.query: .*write one SELECT, which runs read-only$") as caught:
            read_source(_data(shop, query))
        assert "\n" not in str(caught.value)
        assert _do(shop, "SELECT count(*) FROM visits WHERE bought = 'yes'") == 12
        with pytest.raises(sqlalchemy.exc.DBAPIError):
            _do(shop, "SELECT * FROM pwn")

    def test_it_ends_at_its_time_limit(self, shop):
        endless = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id FROM n) SELECT count(*) AS id, 'no' AS bought FROM n"
        started = time.monotonic()
        with pytest.raises(DataError, match=r"data\.query: .*; raise data\.statement_timeout, or ask for less"):
            read_source(_data(shop, endless, statement_timeout=0.3))
        assert time.monotonic() - started < 10
        assert len(read_source(_data(shop, statement_timeout=None)).frame) == 24


class TestOneSelectOnSqlite:
    @pytest.fixture
    def file(self, tmp_path):
        file = tmp_path / "shop.db"
        with sqlite3.connect(file) as connection:
            connection.execute("CREATE TABLE visits (id INTEGER, bought TEXT)")
            connection.execute("CREATE VIRTUAL TABLE notes USING fts5(id, bought)")
            connection.execute("CREATE VIRTUAL TABLE older USING fts4(id, bought)")
            for table in ("visits", "notes", "older"):
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(n, "yes" if n % 2 else "no") for n in range(20)])
        connection.close()
        return file

    @pytest.mark.parametrize(
        "query",
        [
            "VACUUM INTO '{folder}/copy.db'",
            "VACUUM",
            "ATTACH '{folder}/other.db' AS other",
            "DETACH main",
            "PRAGMA user_version = 7",
            "PRAGMA journal_mode = WAL",
            "PRAGMA query_only = OFF",
            "PRAGMA writable_schema = ON",
            "SELECT * FROM pragma_table_info('visits')",
            "SAVEPOINT a",
            "INSERT INTO notes(notes) VALUES ('optimize')",
            "SELECT load_extension('{folder}/evil.so') AS id",
            "SELECT id, \"LOAD_EXTENSION\"('{folder}/evil.so') FROM visits WHERE id < 0",
            "SELECT fts3_tokenizer('simple') AS id",
        ],
    )
    def test_its_own_ways_to_write_are_refused(self, file, tmp_path, query):
        before = file.read_bytes()
        with pytest.raises(DataError, match=r"^data\.query: (not auth|auth|vtable).*; write one SELECT, which runs read-only$"):
            read_source(_data(f"sqlite:///{file}", query.format(folder=tmp_path)))
        assert file.read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["shop.db"]

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT * FROM notes WHERE notes MATCH 'yes OR no'",
            "SELECT * FROM older WHERE older MATCH 'yes'",
            "SELECT name AS id, 'no' AS bought FROM sqlite_schema",
        ],
    )
    def test_tables_of_other_kinds_are_read(self, file, query):
        assert not read_source(_data(f"sqlite:///{file}", query)).frame.empty

    def test_the_schema_is_not_changed(self, file):
        before = file.read_bytes()
        for query in ("UPDATE sqlite_master SET name = 'pwn'", "UPDATE sqlite_schema SET sql = '' RETURNING name"):
            with pytest.raises(DataError, match=r"data\.query: .*may not be modified"):
                read_source(_data(f"sqlite:///{file}", query))
        assert file.read_bytes() == before

    @pytest.mark.parametrize("query", [" ", " ;", "-- SELECT 1"])
    def test_a_query_that_asks_for_nothing(self, file, query):
        with pytest.raises(DataError, match=r"data\.query: returns no table; write one SELECT"):
            read_source(_data(f"sqlite:///{file}", query))

    def test_ctrl_c_ends_a_query(self, file):
        endless = "WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id FROM n) SELECT count(*) AS id, 'no' AS bought FROM n"
        usual = {signal.SIGINT: signal.default_int_handler}  # a shell's background job ignores the signal
        Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
        with handlers(usual), pytest.raises(KeyboardInterrupt):
            read_source(_data(f"sqlite:///{file}", endless, statement_timeout=30))

    @pytest.mark.parametrize(
        "big",
        [
            "length(hex(zeroblob(900000000)))",
            "zeroblob(17000000)",
            "instr(randomblob(20000000), 'no')",
        ],
    )
    def test_a_huge_value_is_refused_at_once(self, file, big):
        began = time.monotonic()
        with pytest.raises(DataError, match=r"data\.query: .*too big.*; a value may have 16 MB"):
            read_source(_data(f"sqlite:///{file}", f"SELECT {big} AS id, 'no' AS bought", statement_timeout=1))
        assert time.monotonic() - began < 5
        assert (
            len(read_source(_data(f"sqlite:///{file}", "SELECT id, hex(zeroblob(1000)) AS long, bought FROM visits")).frame)
            == 20
        )

    def test_another_driver_in_the_address_changes_nothing(self, file):
        url = f"sqlite+aiosqlite:///{file}?mode=rwc"
        assert len(read_source(_data(url)).frame) == 20
        with pytest.raises(DataError, match="write one SELECT"):
            read_source(_data(url, "DELETE FROM visits"))


@pytest.mark.slow
class TestOneSelectOnPostgresql:
    @pytest.fixture
    def shop(self, database):
        url = database()
        _do(
            url,
            "CREATE TABLE visits AS SELECT g AS id, CASE WHEN g % 2 = 0 THEN 'no' ELSE 'yes' END AS bought "
            "FROM generate_series(1, 20) AS g",
            "CREATE SEQUENCE numbers",
            "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 2 * n; END'",
            "CREATE FUNCTION asleep(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN n; END'",
            "CREATE FUNCTION inner_one(n int) RETURNS text LANGUAGE sql AS 'SELECT pg_read_file(''PG_VERSION'')'",
            "CREATE FUNCTION crosstab(words text) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN words; END'",
            "CREATE VIEW seen AS SELECT id, bought, asleep(id) AS woken FROM visits",
            "CREATE FUNCTION step(a int, b int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a + b; END'",
            "CREATE AGGREGATE summed(int) (sfunc = step, stype = int, initcond = '0')",
            "CREATE PROCEDURE nothing() LANGUAGE sql AS 'DELETE FROM visits'",
            "CREATE FUNCTION woken(n int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN nextval(''numbers'') > n; END'",
            "CREATE DOMAIN awake AS int CHECK (woken(VALUE))",
            "CREATE TYPE pair AS (a awake, b int)",
            "CREATE DOMAIN small AS int CHECK (VALUE < 99)",
        )
        return url

    @pytest.mark.parametrize(
        ("call", "name"),
        [
            ("nextval('numbers')", "nextval"),
            ("setval('numbers', 7)", "setval"),
            ("pg_terminate_backend(0)", "pg_terminate_backend"),
            ("pg_cancel_backend(0)", "pg_cancel_backend"),
            ("pg_reload_conf()", "pg_reload_conf"),
            ("pg_read_file('PG_VERSION')", "pg_read_file"),
            ("pg_ls_dir('.')", "pg_ls_dir"),
            ("lo_export(1, '/tmp/pwn')", "lo_export"),
            ("lo_import('/etc/hostname')", "lo_import"),
            ("lo_create(1)", "lo_create"),
            ("set_config('statement_timeout', '0', false)", "set_config"),
            ("set_config('transaction_read_only', 'off', true)", "set_config"),
            ("pg_advisory_lock(1)", "pg_advisory_lock"),
            ("pg_try_advisory_xact_lock(1)", "pg_try_advisory_xact_lock"),
            ("pg_notify('a', 'b')", "pg_notify"),
            ("query_to_xml('SELECT pg_reload_conf()', true, true, '')", "query_to_xml"),
            ('U&"pg_terminate\\005fbackend"(0)', "pg_terminate_backend"),
            ('pg_catalog . "pg_reload_conf" ( )', "pg_reload_conf"),
            ("asleep(1)", "asleep"),
            ("inner_one(1)", "inner_one|pg_read_file"),
            ("crosstab('SELECT pg_reload_conf()')", "crosstab"),
            ("summed(id)", "step"),
        ],
    )
    def test_a_function_that_can_do_more_is_refused_wherever_it_stands(self, shop, call, name):
        rule = rf"^data\.query: calls \w+\.({name}), which can do more than read; leave it out"
        for query in (
            f"SELECT {call} AS id",
            f"SELECT 1 AS id LIMIT (SELECT length(({call})::text))",
            f"WITH a AS MATERIALIZED (SELECT {call} AS x) SELECT 1 AS id FROM a",
            f"SELECT 1 AS id FROM (VALUES (1)) AS t(a) WHERE EXISTS (SELECT {call} AS x OFFSET 0)",
            f"SELECT 1 AS id ORDER BY (SELECT length(({call})::text))",
        ):
            tables = " FROM visits" if "summed" in call else ""
            with pytest.raises(DataError, match=rule):
                read_source(_data(shop, query.replace(call, f"(SELECT {call}{tables})") if tables else query))
        assert _do(shop, "SELECT nextval('numbers')") == 1

    @pytest.mark.parametrize(
        "query",
        [
            "SELECT 1::awake AS id",
            "SELECT id::awake, bought FROM visits",
            "SELECT (json_populate_record(NULL::pair, '{\"a\": 5}')).a AS id",
            "SELECT * FROM json_to_recordset('[{\"id\": 6}]') AS x(id awake)",
            "SELECT * FROM jsonb_to_record('{\"id\": [6]}') AS x(id awake[])",
            "SELECT ('{' || id || '}')::awake[] AS id FROM visits",
            "SELECT ('(' || id || ',1)')::pair::text AS id FROM visits",
            "SELECT 1 AS id FROM visits WHERE bought = (('{' || 7 || '}')::awake[])::text",
        ],
    )
    def test_the_check_of_a_domain_is_judged(self, shop, query):
        with pytest.raises(DataError, match=r"^data\.query: calls public\.woken, which can do more than read"):
            read_source(_data(shop, query))
        assert _do(shop, "SELECT nextval('numbers')") == 1
        assert len(read_source(_data(shop, "SELECT id::small, bought FROM visits")).frame) == 20

    @pytest.mark.parametrize(
        "call",
        [
            "table_to_xml('seen', true, true, '')",
            "table_to_xml_and_xmlschema('seen', true, true, '')",
            "schema_to_xml('public', true, true, '')",
            "database_to_xml(true, true, '')",
        ],
    )
    def test_a_view_is_not_read_behind_a_name_not_even_to_plan(self, shop, call):
        _do(shop, "CREATE OR REPLACE VIEW seen AS SELECT id, bought, CASE WHEN woken(0) THEN 1 END AS woken FROM visits")
        for query in (f"SELECT {call}::text AS id", f"SELECT id FROM visits WHERE bought = {call}::text"):
            with pytest.raises(DataError, match=r"^data\.query: calls pg_catalog\.\w+_to_xml"):
                read_source(_data(shop, query))
        assert _do(shop, "SELECT nextval('numbers')") == 1

    def test_the_catalogs_are_read(self, shop):
        query = "SELECT table_name AS id, is_nullable AS bought FROM information_schema.columns WHERE table_name = 'visits'"
        assert len(read_source(_data(shop, query)).frame) == 2

    def test_a_view_is_judged_by_what_it_calls(self, shop):
        with pytest.raises(DataError, match=r"calls public\.asleep, .* or declare it STABLE in the database if it only reads$"):
            read_source(_data(shop, "SELECT * FROM seen"))
        _do(shop, "ALTER FUNCTION asleep STABLE")
        assert len(read_source(_data(shop, "SELECT * FROM seen")).frame) == 20

    @pytest.mark.parametrize(
        "query",
        [
            "COPY (SELECT 1) TO PROGRAM 'touch {folder}/pwn'",
            "COPY visits TO '{folder}/pwn'",
            "SELECT * INTO pwn FROM visits",
            "WITH gone AS (DELETE FROM visits RETURNING *) SELECT * FROM gone",
            "SELECT * FROM visits FOR UPDATE",
            "EXPLAIN ANALYZE SELECT * FROM visits",
            "DO 'BEGIN DELETE FROM visits; END'",
            "CALL nothing()",
            "SET transaction_read_only = off",
            "LOCK TABLE visits",
            "NOTIFY a",
            "VACUUM visits",
            "CLOSE ALL; SELECT 1 AS id",
            "PREPARE TRANSACTION 'a'",
            ") ; DELETE FROM visits; SELECT (1",
        ],
    )
    def test_its_own_ways_to_write_are_refused(self, shop, tmp_path, query):
        with pytest.raises(DataError, match=r"^data\.query: .*; write one SELECT, which runs read-only$"):
            read_source(_data(shop, query.format(folder=tmp_path)))
        assert _do(shop, "SELECT count(*) FROM visits") == 20
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "query",
        [
            "TABLE visits",
            "(SELECT * FROM visits)",
            "SELECT id, bought, twice(id), now(), clock_timestamp(), gen_random_uuid()::text FROM visits",
            "SELECT id, bought, 'pg_terminate_backend(1)' AS \"x :funcid 2096 \" FROM visits",
            "SELECT id, min(bought) AS bought, sum(id), array_agg(id)::text, string_agg(bought, ';') FROM visits GROUP BY id",
            "SELECT * FROM visits TABLESAMPLE BERNOULLI (100)",
            "SELECT id, bought FROM visits CROSS JOIN LATERAL (SELECT pg_sleep(0)) AS s",
        ],
    )
    def test_what_reads_is_read(self, shop, query):
        assert len(read_source(_data(shop, query)).frame) == 20

    def test_sleeping_ends_at_the_time_limit(self, shop):
        with pytest.raises(DataError, match=r"statement timeout; raise data\.statement_timeout, or ask for less"):
            read_source(_data(shop, "SELECT id, bought, pg_sleep(60) FROM visits", statement_timeout=0.2))

    def test_a_fault_in_a_later_row_is_one_of_the_query(self, shop):
        with pytest.raises(DataError, match=r"^data\.query: .*division by zero$"):
            read_source(_data(shop, "SELECT id, bought, 1 / (id - 20) FROM visits"))

    def test_options_in_the_address_change_nothing(self, shop):
        url = f"{shop}&options=-c%20default_transaction_read_only%3Doff%20-c%20client_min_messages%3Derror"
        assert len(read_source(_data(url)).frame) == 20
        with pytest.raises(DataError, match="nextval"):
            read_source(_data(url, "SELECT nextval('numbers') AS id"))

    def test_nothing_stays_behind(self, shop):
        read_source(_data(shop))
        assert _do(shop, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == 1


@pytest.mark.slow
class TestExtensionsOfPostgresql:
    @pytest.fixture
    def shop(self, contrib):
        _do(
            contrib,
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
            *(f"CREATE EXTENSION {name}" for name in ("tablefunc", "dblink", "file_fdw")),
            "CREATE FUNCTION touched() RETURNS int LANGUAGE plpgsql AS "
            "'BEGIN COPY (SELECT 1) TO PROGRAM ''cat > pwn''; RETURN 1; END'",
            "CREATE TABLE visits AS SELECT g AS id, 'no' AS bought FROM generate_series(1, 20) AS g",
            "CREATE FUNCTION wide(text) RETURNS SETOF record AS '$libdir/tablefunc', 'crosstab' LANGUAGE c STABLE STRICT",
            "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw",
            "CREATE FOREIGN TABLE told (id text) SERVER files OPTIONS (program 'touch pwn; echo 1')",
            "CREATE FOREIGN TABLE kept (id text) SERVER files OPTIONS (filename 'PG_VERSION')",
            "CREATE VIEW seen AS SELECT * FROM told",
        )
        yield contrib
        assert _do(contrib, "SELECT count(*) FROM pg_ls_dir('.') AS name WHERE name LIKE 'pwn%'") == 0
        assert _do(contrib, "SELECT count(*) FROM visits") == 20

    @pytest.mark.parametrize(
        ("query", "rule"),
        [
            ("SELECT * FROM crosstab('SELECT 1, 1, {write}') AS c(id int, a bigint)", "calls public.crosstab"),
            ("SELECT * FROM crosstab('SELECT 1, 1, 1', 'SELECT {write}') AS c(id int, a bigint)", "calls public.crosstab"),
            ("SELECT * FROM crosstab2('SELECT 1::text, 1::text, {write}::text')", "calls public.crosstab2"),
            ("SELECT * FROM wide('SELECT 1, 1, {write}') AS c(id int, a bigint)", "calls public.wide"),
            (
                "SELECT * FROM connectby('(SELECT 1 AS a, {write} AS b) AS q', 'a', 'b', '1', 0) AS c(id text, b text, n int)",
                "calls public.connectby",
            ),
            ("SELECT * FROM dblink('dbname=postgres', 'DELETE FROM visits RETURNING id') AS c(id text)", "calls public.dblink"),
            ("SELECT dblink_exec('dbname=postgres', 'DELETE FROM visits') AS id", "calls public.dblink_exec"),
            ("SELECT dblink_connect('dbname=postgres') AS id", "calls public.dblink_connect"),
            ("SELECT * FROM told", "reads told, a foreign table that runs a program; leave it out"),
            ("SELECT * FROM visits WHERE id::text IN (SELECT id FROM seen)", "reads told, a foreign table that runs a program"),
        ],
    )
    def test_what_does_more_is_refused(self, shop, query, rule):
        with pytest.raises(DataError, match=rf"^data\.query: {rule}"):
            read_source(_data(shop, query.format(write="touched()")))

    def test_a_foreign_table_that_is_a_file_is_read(self, shop):
        assert len(read_source(_data(shop, "SELECT id, 'no' AS bought FROM kept")).frame) == 1


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

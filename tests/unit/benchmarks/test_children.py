"""What a child took, with its own children."""

import sys
import time

from benchmarks.children import run

BUSY = "import time\nwhile time.process_time() < 0.4: pass"


def test_processor_seconds_are_those_of_children_of_children_too(tmp_path):
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}], check=True); print('done')"
    spent = run([sys.executable, "-c", nested], tmp_path / "log", limit=60)
    assert spent.code == 0
    assert spent.processor >= 0.4
    assert spent.peak_mb > 1
    assert (tmp_path / "log").read_text() == "done\n"


def test_a_child_is_killed_at_its_limit(tmp_path):
    began = time.monotonic()
    spent = run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log", limit=0.5)
    assert spent.code == -9
    assert time.monotonic() - began < 30

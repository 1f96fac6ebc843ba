"""How TensorFlow is started; each in a process of its own."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def _run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def test_a_start_is_silent_and_a_second_one_does_nothing():
    done = _run(
        "from foldwise.training.runtime import start; start(1); start(1)\n"
        "import os, keras, tensorflow as tf\n"
        "print(keras.backend.backend(), os.environ['OMP_NUM_THREADS'], tf.config.threading.get_intra_op_parallelism_threads())"
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["tensorflow", "1", "1"]


def test_another_number_of_threads_comes_too_late():
    done = _run("from foldwise.training.runtime import start; start(1); start(2)")
    assert "JobError: TensorFlow already runs in this process with 1 threads, so execute.threads=2" in done.stderr


def test_another_number_will_do_where_none_was_asked_for():
    done = _run("from foldwise.training.runtime import start; start(1); print(start(2, or_as_it_runs=True))")
    assert done.stderr == ""
    assert done.stdout.split() == ["1"]


def test_what_others_write_while_it_starts_is_let_through():
    done = _run(
        "import os\nfrom foldwise.training import runtime\n"
        "with runtime._without_chatter():\n"
        "    os.write(2, b'I0000 00:00:1.2 chatter\\nTrouble in line 3\\n')"
    )
    assert done.stderr == "Trouble in line 3\n"

"""How TensorFlow is started, in a process of its own."""

import subprocess
import sys

import pytest

from foldwise.errors import JobError

pytestmark = pytest.mark.slow


def _run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def started():
    """A process that starts TensorFlow with 1 thread twice, then with 2 threads in both ways."""
    return _run(
        "from foldwise.training.runtime import start; start(1); start(1)\n"
        "import os, sys, keras, tensorflow as tf\n"
        "threads = tf.config.threading.get_intra_op_parallelism_threads()\n"
        "print(keras.backend.backend(), os.environ['OMP_NUM_THREADS'], threads)\n"
        "print(start(2, or_as_it_runs=True))\n"
        "print('silent until here', file=sys.stderr)\n"
        "start(2)"
    )


def test_a_start_is_silent_and_a_second_one_does_nothing(started):
    assert started.stderr.startswith("silent until here\n")
    assert started.stdout.splitlines()[0].split() == ["tensorflow", "1", "1"]


def test_another_number_of_threads_comes_too_late(started):
    assert "JobError: TensorFlow already runs in this process with 1 threads, so execute.threads=2" in started.stderr


def test_another_number_is_accepted_on_request(started):
    assert started.stdout.splitlines()[1:] == ["1"]


def test_two_programs_at_once_have_a_thread_each():
    done = _run(
        "from foldwise.training.runtime import start; start(1, at_once=2)\n"
        "from tensorflow import config\n"
        "print(config.threading.get_intra_op_parallelism_threads(), config.threading.get_inter_op_parallelism_threads())"
    )
    assert done.stdout.split() == ["1", "2"]


def test_what_others_write_while_it_starts_is_let_through():
    done = _run(
        "import os\nfrom foldwise.training import runtime\n"
        "with runtime.quiet_import('tensorflow'):\n"
        "    os.write(2, b'I0000 00:00:1.2 chatter\\nTrouble in line 3\\n')"
    )
    assert done.stderr == "Trouble in line 3\n"


def test_a_second_backend_comes_too_late(tensorflow_started):
    from foldwise.training.runtime import start

    with pytest.raises(JobError, match=r"on tensorflow in this process, so training\.backend=jax comes too late"):
        start(1, backend="jax")

import os
import subprocess
import sys

from foldwise.schedule.lock import INHERITED, job_lock


def test_a_job_has_one_holder(tmp_path):
    path = tmp_path / "deep" / "weekly.lock"
    held = job_lock(path)
    assert job_lock(path) is None
    held.close()
    again = job_lock(path)
    assert again is not None
    again.close()


def test_a_lock_is_held_while_a_child_that_inherited_it_lives(tmp_path):
    path = tmp_path / "weekly.lock"
    held = job_lock(path)
    child = subprocess.Popen(["sleep", "60"], pass_fds=[held.number])
    held.close()
    assert job_lock(path) is None
    child.kill()
    child.wait()
    job_lock(path).close()


TAKE = "import sys; from pathlib import Path; from foldwise.schedule.lock import job_lock; print(job_lock(Path(sys.argv[1])))"


def take(path, number, environment):
    words = [sys.executable, "-c", TAKE, str(path)]
    return subprocess.run(
        words, pass_fds=[number], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )


def test_only_a_child_that_inherits_the_lock_has_it(tmp_path):
    path, other = tmp_path / "weekly.lock", tmp_path / "other.lock"
    held = job_lock(path)
    assert "JobLock" in take(path, held.number, held.environment()).stdout
    assert take(path, held.number, {}).stdout == "None\n"
    assert take(path, held.number, {INHERITED: "0"}).stdout == "None\n"  # a file, but not this one
    assert take(path, held.number, {INHERITED: "999"}).stdout == "None\n"
    assert take(path, held.number, {INHERITED: "x"}).stdout == "None\n"
    assert "JobLock" in take(other, held.number, held.environment()).stdout  # it takes that one itself
    held.close()

import pytest

from foldwise.errors import Interrupted
from foldwise.execution.local import HereExecutor


@pytest.mark.parametrize("stop", [Interrupted("stopped by the user"), KeyboardInterrupt()])
def test_an_interrupt_is_raised_at_once(stop):
    def run(job):
        raise stop

    with pytest.raises(type(stop)):
        HereExecutor(run).submit("job")


def test_the_job_has_run_when_submit_returns():
    ran = []
    future = HereExecutor(ran.append).submit("job")
    assert ran == ["job"]
    assert future.done()

import pytest

from foldwise.errors import ConfigError
from foldwise.plan import check_runs_folder


def test_a_place_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path):
    check_runs_folder(str(tmp_path / "deep" / "runs"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "runs", "/proc/runs"):
        with pytest.raises(ConfigError, match=r"paths\.runs"):
            check_runs_folder(str(place))

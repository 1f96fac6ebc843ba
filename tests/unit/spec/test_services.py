import pytest

from foldwise.config.read import read_service
from foldwise.doors.compose import compose_service
from foldwise.errors import ConfigError
from foldwise.spec.services import ExportSpec, PredictSpec, UiSpec


def _ui(*words):
    return read_service(UiSpec, compose_service("ui", list(words)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "'::1'", "'::ffff:127.0.0.1'"])
def test_this_machine_alone_needs_no_word(host):
    assert _ui(f"host={host}").host == host.strip("'")


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",  # noqa: S104 refused here
        "'::'",
        "'::0'",
        "'::ffff:0.0.0.0'",
        "192.168.1.7",
        "'2001:db8::1'",
        "'fe80::1%eth0'",
        "shop.example",
        "'0'",
        "'127.1'",
        "localhost.evil",
    ],
)
def test_a_host_that_others_reach_must_be_meant(host):
    with pytest.raises(ConfigError, match=r"host=.* lets other machines .*no password; use host=127\.0\.0\.1, or .*open=true"):
        _ui(f"host={host}")
    assert _ui(f"host={host}", "open=true").open


@pytest.mark.parametrize("host", ["''", "' '", "'a b'", "'http://x'", "'[::1]'", "'*'"])
def test_what_is_no_host_is_refused_also_if_it_is_meant(host):
    with pytest.raises(ConfigError, match=r"^host: must be an address or a name of this machine, got "):
        _ui(f"host={host}", "open=true")


def test_ports_and_servers_have_their_defaults():
    assert (_ui().home, _ui().home_port, _ui().mlflow, _ui().port) == (True, 5050, True, 5000)
    assert not _ui("mlflow=false").mlflow


@pytest.mark.parametrize("key", ["input", "output"])
def test_a_path_that_no_file_can_have_is_refused(key):
    words = {"model": "a@champion", "input": "rows.csv", "output": "answers.csv", key: "x" * 300 + ".csv"}
    with pytest.raises(ConfigError, match="has 304 bytes, more than the 255 that a file system allows") as caught:
        read_service(PredictSpec, words)
    assert caught.value.key == key
    if key == "output":
        with pytest.raises(ConfigError, match="a name in it has 300 bytes"):
            read_service(ExportSpec, {"model": "a@champion", "output": "x" * 300})

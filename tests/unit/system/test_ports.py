import socket
from contextlib import closing

import pytest

from foldwise.errors import ConfigError
from foldwise.system.ports import address_of, listen_from


def test_taken_ports_are_stepped_over():
    with closing(listen_from("127.0.0.1", 5700)) as first, closing(listen_from("127.0.0.1", 5700)) as second:
        one, two = first.getsockname()[1], second.getsockname()[1]
        assert 5700 <= one < two
        with closing(listen_from("127.0.0.1", one, besides=(two + 1,))) as third:
            assert third.getsockname()[1] > two + 1


def test_a_port_that_is_only_bound_counts_as_taken():
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        taken = bound.getsockname()[1]
        with closing(listen_from("127.0.0.1", taken)) as free:
            assert free.getsockname()[1] != taken


@pytest.mark.parametrize(
    ("host", "rule"), [("nowhere.invalid", "host: nowhere.invalid is not an address"), ("203.0.113.7", "home_port: 203")]
)
def test_a_host_that_is_not_this_machine_is_refused(host, rule):
    with pytest.raises(ConfigError, match=rule):
        listen_from(host, 5700, "home_port")


def test_addresses():
    assert address_of("127.0.0.1", 5050) == "http://127.0.0.1:5050"
    assert address_of("::1", 5050) == "http://[::1]:5050"

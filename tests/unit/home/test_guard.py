import pytest
from starlette.requests import Request

from foldwise.home.guard import Guard


def refusal(host, method="GET", on="127.0.0.1", names=(), **headers):
    pairs = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in pairs.items()]
    scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": raw}
    found = Guard(on, "secret", names).refusal(Request(scope))
    return None if found is None else found.status_code


@pytest.mark.parametrize(
    "host", ["127.0.0.1:5050", "localhost:5050", "LOCALHOST", "127.0.0.1", "[::1]:5050", "192.168.1.7:5050"]
)
def test_names_of_this_machine_and_literal_addresses_are_answered(host):
    assert refusal(host) is None


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:5050", "127.0.0.1.evil.example", "localhost.evil:5050", "a@localhost"]
)
def test_a_name_that_another_site_gave_this_machine_is_refused(host):
    assert refusal(host) == 421


def test_the_name_that_the_home_listens_on_is_answered():
    assert refusal("box.example:5050", on="Box.example") is None


def test_a_change_must_come_from_the_homes_own_page():
    assert refusal("localhost:5050", "POST") is None
    assert refusal("localhost:5050", "POST", origin="http://localhost:5050", sec_fetch_site="same-origin") is None
    assert refusal("localhost:5050", "POST", origin="http://localhost:5051") == 403
    assert refusal("localhost:5050", "POST", origin="http://evil.example") == 403
    assert refusal("localhost:5050", "POST", origin="null") == 403
    assert refusal("localhost:5050", "POST", sec_fetch_site="cross-site") == 403
    assert refusal("evil.example", "POST", origin="http://evil.example") == 421


def test_a_server_before_the_home_is_trusted_by_its_name():
    asked = {"method": "POST", "origin": "https://ml.example"}
    assert refusal("127.0.0.1:5050", **asked) == 403
    assert refusal("127.0.0.1:5050", names=("ML.example",), **asked) is None
    assert refusal("ml.example", names=("ML.example",), **asked) is None
    assert refusal("127.0.0.1:5050", "POST", names=("ml.example",), origin="https://evil.ml.example") == 403


def test_only_the_token_is_the_token():
    guard = Guard("127.0.0.1", "secret")
    assert guard.has_token("secret")
    assert not any(map(guard.has_token, ("", "Secret", "secret ", "secre", "sécret")))

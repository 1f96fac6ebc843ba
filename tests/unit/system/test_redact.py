import pytest

from foldwise.system.redact import first_line, without_password


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgresql://u:pw@host/db failed", "postgresql://u:***@host/db failed"),
        ("at http://u:p@ss/w0rd@host:5000/api", "at http://u:***@host:5000/api"),
        ("postgresql+psycopg://:pw@/db?host=/tmp", "postgresql+psycopg://:***@/db?host=/tmp"),
        ("http://host:5000/api is away", "http://host:5000/api is away"),
        ("dsn host=a password=pw1 user=u", "dsn host=a password=*** user=u"),
        ("Token: 'abc def' is wrong", "Token: *** is wrong"),
        ("a token is missing", "a token is missing"),
        ("two: ftp://a:b@c and ftp://d:e@f", "two: ftp://a:***@c and ftp://d:***@f"),
    ],
)
def test_passwords_are_hidden(said, shown):
    assert without_password(said) == shown


def test_a_fault_becomes_its_first_line():
    assert first_line(OSError("http://u:pw@h is away\nmore of it")) == "http://u:***@h is away"
    assert first_line(TimeoutError()) == "TimeoutError"

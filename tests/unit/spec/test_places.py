"""Where things are kept."""

import pytest

from foldwise.config.read import read_service, read_study
from foldwise.doors.compose import compose_service, compose_study
from foldwise.errors import ConfigError
from foldwise.spec.services import CompareSpec


@pytest.mark.parametrize("word", ["ledger.url=", "ledger.url='  '", "ledger={url: ''}"])
def test_an_empty_url_of_the_ledger_is_refused_and_does_not_mean_the_usual_one(word):
    rule = r"ledger\.url: must be a URL, got an empty text; null is the ledger\.db in paths\.runs"
    with pytest.raises(ConfigError, match=rule):
        read_study(compose_study(["data=iris", word]))
    with pytest.raises(ConfigError, match=rule):
        read_service(CompareSpec, compose_service("compare", ["study=x", word]))


@pytest.mark.parametrize("word", ["ledger.url=null", "ledger={}"])
def test_null_is_the_usual_ledger(word):
    assert read_service(CompareSpec, compose_service("compare", ["study=x", word])).ledger.url is None

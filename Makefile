# make check is the whole truth: format, lint, types, layers, the site, tests.
PYTHON ?= python

.PHONY: check format lint types layers docs fast test long nightly

check: lint types layers docs
	$(PYTHON) -m pytest -m "not nightly"

format:
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint:
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types:
	$(PYTHON) -m mypy

layers:
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command(["--no-cache"])'

# the site, in build/docs/site; no warning, no dead link, nothing loaded from elsewhere
docs:
	$(PYTHON) -m docs.site.build

fast:
	$(PYTHON) -m pytest -m "not slow and not long and not nightly"

test:
	$(PYTHON) -m pytest

# what a change rarely breaks alone: each has a quicker relative among the tests
long:
	$(PYTHON) -m pytest -m "long and not nightly"

# what takes longer than CI should: the services of a team, racing promotions at full length, a database that is away for long
nightly:
	$(PYTHON) -m pytest -m nightly
	FOLDWISE_PROMOTIONS=500 FOLDWISE_AWAY_SECONDS=20 $(PYTHON) -m pytest tests/faults/test_promotions.py tests/faults/test_away.py

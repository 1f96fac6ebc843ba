# make check is the whole truth: format, lint, types, layers, tests.
PYTHON ?= python

.PHONY: check format lint types layers fast test long

check: lint types layers test

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

fast:
	$(PYTHON) -m pytest -m "not slow"

test:
	$(PYTHON) -m pytest

long:
	$(PYTHON) -m pytest -m long

"""The packages of a registered model."""

from __future__ import annotations

import importlib.metadata

import pytest
from mlflow.utils import requirements_utils

from foldwise.tracking.mlflow_requirements import MAP, packages_unlisted, pins


def test_pins_are_what_is_installed_and_leave_out_what_is_not():
    assert pins(("numpy", "there-is-nothing-of-this-name")) == [f"numpy=={importlib.metadata.version('numpy')}"]


def test_mlflow_does_not_list_all_packages(monkeypatch):
    def listed():
        pytest.fail("MLflow lists what is installed")

    monkeypatch.setattr(requirements_utils, MAP, None)
    monkeypatch.setattr(requirements_utils.importlib_metadata, "packages_distributions", listed)
    with packages_unlisted():
        requirements_utils.warn_dependency_requirement_mismatches(pins(("numpy", "pandas")))
    assert getattr(requirements_utils, MAP) is None  # another caller of MLflow has the true list


def test_a_list_that_mlflow_has_is_kept(monkeypatch):
    known = {"numpy": ["numpy"]}
    monkeypatch.setattr(requirements_utils, MAP, known)
    with packages_unlisted():
        assert getattr(requirements_utils, MAP) is known
    assert getattr(requirements_utils, MAP) is known


def test_a_wrong_pin_is_still_told(caplog, monkeypatch):
    monkeypatch.setattr(requirements_utils._logger, "propagate", True)
    with packages_unlisted(), caplog.at_level("WARNING"):
        requirements_utils.warn_dependency_requirement_mismatches(["numpy==0.0.1"])
    assert "numpy" in caplog.text

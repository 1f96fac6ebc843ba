"""Settings that keep MLflow quiet and quick. They are set again for every store: a call from Python ends as it began."""

from __future__ import annotations

import os

from foldwise.system.process_state import set_level

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A server closes idle connections after seconds, so every request gets one retry. A server that answers after the timeout
    # may have done the work all the same; the duplicate run is then removed (MlflowStudy.remove_twins).
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
# The first use logs each migration, and a traceback with SQL for each fault that is raised too.
LEVELS = {
    **dict.fromkeys(("alembic.runtime.migration", "alembic.runtime.plugins", "mlflow.store", "mlflow.tracking"), "WARNING"),
    "mlflow.store.db.utils": "CRITICAL",
}


def variables() -> dict[str, str]:
    """Those variables of the environment that the user has not set."""
    return {name: value for name, value in SETTINGS.items() if name not in os.environ}


def use_settings() -> None:
    """Set variables and levels of loggers."""
    os.environ.update(variables())
    for name, level in LEVELS.items():
        set_level(name, level)

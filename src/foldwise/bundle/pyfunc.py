"""MLflow runs this file to load a bundle ("models from code"), so nothing is ever pickled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.pyfunc import PythonModel, PythonModelContext

from foldwise.bundle.card import backend_of
from foldwise.errors import FoldwiseError
from foldwise.system.keras_backend import for_answers


class BundleModel(PythonModel):  # type: ignore[misc]
    """A bundle as MLflow's pyfunc."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the bundle, which checks its own answers."""
        folder = Path(context.artifacts["bundle"])
        os.environ["KERAS_BACKEND"] = for_answers(backend_of(folder))  # Keras reads it when it is imported
        from foldwise.bundle.bundle import load_bundle  # Keras: a process that only registers the bundle runs this file too

        self._bundle = load_bundle(folder)

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """The bundle's answers to raw rows or to an array of images; MLflow warns about a type hint for both.

        Raises:
            MlflowException: a row breaks a rule; the server answers 400 with the sentence.
        """
        try:
            return self._bundle.predict(model_input)
        except FoldwiseError as fault:
            raise MlflowException(str(fault), error_code=BAD_REQUEST) from None


set_model(BundleModel())

"""How MLflow loads a bundle: it runs this file ("models from code"), so nothing of ours is ever pickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from foldwise.tracking.bundle import load_bundle


class BundleModel(PythonModel):  # type: ignore[misc]
    """A bundle as MLflow's pyfunc."""

    def load_context(self, context: PythonModelContext) -> None:
        """Loads the bundle, which checks its own answers."""
        self._bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """The bundle's answers to raw rows, or to an array of images; MLflow warns of any hint that says so."""
        return self._bundle.predict(model_input)


set_model(BundleModel())

"""The engines by name. All train the same folds to the same weights; engine_rule chooses one."""

from __future__ import annotations

from foldwise.training.by_fold import engine as keras_fit
from foldwise.training.fold_fit import Engine
from foldwise.training.fused import engine as fused

ENGINES: dict[str, Engine] = {"keras": keras_fit.fit_folds, "fused": fused.fit_folds}

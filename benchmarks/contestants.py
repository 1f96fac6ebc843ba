"""Who takes part in `benchmarks.answers`."""

from __future__ import annotations

from benchmarks.answer_rivals import RIVALS

OURS, FORMER, BOOSTING = "foldwise", "former", "boosting"
# What a study had when nothing was said, before the default followed the rows.
FORMER_KEYS = (
    "model=mlp",
    "model.hidden=[int,1,3]",
    "model.units=[int,8,128,{log: true, default: 32}]",
    "model.activation=[choice,relu,tanh]",
    "model.dropout=[float,0.0,0.5,{default: 0.0}]",
    "prep=standard",
    "lr_schedule=constant",
    "fit=adam",
    "fit.epochs=40",
    "fit.batch_size=null",
    "fit.optimizer.learning_rate=[float,0.001,0.05,{log: true, default: 0.01}]",
    "tuner=tpe",
    "race=none",
    "budget.trials=40",
)
KEYS: dict[str, tuple[str, ...]] = {OURS: (), FORMER: FORMER_KEYS}
CONTESTANTS = (*KEYS, *RIVALS)

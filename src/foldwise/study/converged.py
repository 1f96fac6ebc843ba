"""Whether a search has converged: what further trials can gain cannot be told from the noise of the folds.

Source: Makarova et al. 2022 (arXiv 2104.08166); the variance of a cross-validated score is that of Nadeau and Bengio 2003.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean

from foldwise.study.plan import Plan
from foldwise.study.trial_queue import TrialQueue
from foldwise.system.numbers import shown
from foldwise.trial.result import TrialResult, best_of
from foldwise.tuning.further_gain import further_gain

# The search is looked at when this many more trials have ended.
EVERY = 8


@dataclass
class Convergence:
    """Looks at a search now and then, if `budget.converged` is set.

    A look takes the first EVERY, 2 EVERY, ... trials by number, once these have all ended. So it finds the same for any number
    of workers, in an uninterrupted search and in a resumed one.
    """

    plan: Plan
    sentence: str | None = None  # why the search has converged; None until then
    _looked: int = field(default=0, init=False)

    def reached(self, queue: TrialQueue) -> bool:
        """Whether the search has converged; once it has, it stays so."""
        if self.sentence is None and self.plan.spec.fixed.budget.converged:
            first = queue.first_finished
            count = len(first) - len(first) % EVERY
            if count > self._looked:
                self._looked = count
                self.sentence = self._look(first[:count])
        return self.sentence is not None

    def _look(self, results: list[TrialResult]) -> str | None:
        goal, spec = self.plan.goal, self.plan.spec
        best = best_of(results, goal)
        if best is None or len(best.folds) < 2:
            return None
        gain = further_gain(spec.space, goal, results, spec.fixed.seed)
        noise = math.sqrt(1 / len(best.folds) + fmean(len(s.valid) / len(s.train) for s in self.plan.splits)) * best.sd
        if gain is None or not gain < noise:
            return None
        can = f"further trials can gain at most {shown(gain, digits=2)} {goal.metric}"
        return f"the search ends after {len(results)} of {spec.fixed.budget.trials} trials: {can}, " + (
            f"less than the folds' noise of {shown(noise, digits=2)}"
        )

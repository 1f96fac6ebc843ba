"""What racing saved in a study, and how often it was wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RaceOutcome:
    """What racing saved and what it cost.

    stopped: trials that ended early. checked: trials that lost and were trained to the end. wrong: those of them that beat
    the best trial before them. error_rate: wrong / checked, None if none was checked; interval: its 95 % interval.
    work_saved: the share of fold-epochs that was not trained.
    """

    kind: str
    stopped: int
    checked: int
    wrong: int
    error_rate: float | None
    interval: tuple[float, float]
    work_saved: float

    @property
    def sentence(self) -> str:
        """The same in words."""
        low, high = self.interval
        saved = f"race: {self.stopped} trials stopped early, {self.work_saved:.0%} of the training saved"
        if self.error_rate is None:
            return f"{saved}; no trial that lost was trained to the end, so the error rate of the race is not known"
        return (
            f"{saved}; of {self.checked} that lost and were trained to the end, {self.wrong} would have been the best so far "
            f"(wrong in {self.error_rate:.0%}, 95 % interval {low:.0%} to {high:.0%})"
        )

"""Fills a recorder from the fused program: single steps are taken by the program itself, from the same state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from foldwise.training.fold_fit import Training
from foldwise.training.fused.program import Inputs, Plan, Program, State
from foldwise.training.fused.step import Learner
from foldwise.training.fused.weights import Packing
from foldwise.training.recorder import SLOTS, Array, Recorder, Snapshot


@dataclass(frozen=True, eq=False)
class Recording:
    """Records one fold of a stack.

    place: of the fold in the stack. steps: of one of its epochs. shapes: of its weights without padding.
    """

    recorder: Recorder
    place: int
    steps: int
    packing: Packing
    shapes: Sequence[tuple[int, ...]]
    optimizer: str

    def at_epoch(self, epoch: int, state: State) -> None:
        """Keep the weights after an epoch, while the fold trains."""
        if epoch in self.recorder.epochs:
            self.recorder.at_epoch(epoch, self._arrays(self.packing.unpack(state.learner.trained, state.learner.moving)))

    def at_step(self, program: Program, state: State, plan: Plan, inputs: Inputs, before: int) -> None:
        """Keep what the wanted step changes, if it is one of the planned epoch's.

        Args:
            program: of the stack.
            state: before the epoch.
            plan: of this one epoch.
            inputs: of the stack.
            before: the epochs that ran before.
        """
        within = self.recorder.step - 1 - before * self.steps
        if not 0 <= within < self.steps:
            return

        def after(count: int) -> Snapshot:
            return self._snapshot(program.run(state, _begun(plan, count), inputs)[0].learner if count else state.learner)

        self.recorder.before, self.recorder.after = after(within), after(within + 1)

    def _snapshot(self, learner: Learner) -> Snapshot:
        slots = {
            name: self._arrays(self.packing.trained.unpack(slot))
            for (name, _), slot in zip(SLOTS.get(self.optimizer, ()), learner.slots, strict=False)
        }
        return Snapshot(self._arrays(self.packing.unpack(learner.trained, learner.moving)), slots)

    def _arrays(self, stacked: Sequence[object]) -> list[Array]:
        """This fold's arrays without padding; of trained weights only, if only these are given."""
        flags = self.packing.flags
        shapes = [shape for shape, trained in zip(self.shapes, flags, strict=True) if trained or len(stacked) == len(flags)]
        return [
            array.numpy()[(self.place, *map(slice, shape))]  # type: ignore[attr-defined]
            for array, shape in zip(stacked, shapes, strict=True)
        ]


def recording_of(
    training: Training,
    folds: Sequence[int],
    steps: Sequence[int],
    packing: Packing,
    shapes: Sequence[Sequence[tuple[int, ...]]],
) -> Recording | None:
    """What records a training on these folds, with the steps of an epoch and the weights' shapes of each; None if unwanted."""
    recorder = training.recorder
    if recorder is None or recorder.fold not in folds:
        return None
    place = folds.index(recorder.fold)
    return Recording(recorder, place, steps[place], packing, shapes[place], training.fit.optimizer.kind)


def _begun(plan: Plan, steps: int) -> Plan:
    """The plan with the first steps of its epoch alone."""
    draws = [draw[:, :steps] for draw in plan.draws]
    return plan._replace(order=plan.order[:, :, :steps], real=plan.real[:, :, :steps], draws=draws)

"""What the features of a prepared table are: numbers first, then words and marks, then the levels of each category."""

from __future__ import annotations

from typing import NamedTuple


class Layout(NamedTuple):
    """Where numbers and categories stand among the features.

    numbers: how many number columns come first. categories: of each category, its first feature and the one after its last.
    """

    numbers: int = 0
    categories: tuple[tuple[int, int], ...] = ()

    def embedded(self, from_levels: int) -> tuple[tuple[int, int], ...]:
        """The categories of at least `from_levels` features."""
        return tuple(place for place in self.categories if place[1] - place[0] >= from_levels)

    def rest(self, features: int, embedded: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        """The ranges of all features that are neither numbers nor among `embedded`."""
        starts = [self.numbers, *(stop for _, stop in embedded)]
        stops = [*(start for start, _ in embedded), features]
        return tuple((start, stop) for start, stop in zip(starts, stops, strict=True) if stop > start)


NO_LAYOUT = Layout()

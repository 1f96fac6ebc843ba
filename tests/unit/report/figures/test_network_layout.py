"""The layout of boxes and lines."""

from itertools import combinations, pairwise

import pytest

from foldwise.report.figures.network_layout import BOX, HIGH, lay_out, ranks_of

CHAIN = [(), *((place,) for place in range(5))]
SKIP = [(), (0,), (1,), (2,), (0, 3), (4,)]
BRANCHES = [(), (0,), (0,), (0,), (2,), (1, 3, 4), (5,), (5,)]
DENSE = [tuple(range(place)) for place in range(12)]
RESIDUAL = [(), (0,)]
for _ in range(20):
    last = len(RESIDUAL) - 1
    RESIDUAL += [(last,), (last + 1,), (last + 2,), (last, last + 3)]
ALL = {"chain": CHAIN, "skip": SKIP, "branches": BRANCHES, "dense": DENSE, "residual": RESIDUAL, "one": [()]}


def _inside(point, centre):
    return abs(point[0] - centre[0]) < BOX / 2 - 1e-6 and abs(point[1] - centre[1]) < HIGH / 2 - 1e-6


def test_a_layer_is_below_all_its_inputs():
    assert ranks_of(SKIP) == [0, 1, 2, 3, 4, 5]
    assert ranks_of(BRANCHES) == [0, 1, 1, 1, 2, 3, 4, 4]


@pytest.mark.parametrize("name", ALL)
def test_boxes_are_within_the_drawing_and_never_overlap(name):
    found = lay_out(ALL[name])
    for x, y in found.boxes:
        assert BOX / 2 - 1e-6 <= x <= found.width - BOX / 2 + 1e-6
        assert HIGH / 2 - 1e-6 <= y <= found.height - HIGH / 2 + 1e-6
    for (x, y), (other, down) in combinations(found.boxes, 2):
        assert abs(x - other) >= BOX - 1e-6 or abs(y - down) >= HIGH - 1e-6


@pytest.mark.parametrize("name", ALL)
def test_no_line_crosses_a_box(name):
    found = lay_out(ALL[name])
    for line in found.lines:
        for (x, y), (x_to, y_to) in pairwise(line):
            way = [(x + (x_to - x) * step / 20, y + (y_to - y) * step / 20) for step in range(21)]
            assert not any(_inside(point, box) for point in way for box in found.boxes)


@pytest.mark.parametrize("name", ALL)
def test_lines_lead_from_every_layer_to_those_that_take_it(name):
    inputs, found = ALL[name], lay_out(ALL[name])
    ends = {line[0]: [] for line in found.lines}
    for line in found.lines:
        ends[line[0]].append(line[-1])

    def reached(point):
        return {point}.union(*(reached(end) for end in ends.get(point, ())))

    for layer, taken in enumerate(inputs):
        x, y = found.boxes[layer]
        for giver in taken:
            left, up = found.boxes[giver]
            assert (x, y - HIGH / 2) in reached((left, up + HIGH / 2))


def test_a_chain_runs_straight_down():
    assert len({round(x, 6) for x, _ in lay_out(CHAIN).boxes}) == 1


def test_branches_are_side_by_side():
    boxes = lay_out(BRANCHES).boxes
    assert len({boxes[place][1] for place in (1, 2, 3)}) == 1
    assert boxes[1][0] < boxes[2][0] < boxes[3][0]


def test_a_deep_network_continues_in_columns_of_about_the_same_height():
    found = lay_out([(), *((place,) for place in range(60))])
    columns = [x for x, _ in found.boxes]
    heights = [columns.count(x) for x in sorted(set(columns))]
    assert len(heights) == 4
    assert max(heights) - min(heights) <= 2
    assert found.height <= found.width


def test_columns_end_where_few_lines_are_cut():
    found = lay_out(RESIDUAL)
    starts = [place for place in range(1, len(RESIDUAL)) if found.boxes[place][1] < found.boxes[place - 1][1]]
    assert starts
    assert all(len(RESIDUAL[place - 1]) == 2 or place == 1 for place in starts)  # right after a sum

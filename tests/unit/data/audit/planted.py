"""Tables with one leak each, made from honest columns and a seed, and honest tables that look like them."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

ROWS = 600


@dataclass(frozen=True)
class Planted:
    """A table with the target `y`, the column of the leak (None: the rows), and the options of the study."""

    frame: pd.DataFrame
    column: str | tuple[str, ...] | None = "leak"
    data: dict = field(default_factory=dict)
    folds: dict = field(default_factory=dict)


def classes(count=2, rows=ROWS, seed=0, share=None):
    """Honest columns that partly predict one of `count` classes."""
    rng = np.random.default_rng(seed)
    y = rng.choice(count, rows, p=share)
    frame = pd.DataFrame({f"x{n}": rng.normal(size=rows) + 0.6 * (y == n % count) for n in range(5)})
    frame["shop"] = rng.choice(["north", "south", "east", "west"], rows)
    return frame.assign(y=np.array(["no", "yes", "perhaps", "never"])[y]), y, rng


def numbers(rows=ROWS, seed=0):
    """Honest columns that partly predict a number."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"x{n}": rng.normal(size=rows) for n in range(5)})
    y = 50 + 5 * frame["x0"] - 3 * frame["x1"] + 6 * rng.normal(size=rows)
    frame["shop"] = rng.choice(["north", "south", "east", "west"], rows)
    return frame.assign(y=y), y.to_numpy(), rng


def copy():
    frame, _, _ = classes()
    return Planted(frame.assign(leak=frame["y"]))


def copy_in_other_words():
    frame, y, _ = classes()
    return Planted(frame.assign(leak=np.where(y == 1, "accepted", "declined")))


def codes_of_three_classes():
    frame, y, _ = classes(3)
    return Planted(frame.assign(leak=np.array([30, 10, 20])[y]))


def copy_with_one_percent_wrong():
    frame, y, rng = classes(rows=2000)
    return Planted(frame.assign(leak=np.where(rng.random(2000) < 0.01, 1 - y, y)))


def one_class_marked():
    frame, y, _ = classes(4)
    return Planted(frame.assign(leak=np.where(y == 2, "a", "b")))


def classes_made_coarser():
    frame, y, _ = classes(4)
    return Planted(frame.assign(leak=np.where(y < 2, "low", "high")))


def sum_paid_after_the_fact():
    frame, y, rng = classes()
    return Planted(frame.assign(leak=np.where(y == 1, rng.lognormal(5, 1, ROWS).round(2), 0)))


def score_of_a_model_that_had_seen_them():
    frame, y, rng = classes(rows=4000, share=[0.95, 0.05])
    return Planted(frame.assign(leak=1 / (1 + np.exp(-8 * (y - 0.5) - rng.normal(size=4000)))))


def number_missing_in_one_class():
    frame, y, rng = classes()
    return Planted(frame.assign(leak=np.where(y == 1, rng.normal(size=ROWS), np.nan)))


def word_missing_in_one_class():
    frame, y, rng = classes(3)
    words = pd.Series(rng.choice(["a", "b", "c"], ROWS), dtype=object)
    return Planted(frame.assign(leak=words.where(y != 1)))


def number_missing_in_one_of_three_classes():
    frame, y, rng = classes(3)
    return Planted(frame.assign(leak=np.where(y == 1, np.nan, rng.normal(size=ROWS))))


def codes_of_which_each_has_one_answer():
    frame, y, rng = classes()
    return Planted(
        frame.assign(leak=[f"c{2 * code + answer}" for code, answer in zip(rng.integers(0, 40, ROWS), y, strict=True)])
    )


def numbers_in_blocks_of_one_answer():
    frame, y, _ = classes()
    frame = frame.iloc[np.argsort(y, kind="stable")].reset_index(drop=True)
    return Planted(frame.assign(leak=1000 + np.arange(ROWS) // 7).sample(frac=1, random_state=1))


def count_of_rows_sorted_by_class():
    frame, y, _ = classes(3)
    return Planted(frame.iloc[np.argsort(y, kind="stable")].assign(leak=np.arange(ROWS) * 3 + 17))


def mean_of_the_target():
    frame, y, rng = classes(rows=2000)
    town = rng.integers(0, 30, 2000)
    y = (rng.random(2000) < 0.2 + 0.02 * town).astype(int)
    means = np.bincount(town, y) / np.bincount(town)
    return Planted(frame.assign(y=y, leak=means[town].round(6)))


def mean_of_a_number():
    frame, y, rng = numbers()
    town = rng.integers(0, 20, ROWS)
    y = y + 2 * town
    means = np.bincount(town, y) / np.bincount(town)
    return Planted(frame.assign(y=y, town=[f"t{t}" for t in town], leak=means[town]))


def mean_of_the_other_rows():
    frame, _, rng = classes()
    town = rng.integers(0, 12, ROWS)
    y = (rng.random(ROWS) < 0.2 + 0.05 * town).astype(int)
    total, count = np.bincount(town, y), np.bincount(town)
    return Planted(frame.assign(y=y, leak=(total[town] - y) / (count[town] - 1)))


def number_copied():
    frame, y, _ = numbers()
    return Planted(frame.assign(leak=y))


def number_in_another_unit():
    frame, y, _ = numbers()
    return Planted(frame.assign(leak=y * 1.8 + 32))


def logarithm():
    frame, y, _ = numbers()
    return Planted(frame.assign(y=np.exp(y / 10), leak=y))


def number_with_a_little_noise():
    frame, y, rng = numbers()
    return Planted(frame.assign(leak=-y + 0.3 * rng.normal(size=ROWS)))


def number_rounded():
    frame, y, _ = numbers()
    return Planted(frame.assign(leak=y.round(0)))


def ranges_of_a_number():
    frame, y, _ = numbers()
    return Planted(frame.assign(leak=np.array(["low", "middle", "high"])[np.digitize(y, np.quantile(y, [0.3, 0.8]))]))


def whether_a_number_is_large():
    frame, y, _ = numbers()
    return Planted(frame.assign(leak=np.where(y > np.quantile(y, 0.9), "premium", "plain")))


def missing_where_a_number_is_large():
    frame, y, rng = numbers()
    return Planted(frame.assign(leak=np.where(y > 55, np.nan, rng.normal(size=ROWS))))


def small_class_copied_for_balance():
    frame, y, rng = classes(share=[0.9, 0.1])
    more = rng.choice(np.flatnonzero(y == 1), 480)
    return Planted(pd.concat([frame, frame.iloc[more]]).sample(frac=1, random_state=0), None)


def table_twice():
    frame, _, _ = classes()
    return Planted(pd.concat([frame, frame]).sample(frac=1, random_state=0), None, {"row_key": ["x0"]})


def jittered_copies():
    frame, _, rng = classes()
    twins = frame.copy()
    twins[[f"x{n}" for n in range(5)]] += 1e-3 * rng.normal(size=(ROWS, 5))
    return Planted(pd.concat([frame, twins]).sample(frac=1, random_state=0), None)


def jittered_copies_of_numbers():
    frame, _, rng = numbers()
    others = [frame.assign(**{f"x{n}": frame[f"x{n}"] + 1e-3 * rng.normal(size=ROWS) for n in range(5)}) for _ in range(3)]
    return Planted(pd.concat([frame, *others]).sample(frac=1, random_state=0), None)


def rounded_copies():
    frame, _, _ = classes()
    return Planted(pd.concat([frame, frame.round(2)]).sample(frac=1, random_state=0), None)


def visits(rows=ROWS, each=6):
    """Visits of patients: nearly equal targets for each patient, and the patient's name."""
    frame, _, rng = classes(rows=rows)
    patient = np.repeat(np.arange(rows // each), each)
    frame["y"] = np.where(rng.random(rows // each) < 0.5, "ill", "well")[patient]
    return frame, np.array([f"patient-{rng.integers(1e9)} {n}" for n in range(rows // each)])[patient]


def patients_in_several_folds():
    frame, patient = visits()
    return Planted(frame.assign(leak=patient))


def patients_by_number():
    frame, patient = visits()
    return Planted(frame.assign(leak=pd.factorize(patient)[0] * 7919 % 100003))


def groups_split_by_forward_folds():
    frame, patient = visits()
    return Planted(
        frame.assign(patient=patient, day=np.tile(np.arange(6), 100)),
        None,
        {"group": "patient", "time": "day"},
        {"kind": "forward", "count": 3},
    )


def days(walk=True):
    frame, y, rng = numbers()
    day = pd.date_range("2024-01-01", periods=ROWS).strftime("%Y-%m-%d")
    return frame.assign(y=y + np.cumsum(rng.normal(size=ROWS)) * 12 if walk else y, day=day)


def dates_under_random_folds():
    return Planted(days(), "day")


def time_given_and_folds_random():
    return Planted(days(), None, {"time": "day"}, {"kind": "kfold", "count": 5})


def lacking(rows=ROWS, wide=8):
    """Honest numbers, and a mask of no missing cells."""
    frame, y, rng = numbers(rows)
    names = [f"m{n}" for n in range(wide)]
    return frame.assign(**{name: rng.normal(size=rows) for name in names}), y, rng, names


def number_of_missing_cells():
    frame, y, rng, names = lacking()
    count = np.digitize(y, np.quantile(y, np.arange(1, 8) / 8))
    mask = np.argsort(rng.random((ROWS, 8)), axis=1) < count[:, None]
    return Planted(frame.assign(**{name: frame[name].mask(mask[:, place]) for place, name in enumerate(names)}), tuple(names))


def number_of_missing_cells_of_a_class():
    frame, _, rng, names = lacking()
    ill = rng.random(ROWS) < 0.3
    mask = np.argsort(rng.random((ROWS, 8)), axis=1) < np.where(ill, 3, 1)[:, None]
    gone = {name: frame[name].mask(mask[:, place]) for place, name in enumerate(names)}
    return Planted(frame.assign(**gone, y=np.where(ill, "ill", "well")), tuple(names))


def pattern_of_missing_cells():
    """One or two cells are missing in each row: of neighbouring columns if ill, else not."""
    frame, _, rng, names = lacking(1200, 4)
    first, apart = rng.integers(0, 4, 1200), rng.random(1200) < 0.5
    mask = np.zeros((1200, 4), dtype=bool)
    mask[np.arange(1200), first] = True
    mask[np.arange(1200), np.where(apart, (first + 2) % 4, (first + 1) % 4)] = True
    gone = {name: frame[name].mask(mask[:, place]) for place, name in enumerate(names)}
    return Planted(frame.assign(**gone, y=np.where(apart, "ill", "well")), tuple(names))


def number_of_missing_cells_with_some_chance():
    frame, _, rng, names = lacking()
    ill = rng.random(ROWS) < 0.4
    mask = rng.random((ROWS, 8)) < np.where(ill, 0.7, 0.15)[:, None]
    gone = {name: frame[name].mask(mask[:, place]) for place, name in enumerate(names)}
    return Planted(frame.assign(**gone, y=np.where(ill, "ill", "well")), tuple(names))


def parts(rows=300):
    """Two parts of a target of counts, and honest columns."""
    frame, _, rng = numbers(rows)
    return frame, rng.poisson(40, rows), rng.poisson(150, rows), rng


def casual_and_registered():
    frame, one, two, _ = parts()
    return Planted(frame.assign(casual=one, registered=two, y=one + two), ("casual", "registered"))


def revenue_less_cost():
    frame, one, two, rng = parts(40)
    revenue = (one * 2 + rng.normal(size=40)).round(2)
    return Planted(frame.assign(cost=two * 1.5, revenue=revenue, y=revenue - two * 1.5), ("cost", "revenue"))


def three_parts_with_rounding_and_gaps():
    frame, one, two, rng = parts()
    three = rng.gamma(20, 2, 300)
    gaps = rng.random(300) < 0.1
    frame = frame.assign(x0=frame["x0"].mask(gaps), a=one, b=two, c=three.round(2), y=(one - two + three).round(1))
    return Planted(frame, ("a", "b", "c"))


def mean_of_two_columns():
    frame, one, two, _ = parts()
    return Planted(frame.assign(first=one, second=two, y=(one + two) / 2), ("first", "second"))


def small_whole_scores():
    frame, _, _, rng = parts(ROWS)
    one, two = rng.integers(0, 4, ROWS), rng.integers(0, 4, ROWS)
    return Planted(frame.assign(p=one, q=two, y=one + two), ("p", "q"))


def near_copy(rows=ROWS, seed=0, wave=lambda y: y):
    frame, y, rng = numbers(rows, seed)
    return Planted(frame.assign(leak=wave(y) + 0.3 * wave(y).std() * rng.normal(size=rows)), ("leak",))


def near_copy_of_few_rows():
    return near_copy(200, 1)


def near_copy_upside_down():
    return near_copy(wave=lambda y: -40 * y + 7)


def marked(share, value, column=None, seed=0):
    """A share of a column, or of the target, replaced by a constant."""
    frame, _, rng = numbers(seed=seed)
    name = column or "y"
    frame[name] = frame[name].mask(rng.random(ROWS) < share, value)
    return Planted(frame, (name,))


def minus_200_in_the_target():
    return marked(0.18, -200)


def minus_200_in_most_of_a_column():
    return marked(0.9, -200, "x3")


def nines_in_a_column():
    return marked(0.05, 999, "x2")


def nines_with_a_decimal():
    return marked(0.1, 99.9, "x2")


def days_since_a_call_or_999():
    frame, _, rng = numbers()
    days = np.where(rng.random(ROWS) < 0.9, 999, rng.integers(0, 28, ROWS))
    return Planted(frame.assign(pdays=days), ("pdays",))


def minus_one_where_never_called():
    frame, _, rng = numbers()
    days = np.where(rng.random(ROWS) < 0.7, -1, rng.integers(1, 800, ROWS))
    return Planted(frame.assign(pdays=days), ("pdays",))


def answers_from_one_to_six_or_99():
    frame, _, rng = numbers()
    return Planted(frame.assign(answer=np.where(rng.random(ROWS) < 0.04, 99, rng.integers(1, 7, ROWS))), ("answer",))


def two_constants():
    frame, _, rng = numbers()
    rain = rng.gamma(2, 300, ROWS).round(1)
    kind = rng.choice(3, ROWS, p=[0.8, 0.1, 0.1])
    return Planted(frame.assign(rain=np.select([kind == 1, kind == 2], [-9999, -8888], rain)), ("rain",))


def hourly(seed=0, rows=1500, pull=0.93, day=True):
    """A number that follows the hour of the day and its own past, without a date."""
    frame, _, rng = numbers(rows, seed)
    y = np.zeros(rows)
    for row in range(1, rows):
        y[row] = pull * y[row - 1] + rng.normal()
    hour = np.arange(rows) % 24
    y += 2 * np.sin(hour / 24 * 2 * np.pi) * day
    return Planted(frame.assign(hour=hour, y=y), ())


def hourly_table():
    return hourly()


def daily_table_of_few_rows():
    return hourly(1, 120, 0.9, day=False)


def long_table_of_hours():
    return hourly(2, 12_000)


def rising_series():
    planted = hourly(3, 400, 0.9, day=False)
    return Planted(planted.frame.assign(y=planted.frame["y"] + 0.02 * np.arange(400)), ())


def states_of_a_machine():
    frame, _, rng = numbers(900)
    state = np.repeat(rng.permutation(np.arange(30) % 3), 30)
    return Planted(frame.assign(y=np.array(["idle", "runs", "broken"])[state]), ())


LEAKS = (
    copy,
    copy_in_other_words,
    codes_of_three_classes,
    copy_with_one_percent_wrong,
    one_class_marked,
    classes_made_coarser,
    sum_paid_after_the_fact,
    score_of_a_model_that_had_seen_them,
    number_missing_in_one_class,
    word_missing_in_one_class,
    number_missing_in_one_of_three_classes,
    codes_of_which_each_has_one_answer,
    numbers_in_blocks_of_one_answer,
    count_of_rows_sorted_by_class,
    mean_of_the_target,
    mean_of_a_number,
    mean_of_the_other_rows,
    number_copied,
    number_in_another_unit,
    logarithm,
    number_with_a_little_noise,
    number_rounded,
    ranges_of_a_number,
    whether_a_number_is_large,
    missing_where_a_number_is_large,
    small_class_copied_for_balance,
    table_twice,
    jittered_copies,
    jittered_copies_of_numbers,
    rounded_copies,
    patients_in_several_folds,
    patients_by_number,
    groups_split_by_forward_folds,
    dates_under_random_folds,
    time_given_and_folds_random,
)


# the check that warns -> tables; the column of each is what it names
WARNED = {
    "missing": (
        number_of_missing_cells,
        number_of_missing_cells_of_a_class,
        pattern_of_missing_cells,
        number_of_missing_cells_with_some_chance,
    ),
    "sum": (
        casual_and_registered,
        revenue_less_cost,
        three_parts_with_rounding_and_gaps,
        mean_of_two_columns,
        small_whole_scores,
    ),
    "target": (near_copy, near_copy_of_few_rows, near_copy_upside_down),
    "sentinel": (
        minus_200_in_the_target,
        minus_200_in_most_of_a_column,
        nines_in_a_column,
        nines_with_a_decimal,
        days_since_a_call_or_999,
        minus_one_where_never_called,
        answers_from_one_to_six_or_99,
        two_constants,
    ),
    "order": (hourly_table, daily_table_of_few_rows, long_table_of_hours, rising_series, states_of_a_machine),
}


def strong_with_company():
    """A class that one column separates without error, and two others nearly: setosa against the rest."""
    from sklearn.datasets import load_iris

    frame = load_iris(as_frame=True).frame
    return Planted(frame.drop(columns="target").assign(y=np.where(frame["target"] == 0, "setosa", "other")))


def mice_and_elephants():
    """Two levels whose numbers are far apart."""
    frame, _, rng = numbers()
    big = rng.random(ROWS) < 0.5
    weight = np.where(big, 5000 + 500 * rng.normal(size=ROWS), 0.02 + 0.002 * rng.normal(size=ROWS))
    return Planted(
        frame.assign(y=weight, species=np.where(big, "elephant", "mouse"), length=weight + 2500 * rng.normal(size=ROWS))
    )


def few_different_rows():
    """Three columns of three levels each: rows repeat because they cannot differ."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({name: rng.choice(["a", "b", "c"], ROWS) for name in ("p", "q", "r")})
    return Planted(frame.assign(y=np.where((frame["p"] == "a") ^ (rng.random(ROWS) < 0.3), "yes", "no")))


def dates_that_tell_nothing():
    return Planted(days(walk=False))


def calibrated_score():
    """A probability from other rows: right on average, but not for these rows."""
    frame, _, rng = classes(rows=2000)
    score = rng.integers(1, 40, 2000) / 40
    return Planted(frame.assign(score=score, y=np.where(rng.random(2000) < score, "yes", "no")))


def sum_of_two_on_a_grid():
    """A designed experiment: every mean is exactly on a line."""
    rng = np.random.default_rng(0)
    grid = np.array([(a, b) for a in range(20) for b in range(20)])
    return Planted(pd.DataFrame(grid, columns=["a", "b"]).assign(y=grid.sum(axis=1) + rng.normal(size=400) * 0.1))


def clean():
    return Planted(classes(4, seed=7)[0])


def clean_numbers():
    return Planted(numbers(seed=7)[0])


def gaps_by_chance():
    frame, _, rng, names = lacking()
    return Planted(frame.assign(**{name: frame[name].mask(rng.random(ROWS) < 0.3) for name in names}))


def zeros_and_caps():
    """Many zeros, a cap, and a few large values are no constants for missing values."""
    frame, _, rng = numbers()
    paid = np.where(rng.random(ROWS) < 0.9, 0, rng.lognormal(8, 1, ROWS).round(2))
    price = np.minimum(rng.gamma(2, 150, ROWS).round(0), 500)
    change = rng.integers(-3, 4, ROWS)
    age = np.minimum(rng.integers(18, 120, ROWS), 90)
    return Planted(frame.assign(paid=paid, price=price, change=change, age=age, rooms=rng.choice([1, 2, 3, 4, 5, 6, 10], ROWS)))


def sum_with_noise():
    frame, one, two, rng = parts()
    return Planted(frame.assign(a=one, b=two, y=one + two + 2 * rng.normal(size=300)))


def course_of_few_rows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(25, 2))
    return Planted(pd.DataFrame(x, columns=["x1", "x2"]).assign(y=x.sum(axis=1)))


def patients_in_order():
    """Neighbours are alike because they are one patient, which the study knows."""
    frame, patient = visits()
    return Planted(frame.assign(patient=patient), data={"group": "patient"})


QUIET = (gaps_by_chance, zeros_and_caps, sum_with_noise, course_of_few_rows, patients_in_order)

HONEST = (
    *QUIET,
    strong_with_company,
    mice_and_elephants,
    few_different_rows,
    dates_that_tell_nothing,
    calibrated_score,
    sum_of_two_on_a_grid,
    clean,
    clean_numbers,
)

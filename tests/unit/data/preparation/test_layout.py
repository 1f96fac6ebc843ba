"""Where numbers and categories stand among the features of a fold."""

from dataclasses import replace

import numpy as np

from foldwise.data.preparation.layout import NO_LAYOUT, Layout


def test_the_rest_is_what_is_neither_a_number_nor_embedded():
    layout = Layout(2, ((3, 5), (5, 9), (9, 11)))
    embedded = layout.embedded(4)
    assert embedded == ((5, 9),)
    assert layout.rest(11, embedded) == ((2, 5), (9, 11))
    assert layout.rest(11, layout.embedded(2)) == ((2, 3),)
    assert NO_LAYOUT.rest(7, ()) == ((0, 7),)


def test_a_fold_says_where_its_numbers_and_levels_are(table, splits):
    from foldwise.data.preparation.fold import prepare_fold
    from foldwise.spec.prep import PrepSpec

    data = table()
    found = prepare_fold(data, splits(data)[0], PrepSpec())
    assert found.layout == Layout(3, ((3, 5),))
    start, stop = found.layout.categories[0]
    np.testing.assert_array_equal(found.train_x[:, start:stop].sum(axis=1), 1)
    assert not np.isin(found.train_x[:, : found.layout.numbers], (0, 1)).all()


def test_after_a_selection_only_the_numbers_are_known(table, splits):
    from foldwise.data.preparation.fold import fit_preparation
    from foldwise.spec.prep import PrepSpec

    data = table()
    fitted = fit_preparation(data, splits(data)[0].train, PrepSpec())
    assert replace(fitted, kept=(0, 2, 4)).layout == Layout(2, ())


def test_folds_from_a_store_have_their_layout(table, splits, tmp_path):
    from foldwise.data.fold_cache import FoldCache
    from foldwise.data.fold_store import FoldStore
    from foldwise.spec.prep import PrepSpec

    data = table()
    folds = FoldCache(data, splits(data), store=FoldStore(tmp_path)).folds(PrepSpec())
    assert {fold.layout for fold in folds} == {Layout(3, ((3, 5),))}

import gc

import pytest

from foldwise.system.garbage import uncollected


def import_that_fails(found):
    with uncollected():
        found.append(gc.isenabled())
        raise ImportError


def test_collector_is_off_inside_and_on_again_after_a_fault():
    found = []
    with pytest.raises(ImportError):
        import_that_fails(found)
    assert found == [False]
    assert gc.isenabled()


def test_a_context_in_another_leaves_the_collector_to_the_outer_one():
    with uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_its_owner_turned_off_stays_off():
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()

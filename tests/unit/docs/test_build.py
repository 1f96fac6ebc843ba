"""The pages that a site is built from, and their order."""

import tomllib

import pytest

from docs.site.build import SECTIONS, configured, listed, stage


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "pages"
    stage(folder)
    return folder


def test_every_section_has_its_place_in_the_navigation(pages):
    config = tomllib.loads(configured(pages))["project"]
    assert [title for entry in config["nav"] for title in entry] == ["Home", *SECTIONS.values()]
    shown = [name for entry in config["nav"][1:] for names in entry.values() for name in names]
    assert {path.relative_to(pages).as_posix() for path in pages.rglob("*.md")} == {"index.md", *shown}


def test_generated_pages_have_their_keys_and_no_mark_is_left(pages):
    assert "fit.optimizer.learning_rate" in (pages / "reference" / "options" / "fit.md").read_text()
    for page in ("index", "doors", "layers", "recipes"):
        assert "`make docs` writes" not in (pages / "reference" / f"{page}.md").read_text()
    assert "`make docs` writes" not in (pages / "explanation" / "auto.md").read_text()
    doors = (pages / "reference" / "doors.md").read_text()
    assert "## retrain" in doors
    assert "checks.missing" in doors


def test_the_order_of_a_section_is_that_of_its_index(tmp_path):
    (tmp_path / "index.md").write_text("[second](b.md) [first](a.md#there) [b again](b.md) [elsewhere](../c.md)")
    for name in "ab":
        (tmp_path / f"{name}.md").touch()
    with pytest.raises(ValueError, match=r"does not list a\.md"):
        listed(tmp_path)
    (tmp_path / "index.md").write_text("[second](b.md) [first](a.md) [b again](b.md)")
    assert listed(tmp_path) == ["index.md", "b.md", "a.md"]

"""What is wrong with a built site is found: dead links, dead anchors, and whatever comes from elsewhere."""

import pytest

from docs.site.links import faults

GOOD = '<h2 id="there">There</h2><a href="other.html#here">o</a><a href="#there">t</a><a href="https://example.org">out</a>'


def site(folder, body):
    (folder / "index.html").write_text(f"<html><body>{GOOD}{body}</body></html>")
    (folder / "other.html").write_text('<p id="here"></p><img src="a.png">')
    (folder / "a.png").write_bytes(b"")
    return faults(folder)


def test_a_good_site_has_no_fault(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "index.html").write_text(
        '<a href="../other.html">o</a><a href=".">here</a><a href="/index.html">top</a>'
    )
    assert site(tmp_path, "") == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="gone.html">g</a>', "index.html: gone.html is not a file of the site"),
        ('<a href="other.html#gone">g</a>', "index.html: other.html#gone has no anchor gone"),
        ('<a href="#gone">g</a>', "index.html: #gone has no anchor gone"),
        ('<img src="gone.png">', "index.html: gone.png is not a file of the site"),
        ('<script src="https://cdn.example/x.js"></script>', "index.html: loads https://cdn.example/x.js from elsewhere"),
        ('<link rel="stylesheet" href="//fonts.example/x.css">', "index.html: loads //fonts.example/x.css from elsewhere"),
        ('<p style="background: url(http://x.example/a.png)">p</p>', "index.html: loads http://x.example/a.png from elsewhere"),
    ],
)
def test_a_fault_is_named(tmp_path, body, fault):
    assert site(tmp_path, body) == [fault]


def test_a_style_that_loads_from_elsewhere_is_named(tmp_path):
    (tmp_path / "site.css").write_text("@import 'https://fonts.example/x.css'; p {background: url(local.png)}")
    assert site(tmp_path, "") == ["site.css: loads https://fonts.example/x.css from elsewhere"]

"""A model card in both forms: names become no markup."""

from html.parser import HTMLParser

from foldwise.report.model_card import Code, Grid, ModelCard, Section, as_html, as_markdown

EVIL = "</pre><script>alert(1)</script>|[x](javascript:y)`\n# head"
CARD = ModelCard(
    EVIL,
    EVIL,
    [Section(EVIL, [EVIL, Grid(("", EVIL, "rows"), [(EVIL, EVIL, "12"), ("b", "word", "-0.5")]), Code(f"call '{EVIL}'\n```")])],
    "2026-11-29 10:00",
)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen, self.attributes = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_nothing_in_a_page_comes_from_a_name():
    tags = Tags(as_html(CARD))
    assert tags.seen.count("script") == 2  # the page's own
    assert not [name for name in tags.attributes if name.startswith("on")]
    assert tags.seen.count("a") == 0
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in as_html(CARD)
    assert "{{" not in as_html(CARD)


def test_nothing_in_markdown_comes_from_a_name():
    text = as_markdown(CARD)
    outside = text.partition("````")[0] + text.rpartition("````")[2]
    assert "<script" not in outside
    assert "](" not in outside.replace(r"\](", "")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in text.splitlines() if line.startswith(("# &lt;", "## &lt;", "# head`", "# head'"))
    ]
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert rows[1] == "| --- | --- | ---: |"
    assert {row.replace(r"\|", "").count("|") for row in rows} == {4}
    assert text.count("````") == 2


def test_an_empty_card_is_a_page():
    card = ModelCard("t", "lead", [], "now")
    assert as_markdown(card) == "# t\n\nlead\n\nMade by foldwise, now.\n"
    assert "<p class='verdict'>lead</p>" in as_html(card)

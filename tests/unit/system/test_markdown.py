"""Text from names becomes no markup."""

import pytest

from foldwise.system.markdown import code, code_block, in_markdown, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("holdout accuracy 0.93 (30 rows): +0.1", "holdout accuracy 0.93 (30 rows): +0.1"),
        ("a|b\n| --- |", r"a\|b \| --- \|"),
        ("[here](javascript:x) ![i](y)", r"\[here\](javascript:x) !\[i\](y)"),
        ("<script>alert('&')</script>", "&lt;script&gt;alert('&amp;')&lt;/script&gt;"),
        ("https://x.org www.x.org a@x.org", r"https\://x.org www\.x.org a\@x.org"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("1.5 to -0.5", "1.5 to -0.5"),
        ("-0.5", "-0.5"),
        ("---", r"\---"),
        ("*a* _b_ `c` ~~d~~ \\", r"\*a\* \_b\_ \`c\` \~\~d\~\~ \\"),
        ("", ""),
    ],
)
def test_marks_are_escaped_and_sentences_stay(text, shown):
    assert in_markdown(text) == shown


def test_a_code_span_and_a_block_end_where_they_should():
    assert code("a") == "`a`"
    assert code("a``b") == "```a``b```"
    assert code("`a") == "`` `a ``"
    assert code("two\nlines") == "`two lines`"
    assert code("") == "`  `"
    assert code_block("x = '```'") == "````\nx = '```'\n````"


def test_control_characters_are_spaces():
    assert one_line("a\x00b\r\n\tc\u2028d  e") == "a b c d e"

"""Proposals work when they are pasted into a shell."""

import shlex
import shutil
import subprocess

import pytest

from foldwise.data.option import column_list, option
from foldwise.doors.compose import compose_study
from foldwise.doors.overrides import read_override
from foldwise.system.command import shell_word

NAMES = [
    *("soil.depth", "a b", "a=b", "it's", 'say "x"', "e@mail", "$price", "back\\slash", "größe", "1st", "a,b", "x[1]", "kind"),
    *("{b}", "`w`", "two\nlines", "a\\'b", "~x", "+x", "100%", "!bang", "#no", "'quoted'", "true", "null", "hours.per.week"),
]


def composed(text):
    (word,) = shlex.split(text)
    return compose_study(["data=csv", "data.path=x", "data.target=y", word])["data"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_a_column_can_be_given_from_a_shell(name):
    assert composed(option("data.kinds", "category", name))["kinds"] == {name: "category"}
    assert composed(option("data.missing", ["", name]))["missing"] == ["", name]
    assert composed(column_list("data.drop", [name, "b"]))["drop"] == [name, "b"]


@pytest.mark.parametrize("form", ["%m/%d/%Y", "%b %d, %Y", "%d.%m.%Y %H:%M:%S"])
def test_a_format_of_dates_can_be_given_from_a_shell(form):
    assert composed(option("data.dates", form, "on the day"))["dates"] == {"on the day": form}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("data.kinds.soil.depth=category", "soil.depth"),
        ("++data.kinds.soil.depth=category", "soil.depth"),
        ("data.kinds.'a=b'=category", "a=b"),
        ('data.kinds."a=b"=category', "a=b"),
        ("data.kinds={soil.depth: category}", "soil.depth"),
    ],
)
def test_below_data_kinds_the_rest_of_a_key_is_a_name(word, name):
    assert compose_study(["data=csv", "data.path=x", "data.target=y", word])["data"]["kinds"] == {name: "category"}


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_a_real_shell_gives_doors_what_was_meant():
    odd = [
        *NAMES,
        "-lead",
        "12",
        "1e5",
        "(x)",
        "*",
        "a;b",
        "a|b",
        "a&b",
        "<b>",
        "${x}",
        "$(x)",
        "nan",
        "\t",
        "'",
        '"',
        "é",
        "日本",
    ]
    texts = [text for name in odd for text in (shell_word("data.group", name), column_list("data.drop", ["a", name]))]
    texts += [option("data.kinds", "category", name) for name in odd]
    shell = subprocess.run(["bash", "-c", f"printf '%s\\0' {' '.join(texts)}"], capture_output=True, text=True, check=True)
    words = shell.stdout.split("\0")[:-1]
    meant = [pair for name in odd for pair in (("data.group", name), ("data.drop", ["a", name]))]
    assert list(map(read_override, words)) == [*meant, *((f"data.kinds.{name}", "category") for name in odd)]

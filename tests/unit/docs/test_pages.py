"""The blocks of a page that are run, and how they are made short."""

import pytest

from docs.site.blocks import blocks
from tests.end_to_end.pages import door_words

PAGE = """
<!-- file: a/b.csv -->
```
x;y
```

```
not run
```

<!-- run -->
```
foldwise tune data=iris \\
  seed=1
ls
```

<!-- run: long exit=2 -->
```python
print(1)
```
"""


def test_marked_blocks_are_found_in_order():
    file, quick, long = blocks(PAGE)
    assert (file.kind, file.words, file.text) == ("file", ("a/b.csv",), "x;y\n")
    assert (quick.level, quick.code, len(quick.commands)) == ("quick", 0, 2)
    assert (long.level, long.code, long.language, long.text) == ("long", 2, "python", "print(1)\n")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("foldwise tune study=a budget.trials=3", []),
        ("foldwise tune study=a replay=1", []),
        ("foldwise prepare data=iris", []),
        ("foldwise tune --help model=mlp", []),
        ("foldwise train data=iris fit.epochs=9", ["budget.trials=2", "folds.count=2", "tracking.figures=false"]),
        ("foldwise tune study=a extend=true budget.trials=3", ["folds.count=2", "fit.epochs=2", "tracking.figures=false"]),
        ("python -m pipelines.tune data=iris folds=split", ["budget.trials=2", "fit.epochs=2", "tracking.figures=false"]),
    ],
)
def test_new_studies_are_made_short(command, words):
    given = command.split()
    start = ["-m", "foldwise", *given[1:]] if given[0] == "foldwise" else given[1:]
    assert door_words(command) == [*start, *words]


def test_other_commands_are_the_shells():
    assert door_words("cp a b") is None

"""The generated pages of the reference, as Markdown with tables in HTML: comments of `conf/` hold characters of Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from docs.site.options import File, Key, is_range, option_files, recipes
from foldwise.__main__ import CONF, DOORS
from foldwise.config.settle import FORMER, PLACES, TABLE, Line
from foldwise.doors.conf import JOBS, SERVICES
from foldwise.spec.fit import LOSSES
from foldwise.spec.goal import COSTS, METRICS
from foldwise.spec.layer_table import ACTIVATION, INITIALIZER, KERNEL_INITIALIZER, LAYERS, VECTOR_INITIALIZER
from foldwise.spec.optimizer import COMMON, OPTIMIZERS
from foldwise.spec.settled import written
from foldwise.spec.trial import SEARCHABLE

ABOUT = {  # group -> what its page says first; a group that is new has its place in conf/tune.yaml and no sentence here
    "tune": "The keys at the top of a configuration. The groups beside them have pages of their own.",
    "data": "Where the rows come from.",
    "prep": "How columns become numbers, fitted on a fold's training rows only.",
    "balance": "How classes of unequal size are balanced, in training rows only.",
    "augment": "Random changes of training batches.",
    "model": "The network.",
    "lr_schedule": "The learning rate over epochs; lr0 is `fit.optimizer.learning_rate`.",
    "fit": "Optimizer, epochs, batch size, loss, early stopping.",
    "folds": "How development rows are split.",
    "tuner": "Which algorithm proposes the next trial.",
    "race": "Whether hopeless trials end early.",
    "execute": "Where trials run.",
    "tracking": "Where runs are shown.",
    JOBS: "A file for each job of `foldwise schedule`. Its name is the name of the job.",
}
ORDER = tuple(ABOUT)
INITIALIZERS = (INITIALIZER, VECTOR_INITIALIZER, KERNEL_INITIALIZER)  # a vector and a convolution's kernel take no matrix
SEARCHED = "A value here can be a range, which `tune` searches: see [Ranges](../../how_to/search.md).\n"
INDEX, DOORS_MARK, LAYERS_MARK, RECIPES_MARK = "<!-- options -->", "<!-- doors -->", "<!-- layers -->", "<!-- recipes -->"
AUTO_MARK = "<!-- auto -->"


def write_reference(pages: Path) -> None:
    """Write the generated pages below a folder with the pages of `docs/`, and fill in those that have a mark."""
    found = option_files()
    doors = found.pop(SERVICES)
    groups = sorted(found, key=lambda group: ORDER.index(group) if group in ORDER else len(ORDER))
    folder = pages / "reference" / "options"
    folder.mkdir(parents=True, exist_ok=True)
    for group in groups:
        (folder / f"{group}.md").write_text(_group_page(group, found[group]), encoding="utf-8")
    lines = [f"* [{_title(group)}](options/{group}.md): {ABOUT.get(group, '')}".rstrip(": ") for group in groups]
    _fill(pages / "reference" / "index.md", INDEX, "\n".join(lines))
    _fill(pages / "reference" / "doors.md", DOORS_MARK, "\n".join(_door(name, about, doors) for name, about in _doors()))
    _fill(pages / "reference" / "layers.md", LAYERS_MARK, _layers())
    _fill(pages / "reference" / "recipes.md", RECIPES_MARK, "\n".join(_recipes()))
    _fill(pages / "explanation" / "auto.md", AUTO_MARK, auto_table(TABLE))


def _fill(page: Path, mark: str, text: str) -> None:
    """Put a text at a mark, in place of the paragraph below it, which is for readers of the file itself."""
    before, found, after = page.read_text(encoding="utf-8").partition(f"{mark}\n")
    if not found:
        raise ValueError(f"{page} has no mark {mark}")
    page.write_text(f"{before}{text}\n\n{after.partition(chr(10) * 2)[2]}", encoding="utf-8")


def _group_page(group: str, files: Sequence[File]) -> str:
    parts = [f"# {_title(group)}\n", f"{ABOUT.get(group, '')}\n", SEARCHED if group in SEARCHABLE else ""]
    for file in files:
        if len(files) > 1:
            parts.append(f"## {group}={file.name}\n")
        parts.append(f"{_prose(file.about)}\n" if file.about and group != "tune" else "")
        parts.append(key_table(file.keys))
    parts += MORE[group]() if group in MORE else []
    return "\n".join(part for part in parts if part)


def _title(group: str) -> str:
    return {"tune": "Study", JOBS: "Jobs"}.get(group, group)


def key_table(keys: Iterable[Key]) -> str:
    """A table of keys: name, default, values, meaning."""
    rows = "".join(
        _row(f"<code>{html.escape(key.name)}</code>", _default(key.default), _coded(key.values), _coded(key.meaning))
        for key in keys
    )
    head = _row("key", "default", "values", "meaning").replace("td>", "th>")
    return f'<div class="keys"><table>\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n'


def _row(*cells: str) -> str:
    """A row of a table in HTML; spaces keep the cells apart in the index of the search."""
    return f"<tr>{' '.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _default(text: str) -> str:
    if text == "???":
        return "must be given"
    note = "<br><small>searched</small>" if is_range(text) else ""
    return f"<code>{html.escape(text)}</code>{note}"


def _coded(text: str) -> str:
    """Text in HTML, with what is in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def _prose(text: str) -> str:
    """Lines of a comment as a paragraph that begins with a capital; an example keeps its line."""
    first = text.split(maxsplit=1)[0]
    text = text[:1].upper() + text[1:] if first.rstrip(",;:").isalpha() and first != "foldwise" else text
    return f"<p>{_coded(text).replace(chr(10), '<br>' if '=[' in text else ' ')}</p>\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows), ""])


def _doors() -> list[tuple[str, str]]:
    return [*((name, door.about) for name, door in DOORS.items()), ("conf", CONF)]


def _door(name: str, about: str, files: Sequence[File]) -> str:
    """A door's section: its line, and its own keys."""
    own = next((file for file in files if file.name == name), None)
    usage = (
        own.about
        if own
        else f"foldwise {name} FOLDER"
        if name == "conf"
        else f"foldwise {name} [group=option ...] [key=value ...]"
    )
    text = f"## {name}\n\n{about}\n\n```\n{usage.splitlines()[0]}\n```\n\n"
    if own:
        return text + key_table(own.keys)
    return text + ("" if name == "conf" else "Its keys are those of a [study](options/tune.md) and its groups.\n")


def _layers() -> str:
    named = {ACTIVATION: "an activation", **dict.fromkeys(INITIALIZERS, "an initializer")}
    rows = []
    for kind, layer in LAYERS.items():
        words = [
            f"`{name}`: {named.get(rule, rule.text)}{', must be given' if name in layer.needs else ''}"
            for name, rule in layer.parameters.items()
        ]
        rows.append(_row(f"<code>{kind}</code>", "<br>".join(map(_coded, words)) or "none"))
    lists = [("Activations", ACTIVATION.words), ("Initializers", INITIALIZER.words)]
    known = "\n".join(f"{title}: {', '.join(f'`{word}`' for word in words)}.\n" for title, words in lists)
    head = "<thead><tr><th>kind</th><th>parameters</th></tr></thead>"
    return f'{known}\n<div class="layers"><table>\n{head}\n<tbody>\n{"".join(rows)}</tbody>\n</table></div>\n'


def _recipes() -> list[str]:
    return [
        f"## {name}\n\n**{title}.** {html.escape(text)}\n\n```\nfoldwise tune experiment={name}\n```\n"
        for name, title, text in recipes()
    ]


def auto_table(lines: Sequence[Line]) -> str:
    """What `auto` stands for: a row for each place, a column for each size of a table."""
    settled = [{"model": line.model, **FORMER.values, **line.values} for line in lines]
    head = ["`auto` in", *(f"{line.rows:,} rows and more" if line.rows else "any table" for line in lines)]
    rows = [(f"`{key}`", *(_settled(line, values, key) for line, values in zip(lines, settled, strict=True))) for key in PLACES]
    most = [f"up to {line.columns:,}" if line.columns else "any number" for line in lines]
    return _table(head, [*rows, ("columns", *most)])


def _settled(line: Line, values: Mapping[str, object], key: str) -> str:
    """A cell: the value, and that of tables whose target is a number."""
    numbers = f", for numbers `{_plain(line.of_numbers[key])}`" if key in line.of_numbers else ""
    return f"`{written(values[key]) if values[key] is not None else 'null'}`{numbers}"


def _optimizers() -> list[str]:
    rows = [
        (f"`{kind}`", f"`{rate:g}`", ", ".join(f"`{name}={_plain(value)}`" for name, value in own.items()))
        for kind, (_, rate, own) in OPTIMIZERS.items()
    ]
    head = ("`fit.optimizer.kind`", "rate, if null", "its own parameters, with Keras's defaults")
    common = ", ".join(f"`{name}`" for name in COMMON)
    losses = [(f"`{loss}`", ", ".join(tasks)) for loss, tasks in LOSSES.items()]
    return [
        f"## Optimizers\n\nEvery optimizer also takes {common}.\n",
        _table(head, rows),
        "## Losses\n",
        _table(("`fit.loss`", "tasks"), losses),
    ]


def _metrics() -> list[str]:
    rows = [
        (f"`{name}`", "more is better" if way == "maximize" else "less is better", ", ".join(tasks))
        for name, (way, tasks) in METRICS.items()
    ]
    costs = ", ".join(f"`{cost}`" for cost in COSTS)
    return ["## Metrics\n", _table(("`goal.metric`", "", "tasks"), rows), f"The costs of `goals` are {costs}.\n"]


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


MORE = {"fit": _optimizers, "tune": _metrics}

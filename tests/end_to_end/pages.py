"""How the commands of a page are run in a test: doors start from a process that has done the imports, and studies are short."""

import shlex

# What makes a study of a page short, unless its command says otherwise.
SHORT = {"budget.trials": "2", "folds.count": "2", "fit.epochs": "2", "tracking.figures": "false"}


def door_words(command):
    """The words after `python` of a command that starts a door, made short; None for any other command."""
    words = shlex.split(command)
    if words[0] == "foldwise":
        words = ["-m", "foldwise", *words[1:]]
    elif words[:2] == ["python", "-m"]:
        words = words[1:]
    else:
        return None
    return [*words, *shorter(words)]


def shorter(words):
    """Words that make a new study short; none for one that continues under its name, and for other doors."""
    door = words[2] if words[1] == "foldwise" else words[1].removeprefix("pipelines.")
    given = [word.lstrip("+").partition("=")[0] for word in words if "=" in word]
    new = [key for key in given if key.partition(".")[0] in ("data", "experiment", "extend")]
    if door not in ("tune", "train") or "--help" in words or (given and not new):
        return []
    return [
        f"{key}={value}" for key, value in SHORT.items() if key not in given and not (key == "folds.count" and "folds" in given)
    ]

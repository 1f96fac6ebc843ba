"""The tasks by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from foldwise.spec.goal import Task as TaskName

if TYPE_CHECKING:  # it imports numpy, and `predict` reads this table before it knows that its files are there
    from foldwise.tasks.task import Task

# name -> the folder of its task; a folder is imported when it is asked for
FOLDERS: Mapping[TaskName, str] = {
    "binary": "labels",
    "multiclass": "labels",
    "regression": "numbers",
    "segmentation": "segmentation",
    "detection": "detection",
    "multioutput": "several",
}


@cache
def task_of(name: TaskName) -> Task:
    """The task of this name."""
    made: Task = import_module(f"foldwise.tasks.{FOLDERS[name]}.task").make(name)
    return made

"""The doors as commands: `foldwise tune data=iris`, `python -m foldwise tune data=iris`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from foldwise.doors.command_line import Door, exit_code, run_door, show
from foldwise.doors.compose import Request
from foldwise.doors.help import doors_help
from foldwise.errors import ConfigError
from foldwise.system.known_words import did_you_mean


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code of a command line; by default this process's own."""
    door, *words = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if door in DOORS:
        return run_door(door, DOORS[door], words)
    return exit_code(lambda: _no_door(door, words))


def _no_door(word: str, words: Sequence[str]) -> None:
    if word in ("-h", "--help"):
        show(doors_help({name: door.about for name, door in DOORS.items()} | {"conf": CONF}))
    elif word == "--version":
        from importlib.metadata import version

        show(f"foldwise {version('foldwise')}")
    elif word == "conf":
        _conf(words)
    else:
        raise ConfigError("", f"{word!r} is not a command{did_you_mean(word, [*DOORS, 'conf'])}")


def _tune(request: Request) -> None:
    from foldwise.doors.run import tune_here

    tune_here(request)


def _train(request: Request) -> None:
    from foldwise.doors.run import tune_here

    tune_here(request, search=False)


def _prepare(request: Request) -> None:
    from foldwise.doors.look import prepare_here

    prepare_here(request)


def _predict(request: Request) -> None:
    from foldwise.doors.services import predict_file

    predict_file(request.config)


def _export(request: Request) -> None:
    from foldwise.doors.services import export_model

    export_model(request.config)


def _retrain(request: Request) -> None:
    from foldwise.retraining.retrain import retrain_here

    retrain_here(request.config)


def _promote(request: Request) -> None:
    from foldwise.retraining.promote import promote_here

    promote_here(request.config)


def _list(request: Request) -> None:
    from foldwise.doors.listing import list_here
    from foldwise.schedule.door import listed_jobs

    list_here(request.config, listed_jobs)


def _serve(request: Request) -> None:
    from foldwise.serving.door import serve_here

    serve_here(request.config)


def _compare(request: Request) -> None:
    from foldwise.doors.compare import compare_studies

    compare_studies(request.config)


def _step(request: Request) -> None:
    from foldwise.doors.step import step_here

    step_here(request.config)


def _remove(request: Request) -> None:
    from foldwise.doors.remove import remove

    remove(request.config)


def _schedule(request: Request) -> None:
    from foldwise.schedule.door import schedule

    schedule(request.config)


def _ui(request: Request) -> None:
    from foldwise.home.door import serve_ui

    serve_ui(request.config)


def _conf(words: Sequence[str]) -> None:
    from foldwise.doors.conf import write_conf

    if words and words[0] in ("-h", "--help"):
        show(f"usage: foldwise conf FOLDER\n\n{CONF}")
    else:
        show(f"written: {write_conf(words)}; `paths.conf={words[0]}` uses it")


CONF = "Write the shipped conf/ to a new folder, to edit it and use it by paths.conf=FOLDER."
DOORS = {
    "tune": Door(
        "Search, cross-validate, pick, refit, score the holdout once, bundle, register, and print the verdict.", _tune
    ),
    "train": Door(
        "Tune without a search: every range takes its default; one trial is validated, refitted and registered.", _train
    ),
    "prepare": Door("Dry run of the data half: audit, shapes, class counts, first prepared rows. Trains nothing.", _prepare),
    "predict": Door(
        "Answer raw rows with a registered model; if the target is among the columns, score the answers.", _predict
    ),
    "export": Door("Write a registered model's network as SavedModel, LiteRT or ONNX, checked against the original.", _export),
    "retrain": Door(
        "Train a champion's recipe on new rows, and promote the challenger if it is better; or roll back.", _retrain
    ),
    "promote": Door("Make a registered version the champion of its model, with a reason that stays in the history.", _promote),
    "serve": Door("Serve a registered model over HTTP on this machine, and follow its promotions.", _serve),
    "list": Door("List studies, models and jobs from the ledger, as tables or as JSON.", _list),
    "compare": Door(
        "Compare the trials of a study, or studies side by side, as a page or as text; without a name list all studies.",
        _compare,
    ),
    "step": Door("Show one training step of a study's small network in numbers, and how it learns, as a page.", _step),
    "remove": Door("Delete a study, or old output of jobs, after showing how many bytes that frees.", _remove),
    "schedule": Door(
        "Run jobs at their times: serve until Ctrl-C, list the jobs, run one now, or show the history.", _schedule
    ),
    "ui": Door("Open the home page, live pages of running studies, and MLflow's pages; this machine only by default.", _ui),
}


if __name__ == "__main__":
    sys.exit(main())

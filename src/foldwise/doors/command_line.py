"""The command line of every door: flags, one sentence for a fault, an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foldwise.doors.compose import Request, compose_service, request_study
from foldwise.doors.help import door_help, is_service
from foldwise.errors import ConfigError, FoldwiseError
from foldwise.spec.notify import scheme_of
from foldwise.system.disk import full_disk, is_full
from foldwise.system.garbage import uncollected
from foldwise.system.redact import without_password


@dataclass(frozen=True)
class Door:
    """The first lines of `--help`, and the function that runs a request."""

    about: str
    run: Callable[[Request], None]


def run_door(name: str, door: Door, words: Sequence[str]) -> int:
    """Read a door's command line and run it.

    Args:
        name: the door's name; one with a file in `conf/service/` is composed from that, any other composes a study.
        door: the door.
        words: of the command line, after the door's name.

    Returns:
        0; 1 if the job failed; 2 if the configuration or the data are wrong.
    """

    def work() -> None:
        flags, others = _flags(words)
        if "--help" in flags:
            show(door_help(name, door.about, others))
            return
        with uncollected():  # Hydra is imported
            request = Request(compose_service(name, others)) if is_service(name) else request_study(others)
        if "--cfg" in flags:
            import yaml

            plain = yaml.safe_dump(
                _without_secrets(request.shown), sort_keys=False, allow_unicode=True, default_flow_style=None
            )
            show(without_password(plain.rstrip("\n")))
            return
        door.run(request)

    return exit_code(work)


def exit_code(work: Callable[[], None]) -> int:
    """Run `work`; print one sentence for a fault.

    Returns:
        0; 1 if the job failed; 2 if the configuration or the data are wrong.
    """
    try:
        work()
    except FoldwiseError as error:
        print(f"error: {without_password(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: stopped at once; what was finished is kept, and the same command goes on", file=sys.stderr)
        return 1
    except Exception as error:  # a user gets a sentence, a developer the traceback
        if os.environ.get("FOLDWISE_TRACEBACK"):
            raise
        if is_full(error):
            print(f"error: {full_disk(Path(getattr(error, 'filename', None) or Path.cwd()))}", file=sys.stderr)
            return 1
        text = without_password(" ".join(str(error).split()))[:300]
        print(f"error: {type(error).__name__}: {text} (FOLDWISE_TRACEBACK=1 shows where)", file=sys.stderr)
        return 1
    return 0


def _without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration to be printed: all of `notify` but its scheme may be a secret, in other addresses only a password is."""
    address = config.get("notify")
    return {**config, "notify": f"{scheme_of(address)}://***"} if isinstance(address, str) else dict(config)


def show(text: str) -> None:
    """Print a text. A reader that stops early, such as `head`, is not an error."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python reports the closed pipe at exit


def _flags(words: Sequence[str]) -> tuple[set[str], list[str]]:
    flags: set[str] = set()
    others: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if word in ("-h", "--help"):
            flags.add("--help")
        elif word in ("--cfg", "-c"):
            if left and left[0] in ("job", "all"):
                left.pop(0)
            flags.add("--cfg")
        elif word == "--cfg=job":
            flags.add("--cfg")
        elif word in ("-m", "--multirun"):
            raise ConfigError(
                word, "Hydra's multirun is not used: write a range where the value would be, model.units=[int,8,64]"
            )
        elif word.startswith("-"):
            raise ConfigError(word, "unknown option; known: --help, --cfg job, and key=value")
        else:
            others.append(word)
    return flags, others

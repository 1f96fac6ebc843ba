"""Tell a web address or an Apprise address how a job ended. A fault becomes one note, and never the job's."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from foldwise.errors import ConfigError, Interrupted
from foldwise.spec.notify import WEB, scheme_of
from foldwise.system.redact import first_line

if TYPE_CHECKING:
    from foldwise.trial.summary import StudySummary

SUCCESS, FAILED, INTERRUPTED = "success", "failed", "interrupted"
SECONDS_A_TRY = 4.0
TRIES = 2
SECONDS = 10.0  # in all; a name that is looked up knows no limit of its own
SECONDS_AFTER_A_SECOND_SIGNAL = 2.0  # the user wants to end at once

Report = dict[str, Any]


def check_notify(url: str | None) -> None:
    """Refuse an address that nothing here can reach, before anything is written. The sentence names its scheme only.

    Raises:
        ConfigError: it is one of Apprise's, which is not installed or does not know it.
    """
    if url is None or scheme_of(url) in WEB:
        return
    scheme = scheme_of(url)
    if find_spec("apprise") is None:
        rule = f"{scheme}:// needs Apprise, which is not installed; pip install 'foldwise[notify]', or use https://"
        raise ConfigError("notify", rule)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # Apprise loads all its services now, with modules that Python drops
        known = _apprise(url) is not None
    if not known:
        raise ConfigError("notify", f"Apprise does not know this {scheme}:// address, or a part of it is missing")


@contextmanager
def notified(
    url: str | None, private: bool, about: Mapping[str, Any], notify: Callable[[str], None]
) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Report the end of the `with` block, however it ends.

    Args:
        url: the address; None reports nothing.
        private: allow a web address in a private network or on this machine.
        about: the first entries: the door, the study or the model.
        notify: gets a note if the report does not arrive.

    Yields:
        A function that adds what was found to the report.
    """
    began, report = time.monotonic(), Report(about)
    if url is None:
        yield report.update
        return

    def send(outcome: str, fault: BaseException | None = None, seconds: float = SECONDS) -> None:
        report.update(outcome=outcome, seconds=round(time.monotonic() - began, 1))
        if fault is not None:
            report["reason"] = first_line(fault)
        why = _sent_in_time(url, private, report, seconds)
        if why is not None:
            notify(why)

    try:
        yield report.update
    except Interrupted as stop:
        send(INTERRUPTED, stop)
        raise
    except KeyboardInterrupt as stop:
        send(INTERRUPTED, stop, SECONDS_AFTER_A_SECOND_SIGNAL)
        raise
    except Exception as fault:
        send(FAILED, fault)
        raise
    send(SUCCESS)


def reported(summary: StudySummary) -> dict[str, Any]:
    """What the report says of a finished study."""
    model, best = summary.model, summary.best
    return {
        "verdict": summary.verdict,
        "answer": summary.answer,
        "metric": summary.goal.metric,
        "score": best.mean,
        "sd": best.sd,
        "holdout": summary.held(summary.goal.metric),
        "model": model.name,
        "version": model.version,
        "aliases": list(model.aliases),
        "trials": vars(summary.trials),
    }


def _sent_in_time(url: str, private: bool, report: Report, seconds: float) -> str | None:
    """Why a report did not arrive; None if it did."""
    whys: list[str | None] = []
    sender = threading.Thread(target=lambda: whys.append(_sent(url, private, dict(report))), daemon=True)
    sender.start()
    sender.join(seconds)
    return whys[0] if whys else f"notify: {_place(url)} did not take the report within {seconds:g} s"


def _sent(url: str, private: bool, report: Report) -> str | None:
    if scheme_of(url) in WEB:
        from foldwise.system.webhook import tell

        why = tell(url, report, private, SECONDS_A_TRY, TRIES, allowed_by="notify_private=true")
        return None if why is None else f"notify: {why}"
    address = _apprise(url)
    try:
        arrived = address is not None and address.notify(title=_title(report), body=_body(report))
    except Exception as fault:  # noqa: BLE001 a plugin may raise anything, and no job may fail because of it
        return f"notify: {_place(url)} failed: {type(fault).__name__}"
    return None if arrived else f"notify: {_place(url)} did not take the report"


def _apprise(url: str) -> Any:
    """Apprise with this address; None if it does not know it."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its warnings name the address
    address = apprise.Apprise()
    return address if address.add(url) else None


def _place(url: str) -> str:
    """The address without what may be a secret."""
    return f"{scheme_of(url)}://***"


def _title(report: Report) -> str:
    return f"foldwise {report['door']} {report.get('study') or report.get('model') or ''}: {report['outcome']}"


def _body(report: Report) -> str:
    return "\n".join(f"{key}: {value}" for key, value in report.items() if value is not None and key != "door")

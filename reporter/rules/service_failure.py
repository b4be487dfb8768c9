"""Why a service failed, in words, from its result, exit status and the program's path."""

from __future__ import annotations

from dataclasses import dataclass

from reporter.facts import Each
from reporter.findings import Citation, Missing
from reporter.messages import Text, text
from reporter.parsers.systemd_executables import Executable
from reporter.parsers.systemd_units import Unit
from reporter.rules.execution import EXEC, obstacle
from reporter.rules.exit_status import (
    BY_SYSTEMD,
    RESULTS,
    signal_meaning,
    signal_name,
    status_meaning,
)

__all__ = ["CITED", "Reason", "gave_up", "last_exit", "why"]

CITED = ("Result", "ExecMainCode", "ExecMainStatus")
"""The properties a reason is read from."""

_EXITED = 1
_SIGNALLED = (2, 3)
"""CLD_EXITED; CLD_KILLED and CLD_DUMPED of sigaction(2): `ExecMainCode`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a service failed, with what it was read from beside the unit itself."""

    message: Text
    citations: tuple[Citation, ...] = ()


def why(unit: Unit, executables: Each[Executable] | Missing) -> Reason:
    """Return why the unit's last run failed."""
    if unit.result is None:
        return Reason(text("systemd does not show its result"))
    if unit.result == "exit-code":
        return _exit_code(unit, executables)
    if unit.result in {"signal", "core-dump"}:
        return Reason(last_exit(unit) or RESULTS["core-dump"])
    meaning = RESULTS.get(unit.result, text("its result is {result}", result=unit.result))
    end = last_exit(unit)
    if end is None or unit.result == "exec-condition":
        return Reason(meaning)
    return Reason(text("{meaning}; its main process: {end}", meaning=meaning, end=end))


def _exit_code(unit: Unit, executables: Each[Executable] | Missing) -> Reason:
    if unit.exit_code == _EXITED and unit.exit_status == EXEC:
        return _not_executed(unit, executables)
    if unit.exit_code == _EXITED and unit.exit_status:
        return Reason(_status(unit.exit_status))
    failed = next((one for one in (*unit.before_start, *unit.commands) if one.failed), None)
    if failed is None:
        return Reason(
            text(
                "a command beside its main process failed (ExecStartPre=, ExecStartPost= or "
                "another); which one and how, systemd does not show any more"
            )
        )
    if failed.status == EXEC:
        return _not_executed(unit, executables)
    return Reason(
        text(
            "its command {path} failed: {status}",
            path=failed.path,
            status=_status(failed.status)
            if failed.code == "exited"
            else text("killed by {signal}", signal=signal_name(failed.status)),
        )
    )


def _not_executed(unit: Unit, executables: Each[Executable] | Missing) -> Reason:
    found = obstacle(unit, executables)
    return Reason(
        text(
            "exit status 203 (EXEC): systemd could not execute its program: {obstacle}",
            obstacle=found.message,
        ),
        found.citations,
    )


def _status(status: int) -> Text:
    meaning = status_meaning(status)
    if meaning is None:
        return text(
            "exit status {status}, which has no common meaning: the program's own log says more",
            status=status,
        )
    if status in BY_SYSTEMD:
        return text(
            "exit status {status}, set by systemd before the program ran: {meaning}",
            status=status,
            meaning=meaning,
        )
    return text("exit status {status}: {meaning}", status=status, meaning=meaning)


def last_exit(unit: Unit) -> Text | None:
    """Return how the main process ended, None if it has not ended since boot or is not shown."""
    if not unit.exit_code or unit.exit_status is None:
        return None
    if unit.exit_code in _SIGNALLED:
        name = signal_name(unit.exit_status)
        meaning = signal_meaning(unit.exit_status)
        if meaning is None:
            return text("killed by {signal}", signal=name)
        return text("killed by {signal}: {meaning}", signal=name, meaning=meaning)
    if unit.exit_status == 0:
        return text("it ended with status 0 (success)")
    return _status(unit.exit_status)


def gave_up(unit: Unit) -> Text | None:
    """Return that systemd stopped restarting a failed unit, None if it never restarted it.

    At the start limit, systemd keeps the first failure as `Result`; `start-limit-hit` shows only
    where the service itself had ended well. So the counter against the limit tells.
    """
    if not unit.restarts or unit.active_state != "failed":
        return None
    if unit.start_limit_burst and unit.restarts >= unit.start_limit_burst:
        return text(
            "systemd restarted it {count} times and gave up (start limit: {burst} starts)",
            count=unit.restarts,
            burst=unit.start_limit_burst,
        )
    return text("systemd restarted it {count} times and gave up", count=unit.restarts)

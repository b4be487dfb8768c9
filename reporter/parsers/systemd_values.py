"""Values as `systemctl show` writes them: moments, durations, numbers, lists, commands.

A property that `show` did not print, or whose value cannot be read, is None: not known. Systemd
itself has a value for "never", and so have we: a moment of 0.0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from reporter.evidence import Record
from reporter.facts import NoFact
from reporter.messages import text

__all__ = [
    "NEVER",
    "Command",
    "begun",
    "boolean",
    "command",
    "duration",
    "integer",
    "moment",
    "properties",
    "require_systemd",
    "words",
]

NEVER = 0.0
"""The moment of what has not happened since boot."""

_UNLIMITED = 2**64 - 1
_UNITS = {
    "us": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "month": 2629800.0,
    "y": 31557600.0,
}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(us|μs|ms|s|min|h|d|w|month|y)\b")
_COMMAND = re.compile(
    r"^\{ path=(?P<path>.*?) ; argv\[\]=.* ; (?:ignore_errors|flags)=(?P<flags>[^;]*?) ; "
    r".*?code=(?P<code>\S+) ; status=(?P<status>\d+)(?:/\S+)? \}$"
)
_BEGUN = re.compile(r".* ; start_time=\[([^\]]*)\] ; stop_time=")
_NOT_SYSTEMD = ("has not been booted with systemd", "Can't operate")
_NO_BUS = ("Failed to connect to bus", "Failed to connect to system scope bus")


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a unit: its path, and how its last run ended if systemd remembers.

    `code` is `exited`, `killed`, `dumped`, or None: not run, or forgotten by a daemon-reload.
    """

    path: str
    code: str | None
    status: int

    @property
    def failed(self) -> bool:
        """Whether the last run that is remembered went wrong."""
        return self.code is not None and (self.code != "exited" or self.status != 0)


def moment(value: str) -> float | None:
    """Return epoch seconds of `Sun 2026-11-22 10:44:12 UTC` or `@1795344252`; `NEVER` for none."""
    value = value.strip()
    if value in {"", "n/a", "0", "@0"}:
        return NEVER
    if value.startswith("@"):
        return _number(value[1:])
    try:
        _, day, clock, zone = value.split(" ")
        if zone != "UTC":
            return None
        return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def duration(value: str) -> float | None:
    """Return seconds of `5min 3s`, `100ms`, `infinity`; a bare number counts microseconds."""
    value = value.strip()
    if value == "infinity":
        return math.inf
    if value.isdigit():
        return math.inf if int(value) >= _UNLIMITED else int(value) / 1e6
    if not value or _SPAN.sub("", value).strip():
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _SPAN.findall(value))


def integer(value: str) -> int | None:
    """Return a whole number; systemd's "not set" (2^64 - 1, `[not set]`) is None."""
    if not re.fullmatch(r"-?\d+", value.strip()):
        return None
    number = int(value)
    return None if number >= _UNLIMITED else number


def boolean(value: str) -> bool | None:
    """Return what `yes` or `no` says."""
    return {"yes": True, "no": False}.get(value.strip())


def words(value: str) -> tuple[str, ...]:
    """Return the names of a space-separated list, sorted: systemd gives them in any order."""
    return tuple(sorted(value.split()))


def command(value: str) -> Command | None:
    """Return the command of an `ExecStart=` line of `show`.

    >>> command("{ path=/bin/a ; argv[]=/bin/a -x ; ignore_errors=no ; start_time=[n/a] ; "
    ...         "stop_time=[n/a] ; pid=0 ; code=exited ; status=203 }")
    Command(path='/bin/a', code='exited', status=203)
    """
    found = _COMMAND.match(value.strip())
    if found is None:
        return None
    code = found["code"]
    return Command(found["path"], None if code == "(null)" else code, int(found["status"]))


def begun(value: str) -> float | None:
    """Return when the command of an `ExecReload=` line ran last, epoch seconds.

    `NEVER` where it has not, or a daemon-reload made systemd forget; None where it is not shown.

    >>> begun("{ path=/bin/kill ; argv[]=/bin/kill -HUP $MAINPID ; ignore_errors=no ; "
    ...       "start_time=[Wed 2026-11-25 18:33:34 UTC] ; stop_time=[n/a] ; pid=0 ; code=(null) ; "
    ...       "status=0/0 }")
    1795631614.0
    """
    found = _BEGUN.search(value)
    return moment(found[1]) if found else None


def properties(record: Record) -> Iterator[dict[str, tuple[str, ...]]]:
    """Yield the raw lines of each unit that `show` printed, by property; each has an `Id`.

    The beginning is what a cut takes, so the first unit of a cut output is left out.
    """
    blocks = record.stdout.text.split("\n\n")
    for block in blocks[1:] if record.stdout.truncated else blocks:
        lines: dict[str, tuple[str, ...]] = {}
        for line in block.splitlines():
            name, equals, _ = line.partition("=")
            if equals:
                lines[name] = (*lines.get(name, ()), line)
        if "Id" in lines:
            yield lines


def require_systemd(record: Record, successes: Sequence[int] = (0,)) -> None:
    """Raise `NoFact` where systemctl could not ask systemd anything.

    On a machine that runs another init, systemctl exits with 1 and only stderr tells why.
    """
    complaint = record.stderr.text.strip()
    if any(sign in complaint for sign in _NOT_SYSTEMD):
        raise NoFact(text("this machine was not started with systemd"))
    if any(sign in complaint for sign in _NO_BUS):
        raise NoFact(text("systemd could not be asked: {complaint}", complaint=complaint))
    if record.exit_code not in successes:
        raise NoFact(
            text(
                "{command} ended with {code}: {complaint}",
                command=record.command.split(" --property", 1)[0],
                code=text("no status") if record.exit_code is None else record.exit_code,
                complaint=complaint or text("it said nothing"),
            )
        )


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None

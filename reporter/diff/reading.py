"""Reads a side of a diff: archives, or a JSON report of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from reporter import archive as archives
from reporter import report as reports
from reporter.diff.side import HostSide, Seen, Side, side_of
from reporter.errors import InputError
from reporter.findings import Severity, Status
from reporter.messages import Text
from reporter.render.json_v1 import SCHEMA
from reporter.render.state_v1 import StateV1, state_from
from reporter.stores import FILE_LIMIT
from reporter.waivers import Waivers

__all__ = ["load_side"]


class _Evidence(msgspec.Struct, frozen=True):
    probe: str
    missing: str | None = None
    missing_id: str | None = None
    host: str | None = None


class _Finding(msgspec.Struct, frozen=True):
    id: str
    rule: str
    subject: str
    component: str
    status: Status
    message_id: str
    message_values: dict[str, Any]
    application: str | None = None
    severity: Severity | None = None
    at_worst: Severity | None = None
    waived: bool = False
    stands_on: tuple[str, ...] = ()
    evidence: tuple[_Evidence, ...] = ()


class _Host(msgspec.Struct, frozen=True):
    host: str
    collected_at: str
    findings: tuple[_Finding, ...]
    state: StateV1 | None = None
    fingerprint_key_id: str | None = None
    cut_short: str | None = None


class _Unreachable(msgspec.Struct, frozen=True):
    host: str
    reason: str


class _Archive(msgspec.Struct, frozen=True):
    digest: str
    run: str
    complete: bool
    problems: tuple[str, ...] = ()


class _Fleet(msgspec.Struct, frozen=True):
    findings: tuple[_Finding, ...] = ()


class _Report(msgspec.Struct, frozen=True):
    """What of a JSON report is compared; the keys a later version added may be missing."""

    schema: Literal["truthmap/report/1"]
    archive: _Archive
    hosts: tuple[_Host, ...]
    unreachable: tuple[_Unreachable, ...]
    fleet: _Fleet = _Fleet()


def load_side(paths: Sequence[Path], profiles: Mapping[str, Any] | None, waivers: Waivers) -> Side:
    """Read archives, judging them by today's rules, or one JSON report, taken as it is.

    Raises `InputError` where a path does not exist, or nothing on it can be compared.
    """
    for path in paths:
        found = _report(path)
        if found is not None:
            if len(paths) > 1:
                raise InputError(f"{path}: a JSON report is a side by itself; give it alone")
            return _side(found)
    loaded = archives.load(paths)
    if not loaded.bundles and not loaded.unreached and loaded.problems:
        raise InputError("; ".join(str(problem) for problem in loaded.problems))
    return side_of(reports.build(loaded, profiles, waivers))


def _report(path: Path) -> _Report | None:
    """Return the JSON report a path holds; None where it holds something else."""
    if not path.is_file() or path.suffix != ".json":
        return None
    try:
        with path.open("rb") as file:
            content = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; check the file's permissions") from error
    if len(content) > FILE_LIMIT or b'"truthmap/report/' not in content[:4096]:
        return None
    try:
        data = archives.parse_json(content, "report")
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != SCHEMA:
            raise InputError(f"{path}: report schema {schema!r}, this version reads {SCHEMA!r}")
        return msgspec.convert(data, _Report)
    except archives.UnusableError as error:
        raise InputError(f"{path}: {error.what}; {error.advice}") from error
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: not a valid report ({error}); render it again") from error


def _side(report: _Report) -> Side:
    return Side(
        run=report.archive.run,
        digest=report.archive.digest,
        complete=report.archive.complete,
        hosts={host.host: _host(host) for host in report.hosts},
        unreachable={item.host: item.reason for item in report.unreachable},
        findings={item.id: _seen(item) for item in report.fleet.findings},
        problems=report.archive.problems,
        incomplete=not report.archive.complete
        or bool(report.unreachable)
        or any(host.cut_short for host in report.hosts),
    )


def _host(host: _Host) -> HostSide:
    return HostSide(
        name=host.host,
        collected_at=host.collected_at,
        findings={item.id: _seen(item) for item in host.findings},
        state=None if host.state is None else state_from(host.state),
        key_id=host.fingerprint_key_id,
    )


def _seen(item: _Finding) -> Seen:
    return Seen(
        id=item.id,
        rule=item.rule,
        subject=item.subject,
        application=item.application,
        component=Text("{component}", (("component", item.component),)),
        status=item.status,
        severity=item.severity,
        gate=item.at_worst if item.status == "unknown" else item.severity,
        message=_text(item.message_id, item.message_values),
        waived=item.waived,
        missing=frozenset(
            (f"{one.host}:{one.probe}" if one.host else one.probe, one.missing_id or one.missing)
            for one in item.evidence
            if one.missing is not None
        ),
        stands_on=item.stands_on,
    )


def _text(template: str, values: Mapping[str, Any]) -> Text:
    """Return the sentence of a message id and its values; one that does not fit stays as it is."""
    made = Text(template, tuple((name, _value(values[name])) for name in sorted(values)))
    try:
        str(made)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        return Text("{message}", (("message", template),))
    return made


def _value(value: Any) -> str | int | float | Text:
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        inner = value.get("values")
        return _text(value["id"], inner if isinstance(inner, dict) else {})
    return value if isinstance(value, str | int | float) else str(value)

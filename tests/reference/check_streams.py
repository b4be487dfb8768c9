"""Statements of the truth table of the streams."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from tests.reference.ours import Ours, Row
from tests.reference.outcome import Outcome, evidenced, outcome
from tests.reference.table import Statement

__all__ = ["active", "consumers", "last", "producer"]

_WRITTEN_AT = datetime(2026, 2, 15, 22, 17, tzinfo=UTC)
"""When the reference was written, as its youngest events show."""

_LIVE_S = 180
"""A stream younger than this in the reference was being written: the lab's still is."""

_OLDER_S = 12 * 3600
"""The lab host may have been made a while ago."""

_SHAPES = (
    r"0-0",
    r"\d{10}",
    r"\d{10}\.\d+",
    r"[-\d]{10}T[:\d]{8}\.\d{6}",
    r"[-\d]{10}T[:\d]{8}\.\d{6}Z",
    r"[-\d]{10}T[:\d]{8}\.\d{6}\+00:00",
)
"""How the reference writes times; of those without a T ours says that they are epoch seconds."""

_NOBODY = Row((), (), "", "")


def producer(statement: Statement, ours: Ours) -> Outcome:
    """Compare who writes a stream: named there; or by evidence here; or unknown, and why."""
    shown, row = _found(statement, ours)
    producers = row.get("producers", [])
    finding = ours.findings.get(f"stream_producers:{statement.subject}", _nothing())
    told = ", ".join(f"{one['name']} ({one['confidence']})" for one in producers)
    cells = {re.sub(r"\.service$", "", one["name"]) + f"({one['confidence']}" for one in producers}
    in_text = {cell.rstrip(")").removesuffix(",DOWN") for cell in shown.producers}
    needs: dict[str, Any] = {"the text names it": cells == in_text and bool(cells)}
    if statement.says is not None:
        wanted = re.sub("[-_]", "-", statement.says).removesuffix("-service")
        names = [re.sub("[-_]", "-", one["name"]).removesuffix(".service") for one in producers]
        needs[f"it is {statement.says}"] = names == [f"quantum-{wanted}"]
        needs["the entries say so"] = [one["confidence"] for one in producers] == ["claimed"]
        needs["it has evidence"] = evidenced(finding)
        return outcome("same", told, needs)
    if statement.ours is not None:
        answer = [(f"{statement.ours}.service", statement.also["by"])]
        needs[f"it is {statement.ours} ({statement.also['by']})"] = answer == [
            (one["name"], one["confidence"]) for one in producers
        ]
        needs["it has evidence"] = evidenced(finding)
        return outcome("answered", told, needs)
    tried = " ".join(finding["details"])
    return outcome(
        "unknown",
        tried,
        {
            "nobody is named": not producers and row,
            "it is unknown": finding["status"] == "unknown",
            "it says what was tried": tried.startswith("tried: ") and "code" in tried,
            "the row says why": len(row.get("unknown", ())) > 1,
            "the text says so": shown.producers == ("UNKNOWN",) and tried in ours.text.flat,
        },
    )


def consumers(statement: Statement, ours: Ours) -> Outcome:
    """Compare the consumer groups: these, and no other."""
    shown, row = _found(statement, ours)
    names = sorted(one["name"] for one in row.get("groups", ()))
    cells = sorted(re.sub(r"\((DEAD|UNKNOWN|STUCK)\)$", "", cell) for cell in shown.groups)
    return outcome(
        "same",
        ", ".join(names) or "none",
        {
            f"they are {statement.says}": row and names == sorted(statement.says),
            "the text has the same": cells == (names or ["none"]),
        },
    )


def active(statement: Statement, ours: Ours) -> Outcome:
    """Compare whether a stream moves: entries of the last day, older ones, or none."""
    shown, row = _found(statement, ours)
    found = row.get("active", "no such stream")
    needs = {"the text says the same": shown.active == found.upper()}
    if statement.expect == "either":
        event = row.get("last_event", {})
        needs["its ID carries the time"] = event.get("id_time") is not None
        needs["it is answered"] = found in {"yes", "stale"}
        return outcome("answered", f"{found}, by its ID {event.get('id_time')}", needs)
    expected = statement.ours or statement.says
    needs[f"it is {expected}"] = found == expected
    return outcome("corrected" if statement.ours else "same", found, needs)


def last(statement: Statement, ours: Ours) -> Outcome:
    """Compare the last event: written as it was there, and as old as it was then."""
    shown, row = _found(statement, ours)
    event = row.get("last_event", {})
    told = event.get("shown", "nothing")
    needs: dict[str, Any] = {"the text shows the same": shown.last == "".join(told.split())}
    if statement.says is None:
        needs["it has no time of its own"] = row and event["payload_time"] is None
        needs["its ID has one"] = event.get("id_time") and event["id_time"] in told
        return outcome("answered", told, needs)
    (shape,) = [one for one in _SHAPES if re.fullmatch(one, statement.says)]
    epoch = "" if "T" in statement.says or statement.says == "0-0" else r" \(epoch\)"
    needs[f"it is written like {statement.says}"] = re.fullmatch(shape + epoch, told)
    if statement.says == "0-0":
        needs["it has no time"] = event.get("id_time", "") is None
        return outcome("same", told, needs)
    if event.get("payload_time"):
        collected = datetime.fromisoformat(ours.host["collected_at"])
        age = (collected - datetime.fromisoformat(event["payload_time"])).total_seconds()
        was = (_WRITTEN_AT - _moment(statement.says)).total_seconds()
        lives = was < _LIVE_S
        needs[f"it is {age:.0f} s old, and was {was:.0f} s"] = (
            -5 < age < _LIVE_S if lives else was - 60 < age < was + _OLDER_S
        )
    needs["it has a time"] = event.get("payload_time")
    return outcome("same", told, needs)


def _found(statement: Statement, ours: Ours) -> tuple[Row, dict[str, Any]]:
    return ours.text.rows.get(statement.subject, _NOBODY), ours.stream(statement.subject) or {}


def _nothing() -> dict[str, Any]:
    return {"details": (), "evidence": (), "status": "no such finding"}


def _moment(written: str) -> datetime:
    """Return the time a statement gives."""
    if "T" not in written:
        return datetime.fromtimestamp(float(written), UTC)
    found = datetime.fromisoformat(written)
    return found if found.tzinfo else found.replace(tzinfo=UTC)

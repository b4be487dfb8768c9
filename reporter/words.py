"""The words of the report's closed sets, as sentences: what JSON names by a fixed key."""

from __future__ import annotations

from collections.abc import Mapping

from reporter.evidence import Outcome, Record
from reporter.findings import Confidence, Running, Status
from reporter.messages import Text, joined, text
from reporter.recorded import recorded

__all__ = ["CONFIDENCES", "OUTCOMES", "RUNNING", "STATUSES", "outcome_of"]

STATUSES: Mapping[Status, Text] = {
    "ok": text("ok"),
    "degraded": text("degraded"),
    "down": text("down"),
    "unknown": text("unknown"),
}

RUNNING: Mapping[Running, Text] = {
    "yes": text("yes"),
    "no": text("no"),
    "partial": text("partial"),
    "unstable": text("unstable"),
    "na": text("na"),
    "unknown": text("unknown"),
}

CONFIDENCES: Mapping[Confidence, Text] = {
    "observed": text("observed"),
    "claimed": text("claimed"),
    "configured": text("configured"),
    "inferred": text("inferred"),
}

OUTCOMES: Mapping[Outcome, Text] = {
    "collected": text("collected"),
    "absent": text("absent"),
    "denied": text("denied"),
    "timeout": text("timeout"),
    "error": text("error"),
}


def outcome_of(record: Record) -> Text:
    """Return what came of a probe: its outcome, exit code and reason."""
    outcome = OUTCOMES[record.outcome]
    if record.exit_code is not None:
        outcome = joined([outcome, text("exit {code}", code=record.exit_code)])
    if record.reason:
        return text("{what} ({why})", what=outcome, why=recorded(record.reason))
    return outcome

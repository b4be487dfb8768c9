"""The application's code: a source scan of the programs that services run.

For a sample and the shapes see `reporter.source.model`. Source: truthmap_collector/source.
"""

from __future__ import annotations

import json

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.messages import text
from reporter.recorded import recorded
from reporter.source.model import Scan, read_scan
from reporter.words import OUTCOMES

__all__: list[str] = []


@fact("repository_source", accepts=("collected", "timeout", "error"))
def source_scan(record: Record) -> Scan:
    """Return the scan; one that did not get through is not complete."""
    lines = record.stdout.text.splitlines()
    if record.outcome != "collected" and not lines:
        reason = recorded(record.reason) if record.reason else text("no reason given")
        raise NoFact(text("{outcome}: {reason}", outcome=OUTCOMES[record.outcome], reason=reason))
    cut = record.stdout.truncated or record.outcome != "collected"
    if record.stdout.truncated:
        lines = lines[1:]
    if record.outcome != "collected":
        lines = lines[:-1]  # it was stopped in the middle of one
    if not lines and not cut:
        lines = ['{"row":"end"}']  # no service runs a program of the application's own
    return read_scan(record.id, (json.loads(line) for line in lines), cut)

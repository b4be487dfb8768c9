"""What the host's parsers share: JSON lines, and the reason a command gave no value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from reporter.evidence import Record
from reporter.facts import NoFact
from reporter.messages import text

__all__ = ["checked_output", "json_rows", "whole_listing"]


def json_rows(record: Record) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each JSON line of the record, decoded and as it stands.

    The first line of an output that was cut may be half a line and is left out then; any other
    line that is no JSON object raises `NoFact`.
    """
    lines = record.stdout.text.splitlines()
    if record.stdout.truncated:
        lines = lines[1:]
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise NoFact(text("a line of it is no JSON object: {line}", line=line[:80]))
        yield row, line


def whole_listing(record: Record) -> list[tuple[dict[str, Any], str]]:
    """Return a listing's rows for a parser to which the absence of an entry is an answer.

    Raises `NoFact` where the listing was cut: what is not in it may have been cut off.
    """
    if record.stdout.truncated:
        raise NoFact(text("its listing was cut, so what is not in it may still be there"))
    return list(json_rows(record))


def checked_output(record: Record, accepted: tuple[int, ...] = (0,)) -> str:
    """Return a command's or file's output without the surrounding white space.

    Raises `NoFact` where there is none, where the exit code (null for files) is not among the
    accepted ones, or where the words that carry the fact were masked.
    """
    output = record.stdout.text.strip()
    if record.exit_code is not None and record.exit_code not in accepted:
        said = record.stderr.text.strip() or output
        raise NoFact(text("it exited with {code}: {said}", code=record.exit_code, said=said[:200]))
    if not output:
        raise NoFact(text("it is empty"))
    if record.stdout.masked:
        raise NoFact(text("parts of it were masked at the source"))
    return output

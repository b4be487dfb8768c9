"""The rows of the kind `server_config`: one a file, see the collector's `Reduced`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reporter.evidence import Record
from reporter.facts import NoFact
from reporter.messages import Text, text
from reporter.parsers.host_rows import json_rows
from reporter.recorded import recorded
from reporter.web.types import Reference

__all__ = ["gap_of", "gaps_of", "number_of", "references_of", "rows_of", "seconds"]

Row = dict[str, Any]


def rows_of(record: Record) -> dict[str, Row]:
    """Return the rows by path. Raises `NoFact` for a row of another form."""
    found: dict[str, Row] = {}
    for row, _ in json_rows(record):
        if not isinstance(row.get("path"), str):
            raise NoFact(text("a row of it names no file"))
        found[row["path"]] = row
    return found


def gaps_of(record: Record) -> tuple[Text, ...]:
    """Return what the collector says of what it did not read."""
    said = record.stderr.text.strip().splitlines()
    gaps = [text("{said}", said=recorded(line)) for line in said[:20]]
    if record.stdout.truncated and not gaps:
        gaps.append(text("not all of its files were read"))
    return tuple(gaps)


def gap_of(row: Row) -> Text | None:
    """Say what of a file that is loaded was not seen, None if all was."""
    if row.get("error") is not None:
        return text("{path}: {reason}", path=row["path"], reason=recorded(str(row["error"])))
    if row.get("truncated"):
        return text("{path}: only its beginning was read", path=row["path"])
    return None


def number_of(row: Mapping[str, Any], line: int) -> int:
    """Return the number in the file of a line of the reduced text (from 1)."""
    numbers = row.get("lines")
    if isinstance(numbers, list) and 0 < line <= len(numbers):
        return int(numbers[line - 1])
    return 0


def references_of(row: Row) -> tuple[Reference, ...]:
    """Return what a file names."""
    return tuple(
        Reference(
            directive=str(one.get("directive")),
            path=str(one.get("path")),
            type=one.get("type"),
            mtime=seconds(one.get("mtime")),
            error=one.get("error"),
            listening=one.get("listening"),
            file=row["path"],
            line=int(one.get("line") or 0),
        )
        for one in row.get("references") or ()
    )


def seconds(shown: Any) -> float | None:
    """Return a row's time as epoch seconds."""
    return datetime.fromisoformat(shown).timestamp() if isinstance(shown, str) else None

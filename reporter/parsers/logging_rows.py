"""What the parsers of the domain logging share: the rows of the kind `files`."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reporter.evidence import Record
from reporter.parsers.host_rows import json_rows

__all__ = ["Content", "contents", "modified"]


@dataclass(frozen=True, slots=True)
class Content:
    """One file: its text, or in `error` why there is none. Bytes that are no UTF-8 are escaped.

    `mtime` is epoch seconds, None where it is not known.
    """

    path: str
    text: str
    mtime: float | None
    truncated: bool
    error: str | None


def contents(record: Record) -> Iterator[Content]:
    """Yield the files of the record, in the order of its patterns."""
    for row, _ in json_rows(record):
        data = str(row.get("data") or "")
        if row.get("encoding") == "base64":
            data = base64.b64decode(data).decode("utf-8", "backslashreplace")
        error = row.get("error")
        yield Content(
            path=str(row.get("path")),
            text=data,
            mtime=modified(row),
            truncated=bool(row.get("truncated")),
            error=None if error is None else str(error),
        )


def modified(row: dict[str, Any]) -> float | None:
    """Return a row's time of modification as epoch seconds."""
    shown = row.get("mtime")
    return datetime.fromisoformat(shown).timestamp() if isinstance(shown, str) else None

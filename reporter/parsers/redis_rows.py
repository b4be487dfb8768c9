"""The rows of kind `redis`: one JSON line for each reply of a server.

Sample:

    {"ask":["INFO"],"sample":"begin","at":1795617229.47,"ms":0.4,"reply":"# Server\\r\\nredis_v..."}
    {"ask":["XINFO","STREAM","a"],"db":0,"at":1795617229.5,"ms":0.1,"error":"NOPERM this user ..."}
    {"ask":["XINFO","CONSUMERS","a","g"],"db":0,"at":1795617229.5,"skipped":"5120 consumers, ..."}

A server is not to be trusted: whatever does not have its shape is no value, never an error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reporter.evidence import Record

__all__ = ["Row", "count", "mapping", "name", "number", "rows"]

_LARGEST = 2**64


@dataclass(frozen=True, slots=True)
class Row:
    """One reply. Exactly one of `error`, `skipped` and an answer in `reply` is there.

    `at` is when it was asked, epoch seconds; what was not asked may have none. `authenticated` is
    whether a password was given before it, `asked` whether the server had asked for one; None where
    that is not noted.
    """

    ask: tuple[str, ...]
    at: float | None
    db: int
    sample: Literal["begin", "end"]
    reply: Any
    fields: Any
    values: Any
    error: str | None
    skipped: str | None
    authenticated: bool | None
    asked: bool | None
    line: str

    @property
    def answered(self) -> bool:
        """Whether the server gave an answer."""
        return self.error is None and self.skipped is None

    @property
    def key(self) -> str:
        """What names the row among those about the server itself."""
        words = self.ask[0] if self.ask[0] in {"INFO", "SCAN"} else " ".join(self.ask[:2])
        if self.ask[0] == "SCAN":
            return f"{words} db{self.db}"
        return f"{words} {self.sample}" if words in {"INFO", "CLIENT LIST"} else words


def rows(record: Record) -> tuple[list[Row], int]:
    """Return the record's rows, and how many of its lines are none."""
    lines = record.stdout.text.split("\n")
    if record.stdout.truncated:
        lines = lines[1:]  # the beginning is what was cut
    lines = [line for line in lines if line.strip()]
    read = [_row(line) for line in lines]
    return [row for row in read if row is not None], read.count(None)


def _row(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    ask, at, db = row.get("ask"), number(row.get("at")), count(row.get("db", 0))
    if not isinstance(ask, list) or not ask or db is None or (at is None and "reply" in row):
        return None
    words = tuple(word for word in (name(part) for part in ask) if word is not None)
    if len(words) != len(ask) or not {"reply", "error", "skipped"} & row.keys():
        return None
    return Row(
        ask=words,
        at=at,
        db=db,
        sample="end" if row.get("sample") == "end" else "begin",
        reply=row.get("reply"),
        fields=row.get("fields"),
        values=row.get("values"),
        error=name(str(row["error"])) if "error" in row else None,
        skipped=name(str(row["skipped"])) if "skipped" in row else None,
        authenticated=_flag(row.get("authenticated")),
        asked=_flag(row.get("asked")),
        line=line,
    )


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def name(value: Any) -> str | None:
    """Return a text in a form that can be written anywhere; None if it is none.

    Halves of surrogate pairs, which stand for bytes that are no text, appear as `\\udcNN`.
    """
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def count(value: Any) -> int | None:
    """Return a whole number, zero or more, that fits in 64 bits; None if it is none."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,20}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < _LARGEST else None


def number(value: Any) -> float | None:
    """Return a finite number of zero or more; None if it is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < _LARGEST and math.isfinite(value) else None


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping; an empty one where it is none."""
    return value if isinstance(value, dict) else {}

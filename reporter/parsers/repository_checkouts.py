"""Git checkouts that services run from, one row each, read from git's own files.

Sample:

    {"path": "/home/a/app", "dirty": 1, "uid": 1000, "owner": "a", "branch": "main",
     "commit": "3f…", "remotes": {"origin": "https://example.org/app.git"}, "tracked": 214,
     "modified": ["app/main.py"], "deleted": [], "complete": true}

and with `"complete": false, "refused": {"app/keys.py": "Permission denied"}` where tracked files
could not be looked at; of a folder that could not be looked into

    {"folder": "/srv/other", "error": "Permission denied"}

Source: gitrepository-layout(5), gitformat-index(5).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation

__all__ = ["Checkout", "Checkouts"]


@dataclass(frozen=True, slots=True)
class Checkout:
    """One checkout. `dirty` counts the tracked files that differ, None where nobody could compare.

    `branch` is None where none is checked out, `commit` where there is none; `error` says what
    could not be read. `modified` and `deleted` are the first 50 of each, `refused` the first of the
    tracked files that could not be looked at, with the reason.
    """

    path: str
    owner: str | None
    branch: str | None
    commit: str | None
    remotes: Mapping[str, str]
    tracked: int | None
    modified: tuple[str, ...]
    deleted: tuple[str, ...]
    dirty: int | None
    complete: bool
    refused: Mapping[str, str]
    error: str | None
    line: str

    def holds(self, path: str) -> bool:
        """Say whether a path lies in it."""
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


@dataclass(frozen=True)
class Checkouts:
    """The checkouts by path; `closed` are folders that may be in one unseen, with the reason."""

    record: str
    by_path: Mapping[str, Checkout]
    closed: Mapping[str, str]

    def __iter__(self) -> Iterator[Checkout]:
        """Iterate over them, ordered by path."""
        return iter(self.by_path[path] for path in sorted(self.by_path))

    def of(self, path: str) -> Checkout | None:
        """Return the innermost checkout a path lies in."""
        found = [one for one in self if one.holds(path)]
        return max(found, key=lambda one: len(one.path), default=None)

    def cite(self, *chosen: Checkout) -> Citation:
        """Return the citation of some of them."""
        return Citation(self.record, "\n".join(one.line for one in chosen))


@fact("repository_checkouts")
def checkouts(record: Record) -> Checkouts:
    """Return the checkouts."""
    lines = record.stdout.text.splitlines()
    rows = [(json.loads(line), line) for line in lines[1 if record.stdout.truncated else 0 :]]
    found = [_checkout(row, line) for row, line in rows if "path" in row]
    closed = {row["folder"]: str(row["error"]) for row, _ in rows if "folder" in row}
    return Checkouts(record.id, {one.path: one for one in found}, closed)


def _checkout(row: Mapping[str, Any], line: str) -> Checkout:
    return Checkout(
        path=row["path"],
        owner=row.get("owner"),
        branch=row.get("branch"),
        commit=row.get("commit"),
        remotes=row.get("remotes") or {},
        tracked=row.get("tracked"),
        modified=tuple(row.get("modified") or ()),
        deleted=tuple(row.get("deleted") or ()),
        dirty=row.get("dirty"),
        complete=bool(row.get("complete", True)),
        refused=row.get("refused") or {},
        error=row.get("error"),
        line=line,
    )

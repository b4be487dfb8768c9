"""What cron and anacron are told to start: kind `cron`, rows of tables, settings and entries.

Sample:

    {"daemons": ["/usr/sbin/cron"], "users_from": ["files"]}
    {"path": "/etc/cron.d/a", "type": "file", "mode": "0644", "uid": 0, ..., "form": "system",
     "symlink": false, "links": 1}
    {"path": "/etc/cron.d/a", "newline": true, "truncated": false}
    {"path": "/etc/cron.d/a", "line": 3, "schedule": "*/5 * * * *", "user": "nobody",
     "command": "cd /opt/a && python3 job.py --key=<masked:18>", "programs":
     ["/usr/bin/python3", "/opt/a/job.py"], "missing": [], "names": [], "guarded": false}
    {"path": "/etc/cron.d/b", "line": 1, "text": "not an entry"}

Source: cron(8), crontab(5), anacrontab(5), run-parts(8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reporter.evidence import Record
from reporter.facts import fact
from reporter.findings import Citation
from reporter.parsers.host_rows import json_rows

__all__ = ["Cron", "Entry", "Odd", "Table"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a table: when, as whom, what. `user` is None where none is named or known.

    `programs` are the programs and scripts it starts that are there, `missing` those that are
    not. `guarded` says that the command tests for something first. `named` is the word in the
    user's place that is no user of /etc/passwd.
    """

    number: int
    schedule: str
    user: str | None
    command: str
    programs: tuple[str, ...]
    missing: tuple[str, ...]
    guarded: bool
    named: str | None
    line: str


@dataclass(frozen=True, slots=True)
class Odd:
    """A line that is no setting and no entry."""

    number: int
    text: str
    line: str


@dataclass(frozen=True)
class Table:
    """One crontab, or one script that cron starts with its folder (form `scripts`).

    `newline` says whether its last line has its end; None where the content was not read.
    """

    path: str
    form: str
    mode: int
    uid: int
    owner: str | None
    links: int
    line: str
    newline: bool | None = None
    truncated: bool = False
    entries: list[Entry] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The file's own name: of a user's crontab, the user."""
        return self.path.rpartition("/")[2]

    def user(self, entry: Entry) -> str:
        """Return the user an entry runs as."""
        if self.form == "user":
            return self.name
        return entry.user or entry.named or "root"


@dataclass(frozen=True)
class Cron:
    """Tables and scripts by path, what could not be looked into, and which daemons are there.

    `users_from` are the sources of nsswitch.conf(5), None where it does not say.
    """

    record: str
    tables: tuple[Table, ...]
    closed: Mapping[str, str]
    daemons: tuple[str, ...]
    users_from: tuple[str, ...] | None
    lines: Mapping[str, str]

    def cite(self, *lines: str) -> Citation:
        """Return the citation of some rows."""
        return Citation(self.record, "\n".join(dict.fromkeys(lines)))


@fact("cron_entries", accepts=("collected", "absent"))
def cron(record: Record) -> Cron:
    """Return the tables; none where there is no crontab at all."""
    tables: dict[str, Table] = {}
    closed: dict[str, str] = {}
    lines: dict[str, str] = {}
    daemons: tuple[str, ...] = ()
    sources: tuple[str, ...] | None = None
    for row, line in json_rows(record):
        if "daemons" in row:
            daemons = tuple(row["daemons"])
            sources = None if row["users_from"] is None else tuple(row["users_from"])
            lines[""] = line
            continue
        path = str(row["path"])
        if "error" in row:
            closed[path], lines[path] = str(row["error"]), line
        elif "type" in row:
            if row["type"] == "file":
                tables[path] = _table(path, row, line)
        elif "newline" in row and path in tables:
            tables[path] = _read(tables[path], row)
        elif path in tables:
            _add(tables[path], row, line)
    return Cron(record.id, tuple(tables.values()), closed, daemons, sources, lines)


def _table(path: str, row: Mapping[str, Any], line: str) -> Table:
    return Table(
        path=path,
        form=str(row["form"]),
        mode=int(str(row["mode"]), 8),
        uid=int(row["uid"]),
        owner=row.get("owner"),
        links=int(row.get("links") or 1),
        line=line,
    )


def _read(table: Table, row: Mapping[str, Any]) -> Table:
    return Table(
        table.path,
        table.form,
        table.mode,
        table.uid,
        table.owner,
        table.links,
        table.line,
        newline=bool(row["newline"]),
        truncated=bool(row["truncated"]),
    )


def _add(table: Table, row: Mapping[str, Any], line: str) -> None:
    if "command" in row:
        table.entries.append(
            Entry(
                number=int(row["line"]),
                schedule=str(row["schedule"]),
                user=row.get("user"),
                command=str(row["command"]),
                programs=tuple(row["programs"]),
                missing=(*row["missing"], *row["names"]),
                guarded=bool(row["guarded"]),
                named=row.get("text"),
                line=line,
            )
        )
    elif "text" in row:
        table.odd.append(Odd(int(row["line"]), str(row["text"]), line))

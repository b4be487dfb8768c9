"""Unit files on disk: `systemctl list-unit-files --root=/ --full` and the patterns asked for.

Sample (the third column is the vendor's preset; older versions call it VENDOR PRESET):

    cron.service                           enabled         enabled
    getty@.service                         enabled         enabled
    dev-hugepages.mount                    static          -
    hwclock.service                        masked          enabled

Source: systemctl(1), list-unit-files and is-enabled.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.evidence import Record
from reporter.facts import NoFact, fact
from reporter.findings import Citation
from reporter.messages import text
from reporter.parsers.systemd_values import require_systemd

__all__ = ["UnitFile", "UnitFiles"]

_VERB = "list-unit-files"


@dataclass(frozen=True, slots=True)
class UnitFile:
    """One unit file and its state: enabled, disabled, static, masked, alias, ...

    `preset` is what the distribution would have it be, None where the column is empty.
    """

    name: str
    state: str
    preset: str | None
    record: str
    line: str

    @property
    def template(self) -> bool:
        """Whether it is a template such as `getty@.service`, of which only instances run."""
        return self.name.rpartition(".")[0].endswith("@")

    def cite(self) -> Citation:
        """Return the citation of the file's line."""
        return Citation(self.record, self.line)


@dataclass(frozen=True)
class UnitFiles:
    """The unit files of the host by name; `complete` is false where the output was cut.

    `patterns` are those the command asked for; without any it asked for all.
    """

    record: str
    by_name: Mapping[str, UnitFile]
    complete: bool
    patterns: tuple[str, ...] = ()

    def covers(self, name: str) -> bool:
        """Say whether a file of that name would be listed if there were one."""
        asked = any(fnmatch.fnmatchcase(name, pattern) for pattern in self.patterns)
        return self.complete and (asked or not self.patterns)

    def __iter__(self) -> Iterator[UnitFile]:
        """Iterate over the files, ordered by name."""
        return iter(self.by_name[name] for name in sorted(self.by_name))

    def get(self, name: str) -> UnitFile | None:
        """Return the file of that name; for an instance without one, its template."""
        if name in self.by_name or "@" not in name:
            return self.by_name.get(name)
        stem, _, instance = name.partition("@")
        return self.by_name.get(f"{stem}@.{instance.rpartition('.')[2]}")


@fact("systemd_unit_files")
def unit_files(record: Record) -> UnitFiles:
    """Return the unit files on disk."""
    require_systemd(record)
    lines = record.stdout.text.splitlines()
    if record.stdout.truncated:
        lines = lines[1:]  # its beginning was cut
    found = (_unit_file(record.id, line) for line in lines)
    by_name = {one.name: one for one in found if one is not None}
    if not by_name:
        raise NoFact(text("no unit file can be read in its output"))
    return UnitFiles(
        record.id, by_name, complete=not record.stdout.truncated, patterns=_patterns(record.command)
    )


def _patterns(command: str) -> tuple[str, ...]:
    """Return the words of the command that follow the verb and are no option."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise NoFact(text("its command cannot be read, so what it asked for is unknown")) from error
    after = words[words.index(_VERB) + 1 :] if _VERB in words else []
    return tuple(word for word in after if not word.startswith("-"))


def _unit_file(record: str, line: str) -> UnitFile | None:
    columns = line.split()
    if len(columns) < 2 or "." not in columns[0]:
        return None
    preset = columns[2] if len(columns) > 2 and columns[2] != "-" else None
    return UnitFile(columns[0], columns[1], preset, record, " ".join(columns))

"""Waivers: findings an operator accepts for a while, read from a YAML file.

    waivers:
      - finding: service_state:shop-worker.service   # an id, or a shell pattern of ids
        host: "web*"                                 # optional: a pattern of hosts
        reason: replaced by shop-queue in March
        owner: ops@example.org
        expires: 2027-03-31                          # the last day, in UTC

A waiver accepts what was seen: a finding that is down or degraded. One that is unknown is never
waived, for it could be worse than what was accepted. Expiry counts from the time of collection.
"""

from __future__ import annotations

import difflib
import fnmatch
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from reporter.errors import InputError
from reporter.findings import Finding, Waiver
from reporter.messages import Text, text

__all__ = ["NO_WAIVERS", "Entry", "Malformed", "Waivers", "load_waivers"]

_KEYS = ("finding", "host", "reason", "owner", "expires")
_REQUIRED = ("finding", "reason", "owner", "expires")
_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands: the file's name, its number in the list from 1, its lines."""

    file: str
    number: int
    first_line: int
    last_line: int
    lines: str

    @property
    def by_hand(self) -> str:
        """The command that shows it."""
        return f"sed -n {self.first_line},{self.last_line}p {shlex.quote(self.file)}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One waiver: `finding` and `host` are ids or shell patterns, `host` None for every host."""

    finding: str
    host: str | None
    waiver: Waiver
    place: Place

    def is_for(self, host: str) -> bool:
        """Say whether it is for a host; what belongs to no host ("") only where it names none."""
        return self.host is None or (host != "" and fnmatch.fnmatchcase(host, self.host))

    def names(self, finding: str) -> bool:
        """Say whether it names the finding of this id."""
        return finding == self.finding or fnmatch.fnmatchcase(finding, self.finding)

    def may_name_one_of(self, rule: str) -> bool:
        """Say whether it may name a finding of this rule, whatever its subject."""
        head, colon, _ = self.finding.partition(":")
        if not colon or "*" in head:
            return fnmatch.fnmatchcase(rule, head) or "*" in head
        return fnmatch.fnmatchcase(rule, head)

    def expired(self, collected_at: str) -> bool:
        """Say whether it had expired when something was collected (ISO 8601 in UTC)."""
        return collected_at[:10] > self.waiver.expires

    def takes(self, finding: Finding) -> bool:
        """Say whether it names the finding, and that is something to be accepted."""
        return self.names(finding.id) and finding.verdict.status in ("degraded", "down")


@dataclass(frozen=True, slots=True)
class Malformed:
    """An entry that cannot be used, and why."""

    place: Place
    what: Text


@dataclass(frozen=True)
class Waivers:
    """The waivers of a file, in its order."""

    entries: tuple[Entry, ...] = ()
    malformed: tuple[Malformed, ...] = ()

    def applied(self, findings: list[Finding], host: str, collected_at: str) -> list[Finding]:
        """Return a host's findings with those marked that a waiver in force accepts.

        `collected_at` is the host's time of collection, ISO 8601 in UTC; `host` is "" for findings
        that belong to none. Of several waivers the one that lasts longest counts.
        """
        here = [one for one in self.entries if one.is_for(host) and not one.expired(collected_at)]
        here.sort(key=lambda one: one.waiver.expires, reverse=True)
        return [_marked(finding, here) for finding in findings] if here else findings


NO_WAIVERS = Waivers()


def _marked(finding: Finding, entries: list[Entry]) -> Finding:
    entry = next((one for one in entries if one.takes(finding)), None)
    return replace(finding, waiver=entry.waiver) if entry else finding


def load_waivers(path: Path) -> Waivers:
    """Read a file of waivers.

    An entry that cannot be used is in `malformed`: the report says so. Raises `InputError` where
    the file cannot be read, or is no list of waivers at all.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give a YAML file of waivers") from error
    if len(content) > _LARGEST:
        raise InputError(f"{path}: larger than {_LARGEST} bytes; give a YAML file of waivers")
    try:
        shown = content.decode("utf-8")
        root = yaml.compose(shown, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    lines = shown.splitlines()
    read = [
        _entry(node, _place(path, number, node, lines))
        for number, node in enumerate(_listed(path, root), start=1)
    ]
    return Waivers(
        tuple(one for one in read if isinstance(one, Entry)),
        tuple(one for one in read if isinstance(one, Malformed)),
    )


def _listed(path: Path, root: Any) -> list[yaml.Node]:
    if isinstance(root, yaml.MappingNode) and len(root.value) == 1:
        (key, listed), *_ = root.value
        if getattr(key, "value", None) == "waivers" and isinstance(listed, yaml.SequenceNode):
            return list(listed.value)
    raise InputError(
        f"{path}: no waivers in it; give a mapping with the one key 'waivers', a list of entries "
        f"with the keys {', '.join(_KEYS)}"
    )


def _place(path: Path, number: int, node: yaml.Node, lines: list[str]) -> Place:
    """Return where an entry stands; one in block style ends where the next thing begins."""
    first, last = node.start_mark.line, node.end_mark.line
    if node.end_mark.column <= node.start_mark.column:
        last -= 1
    last = min(last, len(lines) - 1)
    while last > first and lines[last].strip()[:1] in {"", "#"}:
        last -= 1
    last = max(first, last)
    return Place(path.name, number, first + 1, last + 1, "\n".join(lines[first : last + 1]))


def _entry(node: yaml.Node, place: Place) -> Entry | Malformed:
    wrong = next(_faults(node), None)
    if wrong is not None:
        return Malformed(place, wrong)
    values = {key.value: value.value for key, value in node.value}
    waiver = Waiver(values["reason"].strip(), values["owner"].strip(), values["expires"])
    return Entry(values["finding"], values.get("host"), waiver, place)


def _faults(node: yaml.Node) -> Iterator[Text]:
    """Yield what is wrong with an entry, each naming the key."""
    if not isinstance(node, yaml.MappingNode):
        yield text("it is no mapping; give the keys {keys}", keys=", ".join(_KEYS))
        return
    seen: set[str] = set()
    for key, value in node.value:
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
        if name not in _KEYS:
            yield _unknown_key(name)
        elif name in seen:
            yield text("the key '{key}' stands twice", key=name)
        elif not isinstance(value, yaml.ScalarNode) or not str(value.value).strip():
            yield text("'{key}' has no text; give one", key=name)
        elif name == "expires" and not _is_day(value.value):
            yield text(
                "'expires' is '{value}', no day; give one as YYYY-MM-DD", value=str(value.value)
            )
        seen.add(name)
    for name in _REQUIRED:
        if name not in seen:
            yield text("the key '{key}' is missing", key=name)


def _unknown_key(name: str) -> Text:
    near = difflib.get_close_matches(name, _KEYS, n=1)
    if near:
        return text("unknown key '{key}'; did you mean '{near}'?", key=name, near=near[0])
    return text("unknown key '{key}'; known keys: {keys}", key=name, keys=", ".join(_KEYS))


def _is_day(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False

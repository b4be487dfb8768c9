"""Our report of one host, as its JSON and its text have it."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Block", "Item", "Ours", "Row", "Text", "ours_of", "read"]

Finding = dict[str, Any]


@dataclass(frozen=True)
class Block:
    """A component of part A in the text: its head lines, and `said`, all that stands below them.

    `names` are those it lists one to a line.
    """

    heading: str
    component: str
    status: str
    running: str
    connected: str
    evidence: tuple[str, ...]
    said: str
    names: frozenset[str]


@dataclass(frozen=True)
class Item:
    """One item of part B to E, with the title it stands under; lines are joined."""

    title: str
    said: str


@dataclass(frozen=True)
class Row:
    """One row of the truth table; white space, which only breaks lines, is left out."""

    producers: tuple[str, ...]
    groups: tuple[str, ...]
    active: str
    last: str


@dataclass(frozen=True)
class Text:
    """The text report of one host, taken apart. `parts` are those from B to E by their letter.

    `flat` is all of it with its lines joined.
    """

    blocks: tuple[Block, ...] = ()
    parts: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    flat: str = ""

    def block(self, component: str) -> Block | None:
        """Return the component's block: the application's, where the system has one too."""
        own = (one for one in self.blocks if one.component == component)
        return next((one for one in own if "the system's own" not in one.heading), None)

    def listed(self, component: str, name: str) -> bool:
        """Say whether the component's block names a unit, on a line of its own or in a sentence."""
        block = self.block(component)
        if block is None:
            return False
        own = {name, name.removesuffix(".service")} & block.names
        return bool(own) or name in re.split(r"[ :,]+", block.said)


@dataclass(frozen=True)
class Ours:
    """Both."""

    host: dict[str, Any]
    text: Text

    @property
    def findings(self) -> dict[str, Finding]:
        """The findings by id."""
        return {item["id"]: item for item in self.host["findings"]}

    def about(self, component: str) -> list[Finding]:
        """Return the findings of a component: the application's, where the system has some too."""
        found = [item for item in self.host["findings"] if item["component"] == component]
        return [item for item in found if item["application"]] or found

    def links(self, findings: list[Finding]) -> set[str]:
        """Return what the subjects of findings are connected to, by whatever finding, and write."""
        subjects = {one["subject"] for one in findings}
        about = (one for one in self.host["findings"] if one["subject"] in subjects)
        written = (
            f"{row['stream']} ({one['confidence']})"
            for row in self.host["streams"]
            for one in row["producers"]
            if one["unit"] in subjects
        )
        return {name for one in about for name in one["connected_to"]} | set(written)

    def like(self, pattern: str) -> list[Finding]:
        """Return the findings whose id fits a shell pattern."""
        return [one for name, one in self.findings.items() if fnmatch.fnmatchcase(name, pattern)]

    def stream(self, name: str) -> dict[str, Any] | None:
        """Return a stream's row."""
        found: Iterable[dict[str, Any]] = self.host["streams"]
        return next((item for item in found if item["stream"] == name), None)


def read(folder: Path, host: str) -> Ours:
    """Return what `report.json` and `report.txt` of a folder say of a host."""
    return ours_of(
        (folder / "report.json").read_text(encoding="utf-8"),
        (folder / "report.txt").read_text(encoding="utf-8"),
        host,
    )


def ours_of(report_json: str, report_text: str, host: str) -> Ours:
    """Return what a report says of one host, by its JSON and its text."""
    (found,) = [one for one in json.loads(report_json)["hosts"] if one["host"] == host]
    return Ours(found, _text(report_text, host))


def _text(report: str, host: str) -> Text:
    """Take apart what the text report says of one host."""
    _, own = re.split(rf"^{host} - Total System.*\n", report, flags=re.MULTILINE)
    own = re.split(r"^\S+ - Total System", own, flags=re.MULTILINE)[0]
    sections = dict(_sections(own))
    return Text(
        blocks=tuple(_blocks(sections["PART A"])),
        parts={letter: tuple(_items(sections[f"PART {letter}"])) for letter in "BCDE"},
        rows=dict(_rows(sections["REDIS STREAMS"])),
        first=tuple(_ranked(sections["WHAT TO FIX"])),
        closing=tuple(_ranked(sections["CLOSING WORDS"])),
        flat=" ".join(own.split()),
    )


_HEADS = re.compile(
    r"^(PART [A-E]|REDIS STREAMS|MODELS - LOAD|EVIDENCE$|WHAT TO FIX|WHAT THIS|CLOSING WORDS).*\n",
    re.MULTILINE,
)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    heads = list(_HEADS.finditer(text))
    ends = [one.start() for one in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        yield head[1], text[head.end() : end]


def _blocks(part: str) -> Iterator[Block]:
    heading = ""
    for paragraph in part.strip("\n").split("\n\n"):
        lines = paragraph.splitlines()
        while lines and not lines[0].startswith("Component: "):
            heading = lines.pop(0)
        if lines:
            yield _block(heading, lines)


def _block(heading: str, lines: list[str]) -> Block:
    heads: dict[str, str] = {}
    evidence: list[str] = []
    body: list[str] = []
    for line in _joined(lines[1:]):
        key, _, value = line.removeprefix("  - ").partition(": ")
        if key == "Evidence":
            evidence.append(value)
        elif key in {"Status", "Running", "Connected to", "Last verified"}:
            heads[key] = value
        else:
            body.append(line)
    return Block(
        heading=heading,
        component=lines[0].removeprefix("Component: "),
        status=heads["Status"],
        running=heads["Running"],
        connected=heads["Connected to"],
        evidence=tuple(evidence),
        said=" ".join(" ".join(body).split()),
        names=frozenset(
            one.removeprefix("    - ") for one in lines if re.match(r"    - \S+$", one)
        ),
    )


def _joined(lines: list[str]) -> Iterator[str]:
    """Yield the lines with those that only go on after a break put back."""
    whole = ""
    for line in lines:
        if line.startswith("  - "):
            if whole:
                yield whole
            whole = line
        else:
            whole = f"{whole} {line.strip()}"
    if whole:
        yield whole


def _items(part: str) -> Iterator[Item]:
    title, said = "", ""
    for line in [*part.splitlines(), ""]:
        begins = re.match(r"(  )?- ", line)
        if said and (begins or not line.startswith(" ")):
            yield Item(title, said)
            said = ""
        if begins:
            said = line[begins.end() :]
        elif said:
            said = f"{said} {line.strip()}"
        elif line.startswith(" "):
            title = f"{title} {line.strip()}"
        elif line:
            title = line


def _ranked(part: str) -> Iterator[str]:
    for item in re.finditer(r"^\d\) (.*\n(?: .*\n)*)", part, re.MULTILINE):
        yield " ".join(item[1].split())


def _rows(part: str) -> Iterator[tuple[str, Row]]:
    shared = re.search(r"all names begin with (\S+)\)", part)
    prefix = shared[1] if shared else ""
    cells: list[list[str]] = []
    for line in part.splitlines():
        parts = re.split(r" \|(?: |$)", line)
        if len(parts) != 6 or parts[0].startswith("STREAM"):
            continue
        if parts[0].strip() and not parts[0].startswith(" "):
            if cells:
                yield _row(cells, prefix)
            cells = [[] for _ in parts]
        for cell, piece in zip(cells, parts, strict=True):
            if piece.startswith("  ") and cell:
                cell[-1] += "".join(piece.split())
            elif piece.strip():
                cell.append("".join(piece.split()))
    if cells:
        yield _row(cells, prefix)


def _row(cells: list[list[str]], prefix: str) -> tuple[str, Row]:
    name, producers, groups, active, _, last = cells
    return prefix + "".join(name), Row(
        tuple(producers), tuple(groups), "".join(active), "".join(last)
    )

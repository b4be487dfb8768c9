"""Hosts with files that a profile names: what the collector really says of a folder made here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from reporter.byhand import declared_probes
from reporter.evidence import Bundle, Record
from reporter.findings import Finding, Verdict
from tests.builders import bundle
from tests.rules.judging import judged
from truthmap_collector.runner import collect
from truthmap_control import targets

__all__ = ["PROBE", "findings", "host", "planted", "verdict"]

PROBE = "files_expected"
RULES = ("expected_files",)


def planted(folder: Path) -> Path:
    """Make files of every sort in a folder, and return it."""
    (folder / "orders.db").write_text("rows")
    (folder / "empty.db").touch()
    (folder / "data").mkdir()
    (folder / "a.pem").write_text("a")
    (folder / "b.pem").write_text("b")
    (folder / "current").symlink_to("orders.db")
    (folder / "hollow").symlink_to("empty.db")
    (folder / "lost").symlink_to("nowhere")
    (folder / "round").symlink_to("round")
    os.utime(folder / "orders.db", (0, 1771171200))
    (folder / "orders.db").chmod(0o640)
    return folder


def host(
    profile: Mapping[str, Any], more: Iterable[Record] = (), asked: Mapping[str, Any] | None = None
) -> Bundle:
    """Return a host of one application, `shop`, with what the collector says of its files.

    `asked` is the profile it was collected with, where that is another one.
    """
    applications = {"shop": dict(profile)}
    (declared,) = (probe for probe in declared_probes() if probe["id"] == PROBE)
    probe = targets.filled(declared, applications if asked is None else {"shop": dict(asked)})
    answer = collect({"probes": [probe], "limits": {}, "fingerprint_key": None})
    evidence = [msgspec.convert(one, Record) for one in answer["evidence"]]
    made = bundle([*evidence, *more], applications=applications)
    others = [one for one in made.probes if one["id"] != PROBE]
    return msgspec.structs.replace(made, probes=[*others, probe])


def findings(collected: Bundle) -> dict[str, Finding]:
    """Return the findings of the rule by subject."""
    return {one.verdict.subject: one for one in judged(collected, RULES).values()}


def verdict(collected: Bundle, subject: str | Path) -> Verdict:
    """Return what the rule says of one path or pattern."""
    return findings(collected)[str(subject)].verdict

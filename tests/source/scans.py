"""Scans of real source trees, made by the collector's own kind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reporter.source.model import Scan, read_scan
from truthmap_collector.runner import collect

__all__ = ["record_of", "scan", "script", "tree"]


def tree(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files (path -> text) below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def script(path: Path, unit: str = "it.service") -> dict[str, str]:
    """Return the program of a unit that starts a script in its own folder."""
    return {
        "unit": unit,
        "cwd": str(path.parent),
        "script": str(path),
        "python": "/usr/bin/python3",
    }


def record_of(programs: Iterable[Mapping[str, str]], **args: Any) -> dict[str, Any]:
    """Return the evidence of a scan of programs."""
    probe = {
        "id": "it",
        "description": "A test.",
        "kind": "source_scan",
        "args": {"programs": [json.dumps(one) for one in programs], **args},
        "limits": {"timeout_s": 120, "bytes": 16777216},
    }
    request = {"probes": [probe], "limits": {"host_timeout_s": 200}, "fingerprint_key": None}
    (record,) = collect(request)["evidence"]
    found: dict[str, Any] = record
    return found


def scan(programs: Iterable[Mapping[str, str]], **args: Any) -> Scan:
    """Return a scan of programs; it must have got through."""
    record = record_of(programs, **args)
    assert record["outcome"] == "collected", record["reason"]
    rows = [json.loads(line) for line in record["stdout"]["data"].splitlines()]
    return read_scan("it", rows, record["stdout"]["truncated"])

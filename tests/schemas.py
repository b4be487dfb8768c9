"""Writes the published JSON Schemas: `make schemas`. A test holds them against the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reporter.evidence import archive_schemas
from reporter.profile_schema import profile_schema
from reporter.publish.events import event_schema
from reporter.render.diff_v1 import diff_schema
from reporter.render.json_v1 import report_schema
from reporter.render.summary_v1 import summary_schema
from truthmap_collector import declaration

__all__ = ["FOLDER", "published"]

FOLDER = Path(__file__).resolve().parent.parent / "schemas"


def published() -> dict[str, dict[str, Any]]:
    """Return every published schema by file name."""
    return {
        **archive_schemas(),
        "event-1.schema.json": event_schema(),
        "report-1.schema.json": report_schema(),
        "diff-1.schema.json": diff_schema(),
        "summary-1.schema.json": summary_schema(),
        "probes-1.schema.json": declaration.json_schema(),
        "profile-1.schema.json": profile_schema(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, schema in published().items():
        (FOLDER / name).write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")

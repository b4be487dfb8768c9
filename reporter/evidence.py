"""The stored form of what was collected: evidence records, bundles, manifests.

These types are the format: the published JSON Schema is generated from them
(`archive_schemas`), and everything read from disk is checked against them. They are frozen,
because evidence is never edited. Times are ISO 8601 in UTC, sizes bytes, durations seconds.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Annotated, Any, Literal

import msgspec

__all__ = [
    "BUNDLE_SCHEMA",
    "MANIFEST_SCHEMA",
    "Bundle",
    "Clock",
    "CollectorInfo",
    "HostEntry",
    "Manifest",
    "Outcome",
    "Output",
    "Record",
    "archive_schemas",
    "record_digest",
]

BUNDLE_SCHEMA = "truthmap/bundle/1"
MANIFEST_SCHEMA = "truthmap/manifest/1"

Outcome = Literal["collected", "absent", "denied", "timeout", "error"]
NonNegative = Annotated[float, msgspec.Meta(ge=0)]
Size = Annotated[int, msgspec.Meta(ge=0)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Time = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]


class Output(msgspec.Struct, frozen=True):
    """What came out on one channel: `size` is the original's, `data` what was kept of it."""

    encoding: Literal["utf-8", "base64"]
    data: str
    size: Size
    truncated: bool
    masked: Size

    @property
    def text(self) -> str:
        """The kept output as text; bytes that are no UTF-8 appear as `\\xNN`."""
        if self.encoding == "utf-8":
            return self.data
        return base64.b64decode(self.data).decode("utf-8", "backslashreplace")


class Record(msgspec.Struct, frozen=True):
    """The evidence of one probe, or of one target of a derived probe."""

    id: str
    probe: str
    kind: str
    command: str
    started_at: Time
    duration_s: NonNegative
    outcome: Outcome
    stdout: Output
    stderr: Output
    sha256: Digest
    parent: str | None = None
    item: str | None = None
    reason: str | None = None
    exit_code: int | None = None
    signal: int | None = None


class CollectorInfo(msgspec.Struct, frozen=True):
    """The collector that ran, and as whom."""

    version: str
    python: str
    user: str
    uid: int
    interpreter: str | None = None
    hostname: str | None = None


class Clock(msgspec.Struct, frozen=True):
    """The host's clock minus the control node's, in seconds; null where nobody measured it."""

    offset_s: float | None = None
    uncertainty_s: NonNegative | None = None


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """All evidence of one host at one moment, with the profiles that applied to it."""

    schema: str
    run: str
    host: str
    collected_by: Literal["ansible", "control", "hand"]
    collector: CollectorInfo
    started_at: Time
    finished_at: Time
    complete: bool
    clock: Clock
    evidence: list[Record]
    probes: list[dict[str, Any]]
    applications: dict[str, dict[str, Any]] = {}
    groups: list[str] = []
    perturbations: list[str] = []
    fingerprint_key_id: str | None = None


class HostEntry(msgspec.Struct, frozen=True):
    """What the manifest says of one host; `sha256` is that of the bundle file's content."""

    status: Literal["pending", "collected", "partial", "unreachable", "failed"]
    reason: str | None = None
    bundle: str | None = None
    sha256: Digest | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The table of contents of a run; `running` means nobody completed it."""

    schema: str
    run: str
    started_at: Time
    state: Literal["running", "complete"]
    collector_version: str
    hosts: dict[str, HostEntry]
    finished_at: Time | None = None


def record_digest(record: dict[str, Any]) -> str:
    """Return the SHA-256 a record must carry: over its canonical JSON without the hash itself."""
    kept = {key: value for key, value in record.items() if key != "sha256"}
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def archive_schemas() -> dict[str, dict[str, Any]]:
    """Return the published JSON Schemas of bundle and manifest, by file name."""
    schemas = {}
    for kind, name in ((Bundle, BUNDLE_SCHEMA), (Manifest, MANIFEST_SCHEMA)):
        schema = msgspec.json.schema(kind)
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        schema["title"] = name
        schemas[f"{name.split('/')[1]}-{name.split('/')[2]}.schema.json"] = schema
    return schemas

"""Bundles of the host's rules: real ones from lab hosts, and copies with an edited record.

`lab_bundle` reads what the collector brought from an untouched lab host. The lab's hosts are
containers and share this machine's clock, disk and kernel, so a fault of those cannot be caused
there: for such cases a record is replaced by hand, in the form the real one has.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from reporter import registry
from reporter.engine import HostContext, judge
from reporter.evidence import Bundle, Clock
from reporter.findings import Finding
from reporter.profile import Profiles
from reporter.report import epoch
from tests.builders import record, without

__all__ = [
    "LAB_HOSTS",
    "edited",
    "found",
    "lab_bundle",
    "listing",
    "off_by",
    "on",
    "only",
    "outcome",
    "row",
    "without",
]

FIXTURES = Path(__file__).parents[1] / "fixtures" / "host"
LAB_HOSTS = sorted(path.stem for path in FIXTURES.glob("*.json"))


def lab_bundle(name: str = "bookworm") -> Bundle:
    """Return what was collected from a lab host."""
    return msgspec.json.decode((FIXTURES / f"{name}.json").read_bytes(), type=Bundle)


def edited(
    bundle: Bundle, probe: str, stdout: str, exit_code: int | None = None, truncated: bool = False
) -> Bundle:
    """Return the bundle with other output in one probe's record."""
    made = record(probe, stdout, exit_code=exit_code, truncated=truncated)
    return _replaced(bundle, probe, made)


def outcome(bundle: Bundle, probe: str, what: str, reason: str) -> Bundle:
    """Return the bundle with one probe's record saying absent, denied, timeout or error."""
    return _replaced(bundle, probe, record(probe, outcome=what, reason=reason, exit_code=None))


def _replaced(bundle: Bundle, probe: str, made: Any) -> Bundle:
    kept = [made if item.probe == probe else item for item in bundle.evidence]
    return msgspec.structs.replace(bundle, evidence=kept)


def on(technology: str, bundle: Bundle | None = None) -> Bundle:
    """Return the bundle as if its host ran in that technology; `none` is bare metal, exit 1."""
    code = 1 if technology == "none" else 0
    return edited(bundle or lab_bundle(), "host_virtualization", f"{technology}\n", code)


def off_by(bundle: Bundle, offset_s: float | None, uncertainty_s: float | None = 0.01) -> Bundle:
    """Return the bundle with another measured difference to the control node's clock."""
    return msgspec.structs.replace(bundle, clock=Clock(offset_s, uncertainty_s))


def listing(folder: str, *names: str, type: str = "file") -> str:
    """Return a listing's lines: entries of the folder, then the folder itself."""
    rows = [{"path": f"{folder}/{name}", "type": type} for name in names]
    return "".join(
        json.dumps(line) + "\n" for line in [*rows, {"path": folder, "type": "directory"}]
    )


def row(mount: str = "/", **values: Any) -> str:
    """Return one line of the kind filesystems: a 40 GB ext4, a third full, unless said."""
    usual = {
        "mount": mount,
        "source": "/dev/vda1",
        "fstype": "ext4",
        "options": "rw,relatime",
        "size": 40_000_000_000,
        "free": 26_000_000_000,
        "available": 24_000_000_000,
        "inodes": 2_500_000,
        "inodes_free": 2_400_000,
        "skipped": None,
    }
    return json.dumps({**usual, **values}) + "\n"


def found(bundle: Bundle, rule: str) -> dict[str, Finding]:
    """Return the rule's findings by id."""
    context = HostContext(bundle.host, epoch(bundle.finished_at), Profiles(), bundle)
    rules = [declared for declared in registry.rules() if declared.id == rule]
    assert len(rules) == 1
    return {finding.id: finding for finding in judge(context, rules, registry.parsers())}


def only(bundle: Bundle, rule: str, subject: str) -> tuple[str, str | None, str]:
    """Return status, severity and message of one finding."""
    verdict = found(bundle, rule)[f"{rule}:{subject}"].verdict
    return verdict.status, verdict.severity, str(verdict.message)

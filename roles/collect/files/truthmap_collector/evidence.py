"""Evidence records: what a look brought, masked, in the stored form, with its hash."""

import base64
import hashlib
import json
from typing import Any, Dict, List, Tuple

from truthmap_collector import host, jobs
from truthmap_collector.declaration import masking_of
from truthmap_collector.jobs import Look
from truthmap_collector.kinds.journal import DEFAULT_FIELDS
from truthmap_collector.masking import Masker
from truthmap_collector.observation import Stream

__all__ = ["digest", "maskable", "record"]

Record = Dict[str, Any]

_SAFE_JOURNAL_FIELDS = """
    CODE_FILE CODE_FUNC CODE_LINE ERRNO EXIT_CODE EXIT_STATUS INVOCATION_ID JOB_ID JOB_RESULT
    JOB_TYPE MESSAGE_ID N_RESTARTS PRIORITY SYSLOG_FACILITY SYSLOG_IDENTIFIER SYSLOG_PID UNIT
    UNIT_RESULT USER_INVOCATION_ID USER_UNIT _BOOT_ID _COMM _EXE _GID _HOSTNAME _MACHINE_ID _PID
    _SYSTEMD_CGROUP _SYSTEMD_INVOCATION_ID _SYSTEMD_SLICE _SYSTEMD_UNIT _SYSTEMD_USER_UNIT
    _TRANSPORT _UID
"""


def record(look: Look, masker: Masker) -> Record:
    """Return the record of a look. Free text of the host passes through the masker."""
    job, verdict = look.job, look.verdict
    mode = masking_of(job.probe)
    reason = verdict.reason or ""
    if verdict.free_text:
        reason, _ = masker.text(reason)
    made = {
        "id": host.printable(job.id),
        "probe": job.probe["id"],
        "parent": job.probe["from"]["probe"] if "from" in job.probe else None,
        "item": None if job.item is None else host.printable(job.item),
        "kind": job.probe["kind"],
        "command": host.printable(jobs.by_hand(job)),
        "started_at": host.utc(look.started_at),
        "duration_s": round(look.duration_s, 6),
        "outcome": verdict.outcome,
        "reason": host.printable(reason) or None,
        "exit_code": verdict.exit_code,
        "signal": verdict.signal,
        "stdout": _stored(look.stdout, _stdout_mode(job.probe, mode), masker),
        "stderr": _stored(look.stderr, "none" if mode == "none" else "text", masker),
    }
    return dict(made, sha256=digest(made))


def maskable(look: Look) -> int:
    """Return how many bytes of a look the masker will have to judge.

    Of JSON lines that are only the values of the named keys: most of a survey's rows are state.
    """
    mode = _stdout_mode(look.job.probe, masking_of(look.job.probe))
    if not isinstance(mode, dict) or "json" not in mode:
        return len(look.stdout.data) + len(look.stderr.data)
    lines = look.stdout.data.splitlines()
    return sum(_judged(line, mode["json"]) for line in lines) + len(look.stderr.data)


def _judged(line: bytes, names: List[str]) -> int:
    try:
        row = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        return len(line)
    return sum(len(json.dumps(row[name])) for name in names if name in row)


def digest(made: Record) -> str:
    """Return the SHA-256 over the canonical JSON of a record without its own hash."""
    kept = {name: value for name, value in made.items() if name != "sha256"}
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _stdout_mode(probe: Dict[str, Any], mode: Any) -> Any:
    """Return the mode for stdout; JSON lines are masked value by value, not as text."""
    if mode != "text":
        return mode
    if probe["kind"] == "journal":
        fields = probe.get("args", {}).get("fields") or DEFAULT_FIELDS
        return {"json": sorted(set(fields) - set(_SAFE_JOURNAL_FIELDS.split()))}
    if probe["kind"] == "files":
        return {"json": ["data"]}
    return mode


def _stored(stream: Stream, mode: Any, masker: Masker) -> Record:
    encoding, masked = "utf-8", 0
    if mode == "none":
        encoding, data = _encoded(stream.data)
    else:
        data, masked = _masked(host.from_os(_whole(stream)), mode, masker)
    return {
        "encoding": encoding,
        "data": data,
        "size": stream.size,
        "truncated": stream.truncated,
        "masked": masked,
    }


def _encoded(data: bytes) -> Tuple[str, str]:
    try:
        return "utf-8", data.decode("utf-8")
    except UnicodeDecodeError:
        return "base64", base64.b64encode(data).decode("ascii")


def _masked(text: str, mode: Any, masker: Masker) -> Tuple[str, int]:
    if mode == "text":
        data, count = masker.text(text)
    elif "properties" in mode:
        data, count = masker.properties(text, frozenset(mode["properties"]))
    else:
        data, count = masker.json_lines(text, frozenset(mode["json"]))
    return host.printable(data), count


def _whole(stream: Stream) -> bytes:
    """Drop the line a cut went through, and the word a stop went through.

    Masking judges a word by itself and by what precedes it: the rest of a word could pass where
    the whole would not.
    """
    data = stream.data
    if stream.truncated:
        _, _, data = data.partition(b"\n")
    if stream.cut_end:
        at = max(data.rfind(b" "), data.rfind(b"\n"), data.rfind(b"\t"))
        data = data[: at + 1]
    return data

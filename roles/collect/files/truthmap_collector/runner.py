"""The whole run: a request in, an answer out."""

import os
import platform
import sys
import time
from typing import Any, Dict, Mapping, Optional

from truthmap_collector import VERSION, host, scheduler
from truthmap_collector.answer import SCHEMA
from truthmap_collector.declaration import validate
from truthmap_collector.fingerprints import Fingerprints
from truthmap_collector.kinds import KINDS, Kind
from truthmap_collector.limits import Limits
from truthmap_collector.masking import Masker
from truthmap_collector.packing import pack
from truthmap_collector.process import ProcessGroups

__all__ = ["collect", "key_id"]

Answer = Dict[str, Any]

_MASKING_S = 10  # what masking may take even if the probes have used up the host's time


def collect(
    request: Dict[str, Any],
    groups: Optional[ProcessGroups] = None,
    kinds: Mapping[str, Kind] = KINDS,
) -> Answer:
    """Execute the probes of a request and return the answer `truthmap/answer/1`.

    `request` has `probes` (declarations), `limits` (see Limits), `fingerprint_key` (text or
    null; null makes a random key for this run) and `secrets` (by kind what it needs to be let in;
    nothing of it is in the answer). `groups` takes the running process groups, for a caller who
    may have to end them; `kinds` is how each kind is executed. `complete` is false if the budget
    of time or of bytes cut anything. Raises ValueError for a request that is not valid.
    """
    probes = request["probes"]
    errors = validate(probes)
    if errors:
        raise ValueError("not valid: " + "; ".join(errors))
    limits = Limits.of(request.get("limits") or {})
    groups = groups or ProcessGroups()
    fingerprints = Fingerprints(request.get("fingerprint_key"))
    means = scheduler.Means(fingerprints, request.get("secrets") or {}, kinds)
    begin, end = time.time(), time.monotonic() + limits.host_timeout_s
    try:
        outcome = scheduler.execute(probes, limits, groups, means)
    finally:
        groups.kill_all()
    answer = {
        "schema": SCHEMA,
        "collector": _collector(),
        "started_at": host.utc(begin),
        "finished_at": host.utc(time.time()),
        "complete": outcome.complete,
        "fingerprint_key_id": fingerprints.key_id,
        "probes": probes,
        "evidence": [],
    }
    deadline = max(end, time.monotonic() + _MASKING_S)
    asked = sorted({probe["kind"] for probe in probes})
    words = [word for kind in asked for word in KINDS[kind].words]
    masker = Masker(outcome.identifiers + words)
    pack(answer, outcome.looks, masker, limits.answer_bytes, deadline)
    return answer


def key_id(key: Optional[str]) -> str:
    """Return the public name of a fingerprint key: 8 hex digits that do not reveal it."""
    return Fingerprints(key).key_id


def _collector() -> Dict[str, Any]:
    uid = os.geteuid()
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "interpreter": sys.executable or None,
        "user": host.names_by_id("/etc/passwd").get(uid, str(uid)),
        "uid": uid,
        "hostname": host.printable(os.uname().nodename),
    }

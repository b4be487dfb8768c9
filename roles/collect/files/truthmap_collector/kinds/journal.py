"""Kind `journal`: the newest entries that match, as JSON lines, newest last."""

import glob
import os
import re
import shlex
from typing import Any, Dict, List, Optional, Sequence

from truthmap_collector.kinds import command
from truthmap_collector.observation import ABSENT, COLLECTED, DENIED, Verdict
from truthmap_collector.turn import Turn

__all__ = ["DEFAULT_FIELDS", "by_hand", "closed", "look"]

DEFAULT_FIELDS = ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "_PID", "_SYSTEMD_UNIT", "UNIT"]

_SYSTEM_JOURNALS = ("/var/log/journal/*/system.journal", "/run/log/journal/*/system.journal")

_HINTS = (
    # journalctl exits 0 or 1 here, with few lines or none: silence that means nothing.
    (DENIED, re.compile(r"not seeing messages from other users|insufficient permissions")),
    (ABSENT, re.compile(r"No journal files were found")),
)


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Run journalctl; that it may not read, or has nothing to read, is the outcome."""
    refused = closed()
    if refused is not None:
        return Verdict(DENIED, refused)
    verdict = command.look({"argv": _argv(args)}, turn)
    if verdict.outcome != COLLECTED:
        return verdict
    hint = _hint(turn.stderr.stream().data.decode("utf-8", "replace"))
    if hint is None:
        return verdict
    return hint._replace(exit_code=verdict.exit_code, signal=verdict.signal)


def closed(patterns: Sequence[str] = _SYSTEM_JOURNALS) -> Optional[str]:
    """Say why the system's journal cannot be read; None if some of it can, or there is none.

    With JSON output journalctl keeps its hint about missing rights to itself, prints nothing and
    exits 0: that is no evidence of an empty journal.
    """
    found = sorted(path for pattern in patterns for path in glob.glob(pattern))
    if not found or any(os.access(path, os.R_OK) for path in found):
        return None
    return "{}: Permission denied".format(found[0])


def by_hand(args: Dict[str, Any]) -> str:
    """Return the journalctl command line."""
    return " ".join(shlex.quote(word) for word in _argv(args))


def _argv(args: Dict[str, Any]) -> List[str]:
    argv = ["journalctl", "--no-pager", "--output=json"]
    argv.append("--output-fields=" + ",".join(args.get("fields") or DEFAULT_FIELDS))
    argv.append("--lines={}".format(int(args["lines"])))
    if args.get("since_s"):
        argv.append("--since=-{}s".format(int(args["since_s"])))
    return argv + list(args["matches"])


def _hint(stderr: str) -> Optional[Verdict]:
    for line in stderr.splitlines():
        for outcome, pattern in _HINTS:
            if pattern.search(line):
                return Verdict(outcome, "journalctl: " + line.strip())
    return None

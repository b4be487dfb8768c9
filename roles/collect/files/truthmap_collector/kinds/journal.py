"""Kind `journal`: the newest entries that match, as JSON lines, newest last."""

import re
import shlex
from typing import Any, Dict, List, Optional

from truthmap_collector.kinds import command
from truthmap_collector.observation import ABSENT, COLLECTED, DENIED, Verdict
from truthmap_collector.turn import Turn

__all__ = ["DEFAULT_FIELDS", "by_hand", "look"]

DEFAULT_FIELDS = ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "_PID", "_SYSTEMD_UNIT", "UNIT"]

_HINTS = (
    # journalctl exits 0 or 1 here, with few lines or none: silence that means nothing.
    (DENIED, re.compile(r"not seeing messages from other users|insufficient permissions")),
    (ABSENT, re.compile(r"No journal files were found")),
)


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Run journalctl; its hints that it may not read, or has nothing to read, are the outcome."""
    verdict = command.look({"argv": _argv(args)}, turn)
    if verdict.outcome != COLLECTED:
        return verdict
    hint = _hint(turn.stderr.stream().data.decode("utf-8", "replace"))
    if hint is None:
        return verdict
    return hint._replace(exit_code=verdict.exit_code, signal=verdict.signal)


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

"""What a kind gets for one turn: where its output goes, and when it has to stop."""

import json
import time
from typing import Any, Dict, NamedTuple

from truthmap_collector.fingerprints import Fingerprints
from truthmap_collector.observation import TIMEOUT, Tail, Verdict
from truthmap_collector.process import ProcessGroups

__all__ = ["Turn"]


class Turn(NamedTuple):
    """One turn of a probe.

    `deadline` is monotonic seconds, `late` the reason to give when it has passed, `limit` the bytes
    kept of each stream. `text_only` says that the output will be masked, so bytes have to be text.
    `fingerprints` are those of the run, for values that must not leave the host.
    `secret` is what the operator gave for this kind: it must not get into anything a turn writes.
    """

    stdout: Tail
    stderr: Tail
    deadline: float
    late: str
    limit: int
    text_only: bool
    groups: ProcessGroups
    fingerprints: Fingerprints
    secret: Any = None

    def write(self, row: Dict[str, Any]) -> None:
        """Write one JSON line to stdout."""
        line = json.dumps(row, separators=(",", ":"), ensure_ascii=False)
        self.stdout.add(line.encode("utf-8", "backslashreplace") + b"\n")

    def note(self, text: str) -> None:
        """Write one line to stderr: what a reader of stdout has to know."""
        self.stderr.add(text.encode("utf-8", "backslashreplace") + b"\n")

    def over(self) -> bool:
        """Say whether the time is up."""
        return time.monotonic() >= self.deadline

    def timed_out(self) -> Verdict:
        """Return the verdict of a turn that had to stop."""
        return Verdict(TIMEOUT, self.late)

"""The entry of the shipped program: run, write the answer, leave."""

import os
import signal
import sys
from types import FrameType
from typing import Any, Callable, Dict, Optional

from truthmap_collector.answer import framed
from truthmap_collector.limits import Limits
from truthmap_collector.process import ProcessGroups
from truthmap_collector.runner import collect

__all__ = ["main"]

_LAST_RESORT_S = 15  # beyond the host's budget: for masking, compressing, and what hangs
_SENDING_S = 120


def main(request: Dict[str, Any]) -> int:
    """Collect, write the framed answer to stdout, and leave the process with exit code 0.

    Does not return: a thread that hangs in the kernel must not hold the exit up. Raises ValueError
    for a request that is not valid.
    """
    groups = ProcessGroups()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leaving(groups))
    budget = Limits.of(request.get("limits") or {}).host_timeout_s
    signal.alarm(int(budget) + _LAST_RESORT_S)
    os.nice(19)
    text = framed(collect(request, groups))
    signal.alarm(_SENDING_S)
    sys.stdout.flush()
    _write(sys.stdout.fileno(), text)
    os._exit(0)


def _leaving(groups: ProcessGroups) -> Callable[[int, Optional[FrameType]], None]:
    def leave(number: int, frame: Optional[FrameType]) -> None:
        groups.kill_all()
        os._exit(128 + number)

    return leave


def _write(descriptor: int, text: bytes) -> None:
    view = memoryview(text)
    while view:
        view = view[os.write(descriptor, view) :]

"""Kind `file`: the content of one regular file."""

import shlex
from typing import Any, Dict

from truthmap_collector import host, reading
from truthmap_collector.observation import COLLECTED, ERROR, Verdict, from_os_error
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Read `path`; of a file beyond the limit, its end."""
    path = args["path"]
    try:
        whole = reading.into(turn.stdout, host.to_os(path), turn.limit, turn.deadline)
    except reading.NotRegularError as error:
        return Verdict(ERROR, str(error))
    except OSError as error:
        return from_os_error(error, path)
    return Verdict(COLLECTED) if whole else turn.timed_out()


def by_hand(args: Dict[str, Any]) -> str:
    """Return `cat PATH`."""
    return "cat " + shlex.quote(args["path"])

"""Kind `tree`: the files below some folders, and of model files hash, format and end.

What does the work is imported only where there is a folder to look at.
"""

import shlex
from typing import Any, Dict

from truthmap_collector.observation import ABSENT, Verdict
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """List what is below `paths`, which may be none."""
    if not args["paths"]:
        return Verdict(ABSENT, "no folder is named")
    from truthmap_collector.trees import look as listed  # noqa: PLC0415 - see above

    return listed(args, turn)


def by_hand(args: Dict[str, Any]) -> str:
    """Return `ls -la PATHS -R`."""
    return " ".join(["ls", "-la", *(shlex.quote(path) for path in args["paths"]), "-R"])

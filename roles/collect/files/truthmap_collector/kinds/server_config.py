"""Kind `server_config`: the configuration of a web server or proxy, without what may be secret.

What does the work is imported only where there is such a configuration: elsewhere it would cost
every host the time to compile it.
"""

from typing import Any, Dict

from truthmap_collector.globbing import expand
from truthmap_collector.kinds import files
from truthmap_collector.observation import ABSENT, DENIED, Verdict
from truthmap_collector.turn import Turn

__all__ = ["by_hand", "look"]


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Write one row a file: those of `roots`, what they include, and what `globs` match."""
    denied = set()
    for pattern in args["roots"] + args.get("globs", []):
        found = expand(pattern)
        denied.update(found.denied)
        if found.paths:
            from truthmap_collector.web.files import look as read  # noqa: PLC0415 - see above

            return read(args, turn)
    if denied:
        return Verdict(DENIED, "may not be searched: " + ", ".join(sorted(denied)))
    return Verdict(ABSENT, "no file matches " + " ".join(args["roots"] + args.get("globs", [])))


def by_hand(args: Dict[str, Any]) -> str:
    """Return `cat FILE...`, the patterns left for the shell to expand."""
    return files.by_hand({"globs": args["roots"] + args.get("globs", [])})

"""Kind `redis`: the survey of one Redis or Valkey server on this host, over RESP2.

What does the work is imported only where there is such a server: elsewhere it would cost every
host the time to compile it.
"""

import shlex
from typing import Any, Dict

from truthmap_collector.observation import Verdict
from truthmap_collector.turn import Turn

__all__ = ["WORDS", "by_hand", "look"]

WORDS = ("acl", "slowlog", "whoami", "xinfo", "xlen", "xpending", "xrange", "xrevrange")
"""Commands as Redis's errors name them: what is missing is told by its name."""


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Survey the server at `endpoint`: rows of `ask` and `reply`, `error` or `skipped`."""
    from truthmap_collector.redis.server import look as survey  # noqa: PLC0415 - see above

    return survey(args, turn)


def by_hand(args: Dict[str, Any]) -> str:
    """Return the redis-cli that shows the survey's first reply; it asks for no password."""
    endpoint = args["endpoint"]
    if endpoint.startswith("/"):
        return "redis-cli -s {} INFO".format(shlex.quote(endpoint))
    name, colon, port = endpoint.rpartition(":")
    if not colon:
        return "redis-cli -h {} INFO".format(shlex.quote(endpoint))
    return "redis-cli -h {} -p {} INFO".format(shlex.quote(name.strip("[]")), shlex.quote(port))

"""Finding a database's streams by SCAN, in steps that stay short."""

import time
from typing import Any, Dict, List, Optional, Sequence, Union

from truthmap_collector.redis.conversation import Ask, Conversation
from truthmap_collector.redis.transport import Command, ErrorReply, Reply, text

__all__ = ["Scan", "scan"]

_TYPES_AT_ONCE = 50
_SILENT = "the server stopped answering"
_SYNTAX = "ERR syntax error"


class Scan:
    """A scan of one database under way."""

    def __init__(self, talk: Conversation, by_type: bool, until: float, most: int) -> None:
        """Begin at the first cursor. `by_type` says that SCAN knows TYPE (Redis 6 and later)."""
        self.keys: Dict[bytes, None] = {}
        self.error: Optional[ErrorReply] = None
        self.reason: Optional[str] = _SILENT
        self.calls = 0
        self.slowest = 0.0
        self.largest = 0
        self.by_type = by_type
        self._talk = talk
        self._until = until
        self._most = most

    def run(self) -> None:
        """Scan to the end, or until `reason` or `error` says why not.

        Raises BrokenError and StoppedError.
        """
        cursor = b"0"
        while True:
            reply = self._step(cursor)
            if isinstance(reply, ErrorReply):
                if reply.startswith(_SYNTAX) and self.by_type and not self.calls:
                    self.by_type = False
                    continue
                self.error = reply
                self._talk.check(reply)
                return
            if not (isinstance(reply, list) and len(reply) == 2 and isinstance(reply[1], list)):
                self.reason = "SCAN's reply has not the shape it should have"
                return
            cursor, found = reply
            self._keep(found)
            at_end = cursor == b"0"
            self.reason = self._shortage(at_end)
            if at_end or self.reason:
                return
            self.reason = _SILENT

    def command(self, cursor: bytes) -> Command:
        """Return the next SCAN."""
        words: List[Union[str, bytes]] = ["SCAN", cursor]
        if self.by_type:
            words += ["TYPE", "stream"]
        return words + ["COUNT", str(self._talk.pace.count)]

    def _step(self, cursor: bytes) -> Reply:
        self.largest = max(self.largest, self._talk.pace.count)
        (reply,) = self._talk.raw([self.command(cursor)])
        if not isinstance(reply, ErrorReply):
            self.calls += 1
            self.slowest = max(self.slowest, self._talk.took)
            self._talk.pace.scanned(self._talk.took)
        return reply

    def _keep(self, found: List[Reply]) -> None:
        keys = [key for key in found if isinstance(key, bytes)]
        if not self.by_type:
            keys = self._streams_among(keys)
        self.keys.update(dict.fromkeys(keys))

    def _streams_among(self, keys: Sequence[bytes]) -> List[bytes]:
        streams = []
        for start in range(0, len(keys), _TYPES_AT_ONCE):
            asked = keys[start : start + _TYPES_AT_ONCE]
            kinds = self._talk.raw([["TYPE", key] for key in asked])
            streams += [key for key, kind in zip(asked, kinds) if kind == b"stream"]
            refused = [kind for kind in kinds if isinstance(kind, ErrorReply)]
            if refused:
                self.error = refused[0]
        return streams

    def _shortage(self, at_end: bool) -> Optional[str]:
        if len(self.keys) > self._most:
            return "more than {} streams, limit".format(self._most)
        return None if at_end else self._talk.short_of(self._until)


def scan(talk: Conversation, db: int, by_type: bool, until: float, most: int) -> List[bytes]:
    """Find the streams of the selected database and write SCAN's one row; return their keys.

    Keys are sorted, at most `most`. The row is written also if the server stopped answering.
    Raises BrokenError, StoppedError.
    """
    at, begun = time.time(), time.monotonic()
    under_way = Scan(talk, by_type, until, most)
    try:
        under_way.run()
    finally:
        took = time.monotonic() - begun
        _write(talk, under_way, {"db": db, "at": round(at, 6), "ms": round(took * 1000, 3)})
    return sorted(under_way.keys)[:most]


def _write(talk: Conversation, done: Scan, common: Dict[str, Any]) -> None:
    command = list(done.command(b"0"))
    command[-1] = str(done.largest)
    if done.error is not None:
        content: Dict[str, Any] = {"error": str(done.error)}
    else:
        content = {
            "reply": {
                "streams": [text(key) for key in sorted(done.keys)],
                "calls": done.calls,
                "slowest_ms": round(done.slowest * 1000, 3),
                "complete": done.reason is None,
                "reason": done.reason,
            }
        }
    talk.write(Ask(command, lambda reply: {}, common), content)

"""Asking a server and writing down what it answers: a row for each reply, paced, within bounds."""

import json
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from truthmap_collector.observation import Verdict
from truthmap_collector.redis import refusals
from truthmap_collector.redis.pace import Pace
from truthmap_collector.redis.replies import ShapeError
from truthmap_collector.redis.transport import Command, ErrorReply, Reply, Transport, text
from truthmap_collector.turn import Turn

__all__ = ["Ask", "Conversation", "StoppedError", "plain"]

_RESERVE_BYTES = 262144  # of the output, for what is skipped and how the server is at the end
_ERROR_CHARACTERS = 1000
_AT_THE_END = ("CLIENT", "INFO")

Row = Dict[str, Any]


class StoppedError(Exception):
    """The survey cannot go on; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        """Take the verdict."""
        super().__init__(verdict.reason)
        self.verdict = verdict


def plain(shape: Callable[[Reply], Any]) -> Callable[[Reply], Row]:
    """Return what makes a row's `reply` of a reply."""
    return lambda reply: {"reply": shape(reply)}


class Ask(NamedTuple):
    """A command, what makes a row's content of its reply, and what else its row says."""

    command: Command
    shape: Callable[[Reply], Row]
    more: Row


class Conversation:
    """One survey's talk with a server. `last` is the command asked last.

    `took` is how long the last pipeline took, in seconds.
    """

    def __init__(self, transport: Transport, turn: Turn, duty: float) -> None:
        """Begin at the first command."""
        self.pace = Pace(duty)
        self.last = ""
        self.took = 0.0
        self._transport = transport
        self._turn = turn
        self._began = time.monotonic()
        self._reserve = min(_RESERVE_BYTES, turn.limit // 4)

    def until(self, share: float) -> float:
        """Return the moment (monotonic seconds) at which that share of the time is used."""
        return self._began + (self._turn.deadline - self._began) * share

    def short_of(self, until: float) -> Optional[str]:
        """Say what there is no more of at a moment: time until `until`, or room; None if both."""
        if time.monotonic() >= until:
            return "no time was left for it: the limit of this probe"
        if self._turn.stdout.size > self._turn.limit - self._reserve:
            return "no room was left for it: {} bytes, the limit of this probe".format(
                self._turn.limit
            )
        return None

    def raw(self, commands: Sequence[Command]) -> List[Reply]:
        """Ask without writing, rested. Raises BrokenError, StoppedError."""
        self.last = text(commands[0][0])
        self.pace.rest(self._turn.deadline)
        begun = time.monotonic()
        replies = self._transport.ask(commands)
        ended = time.monotonic()
        self.took = ended - begun
        self.pace.worked(begun, ended)
        return replies

    def ask(self, asks: Sequence[Ask]) -> List[Reply]:
        """Ask a few commands at once and write their rows; return the raw replies.

        `ms` of a row is the pipeline's time divided by its commands. Raises BrokenError and
        StoppedError.
        """
        if not asks:
            return []
        at = time.time()
        replies = self.raw([ask.command for ask in asks])
        timed = {"at": round(at, 6), "ms": round(self.took * 1000 / len(asks), 3)}
        for ask, reply in zip(asks, replies):
            self.write(ask, dict(timed, **_content(ask, reply)))
        for reply in replies:
            self.check(reply)
        return replies

    def say(self, command: Command, shape: Callable[[Reply], Any], **more: Any) -> Any:
        """Ask one command and write its row; return the content, or None if there is none."""
        at = time.time()
        ask = Ask(command, plain(shape), more)
        (reply,) = self.raw([command])
        content = _content(ask, reply)
        self.write(ask, dict({"at": round(at, 6), "ms": round(self.took * 1000, 3)}, **content))
        self.check(reply)
        return content.get("reply")

    def skip(self, asks: Sequence[Ask], reason: str) -> None:
        """Write down that commands were not asked, and why."""
        for ask in asks:
            self.write(ask, {"skipped": reason})

    def check(self, reply: Reply) -> None:
        """Raise StoppedError for an error that concerns the whole server."""
        if isinstance(reply, ErrorReply) and refusals.is_final(reply):
            raise StoppedError(refusals.final(reply))

    def write(self, ask: Ask, content: Row) -> None:
        """Write one row, unless the output is full: room is kept for the last ones."""
        row = dict({"ask": [text(word) for word in ask.command]}, **ask.more)
        row.update(content)
        room = self._turn.limit - self._turn.stdout.size
        if ask.command[0] not in _AT_THE_END:
            room -= self._reserve // 2
        if _length(row) > room:
            for name in ("reply", "fields", "values"):
                row.pop(name, None)
            row["skipped"] = "its reply had no room in {} bytes".format(self._turn.limit)
        if _length(row) <= room:
            self._turn.write(row)


def _content(ask: Ask, reply: Reply) -> Row:
    if isinstance(reply, ErrorReply):
        return {"error": str(reply)[:_ERROR_CHARACTERS]}
    try:
        return ask.shape(reply)
    except (ShapeError, ValueError) as error:
        return {"skipped": "its reply has not the shape it should have: {}".format(error)}


def _length(row: Row) -> int:
    return len(json.dumps(row)) + 1

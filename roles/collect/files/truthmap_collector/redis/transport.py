"""What a way of asking a server has to do, and how a conversation can end early."""

from typing import Any, List, Sequence, Union

__all__ = ["BrokenError", "Command", "Cut", "ErrorReply", "Reply", "Transport", "text", "weight"]

Command = Sequence[Union[str, bytes]]
Reply = Any  # int, bytes, None, ErrorReply, or a list of replies


class ErrorReply(str):
    """An error the server gave as reply: `NOPERM this user has no permissions ...`."""

    @property
    def code(self) -> str:
        """The error's first word."""
        return self.partition(" ")[0]


class Cut(bytes):
    """The beginning of a string too long to be kept; `size` is its whole length in bytes."""

    size = 0

    @classmethod
    def of(cls, kept: bytes, size: int) -> "Cut":
        """Return the kept beginning of a string of `size` bytes."""
        made = cls(kept)
        made.size = size
        return made


class BrokenError(Exception):
    """The conversation is over. `outcome` is one of a verdict's, the text a clause that says why.

    The text is empty where only the turn's own time was up.
    """

    def __init__(self, outcome: str, reason: str) -> None:
        """Take what the record shall say."""
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


class Transport:
    """One connection to one server."""

    def ask(self, commands: Sequence[Command]) -> List[Reply]:
        """Send commands as one pipeline; return the replies in their order.

        An error reply is a value. Raises BrokenError when no further reply is to be had.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Leave; never raises."""
        raise NotImplementedError


def text(value: Union[str, bytes]) -> str:
    """Return text for bytes of the server; what is no UTF-8 appears as `\\xNN`."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value


def weight(reply: Reply) -> int:
    """Return the bytes of all strings in a reply, also of what was cut off."""
    if isinstance(reply, list):
        return sum(weight(element) for element in reply)
    if isinstance(reply, Cut):
        return reply.size
    return len(reply) if isinstance(reply, bytes) else 0

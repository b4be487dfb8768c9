"""RESP2 over TCP and unix sockets: bounded in time, in memory and in depth, whatever is sent.

Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

import re
import socket
import time
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

from truthmap_collector import host
from truthmap_collector.observation import ERROR, TIMEOUT
from truthmap_collector.redis.transport import (
    BrokenError,
    Command,
    Cut,
    ErrorReply,
    Reply,
    Transport,
)

__all__ = ["Client", "Reader", "address", "connect", "packed"]

_CHUNK = 65536
_LINE_BYTES = 65536  # of a line: a length, a number, a status, an error
_DEPTH = 8
_ELEMENT_BYTES = 128  # what a small Python object takes beside its content

KEPT_STRING_BYTES = 65536
"""Of a string inside a list (an entry's value); INFO and CLIENT LIST are strings by themselves."""
KEPT_REPLY_BYTES = 16 * 1024 * 1024
"""Of one reply; more is refused."""
WIRE_REPLY_BYTES = 256 * 1024 * 1024
"""Read of one reply, kept or not; more is refused."""

_NO_REDIS = "what it answers is not Redis's protocol"
_TLS = "it may speak TLS only: name it in probe_redis_endpoints with tls: true"

_NUMBER = re.compile(rb"-?[0-9]{1,19}\Z")
_PORT = re.compile(r"[0-9]{1,5}\Z")

_OTHERS = ("HTTP/", "SSH-", "220 ", "RFB ", "AMQP")

Receive = Callable[[], bytes]
Address = Union[bytes, Tuple[str, int]]


def packed(commands: Sequence[Command]) -> bytes:
    """Return commands as they are sent: each an array of strings."""
    parts: List[bytes] = []
    for command in commands:
        parts.append(b"*%d\r\n" % len(command))
        for word in command:
            raw = host.to_os(word) if isinstance(word, str) else word
            parts.append(b"$%d\r\n%s\r\n" % (len(raw), raw))
    return b"".join(parts)


def address(endpoint: str) -> Address:
    """Return a socket's path as bytes, or host and port of `host:port` and `[v6]:port`.

    Raises ValueError for anything else.
    """
    if endpoint.startswith("/"):
        return host.to_os(endpoint)
    name, _, port = endpoint.rpartition(":")
    name = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if not name or not _PORT.match(port):
        raise ValueError("{!r} is neither a path nor host:port".format(endpoint))
    return name, int(port)


def connect(where: Address, timeout_s: float) -> socket.socket:
    """Return a connected socket. Raises OSError; socket.timeout when there was no answer."""
    if isinstance(where, tuple):
        return socket.create_connection(where, timeout=timeout_s)
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(timeout_s)
        link.connect(where)
    except BaseException:
        link.close()
        raise
    return link


class Client(Transport):
    """A conversation over a connected socket, until `deadline` (monotonic seconds).

    A server that is silent for `patience_s` seconds is given up before that.
    """

    def __init__(self, link: socket.socket, deadline: float, patience_s: float) -> None:
        """Take over the socket."""
        self._link = link
        self._deadline = deadline
        self._patience_s = patience_s
        self._until = deadline
        self._reader = Reader(self._receive)
        self._answered = False

    def ask(self, commands: Sequence[Command]) -> List[Reply]:
        """Send commands and read their replies. Raises BrokenError."""
        self._until = min(time.monotonic() + self._patience_s, self._deadline)
        try:
            self._link.settimeout(self._left())
            self._link.sendall(packed(commands))
        except socket.timeout:
            raise self._silent()
        except OSError as error:
            raise self._lost(error)
        replies = []
        for _ in commands:
            replies.append(self._reader.reply())
            self._answered = True
        return replies

    def close(self) -> None:
        """Close the socket."""
        self._link.close()

    def _receive(self) -> bytes:
        try:
            self._link.settimeout(self._left())
            chunk = self._link.recv(_CHUNK)
        except socket.timeout:
            raise self._silent()
        except OSError as error:
            raise self._lost(error)
        if not chunk:
            raise self._lost(None)
        return chunk

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._silent()
        return left

    def _silent(self) -> BrokenError:
        if time.monotonic() >= self._deadline:
            return BrokenError(TIMEOUT, "")
        said = "it stopped answering" if self._answered else "it does not answer"
        return BrokenError(TIMEOUT, "{}: no reply within {:g} s".format(said, self._patience_s))

    def _lost(self, error: Optional[OSError]) -> BrokenError:
        said = "the connection was lost"
        if error is not None:
            said += ": {}".format(error.strerror or error)
        if not self._answered:
            said += " before any answer; " + _TLS
        return BrokenError(ERROR, said)


class Reader:
    """Takes replies out of a flow of bytes; `receive` gives the next ones or raises BrokenError."""

    def __init__(self, receive: Receive) -> None:
        """Begin with nothing received."""
        self._receive = receive
        self._buffer = b""
        self._at = 0
        self._room = 0
        self._wire = 0

    def reply(self) -> Reply:
        """Return the next reply. Raises BrokenError for what is no reply, or too large a one."""
        self._room, self._wire = KEPT_REPLY_BYTES, WIRE_REPLY_BYTES
        return self._value(0)

    def _value(self, depth: int) -> Reply:
        line = self._line()
        sign, rest = line[:1], line[1:]
        if sign == b"+":
            return rest
        if sign == b"-":
            return ErrorReply(rest.decode("utf-8", "backslashreplace"))
        if sign not in (b":", b"$", b"*"):
            raise _nonsense(line)
        number = _number(rest, line)
        if sign == b":":
            return number
        if number < 0:
            return None
        if sign == b"$":
            return self._string(number, KEPT_STRING_BYTES if depth else KEPT_REPLY_BYTES)
        if depth >= _DEPTH:
            raise BrokenError(ERROR, "a reply is nested more than {} deep".format(_DEPTH))
        # A list grows with what really comes, not with what its head promises.
        elements: List[Any] = []
        for _ in range(number):
            self._take(_ELEMENT_BYTES)
            elements.append(self._value(depth + 1))
        return elements

    def _string(self, size: int, most: int) -> bytes:
        if size > WIRE_REPLY_BYTES:
            raise _too_large("announces a string of {} bytes".format(size))
        kept = self._bytes(min(size, most))
        self._take(len(kept))
        self._drop(size - len(kept))
        if self._bytes(2) != b"\r\n":
            raise BrokenError(ERROR, _NO_REDIS + ": a string does not end where it should")
        return kept if len(kept) == size else Cut.of(kept, size)

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise _too_large("holds more than {} bytes".format(KEPT_REPLY_BYTES))

    def _line(self) -> bytes:
        searched = 0  # of what is held, in bytes: no need to look there again
        while True:
            end = self._buffer.find(b"\r\n", self._at + searched)
            if end >= 0:
                line = self._buffer[self._at : end]
                self._at = end + 2
                self._take(len(line))
                return line
            held = len(self._buffer) - self._at
            if held > _LINE_BYTES:
                raise _nonsense(self._buffer[self._at :])
            if held and self._buffer[self._at : self._at + 1] not in b"+-:$*":
                raise _nonsense(self._buffer[self._at :])
            searched = max(0, held - 1)
            self._more()

    def _bytes(self, size: int) -> bytes:
        parts = []
        missing = size
        while missing:
            part = self._buffer[self._at : self._at + missing]
            parts.append(part)
            self._at += len(part)
            missing -= len(part)
            if missing:
                self._more()
        return b"".join(parts)

    def _drop(self, size: int) -> None:
        while size:
            step = min(size, len(self._buffer) - self._at)
            self._at += step
            size -= step
            if size:
                self._more()

    def _more(self) -> None:
        chunk = self._receive()
        self._wire -= len(chunk)
        if self._wire < 0:
            raise _too_large("is longer than {} bytes".format(WIRE_REPLY_BYTES))
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0


def _number(rest: bytes, line: bytes) -> int:
    if not _NUMBER.match(rest):
        raise _nonsense(line)
    return int(rest)


def _nonsense(line: bytes) -> BrokenError:
    """Return the error for what is no reply; nothing of it is shown, it may repeat a password."""
    if line[:1] in (b"\x15", b"\x16"):  # a TLS record: an alert, a handshake
        return BrokenError(ERROR, "{}; {}".format(_NO_REDIS, _TLS))
    known = [name for name in _OTHERS if line.startswith(name.encode("ascii"))]
    but = " but begins with " + known[0] if known else ""
    return BrokenError(ERROR, _NO_REDIS + but)


def _too_large(what: str) -> BrokenError:
    return BrokenError(ERROR, "a reply {}, which is refused".format(what))

"""The shop's Redis, spoken to with nothing but a socket: RESP2, one connection a thread."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

Entry = dict[str, str]

RETRY_S = 0.2


class Bus:
    """One connection."""

    def __init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", 6379))
        self._file = self._socket.makefile("rb")

    def call(self, *words: object) -> Any:
        """Send one command and return its reply."""
        parts = [str(word).encode() for word in words]
        head = b"*%d\r\n" % len(parts)
        self._socket.sendall(head + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
        return self._reply()

    def add(self, stream: str, source: str, job: object) -> None:
        """Add an event; the stream keeps about two hundred."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = ("source", source, "timestamp", now, "job", job)
        self.call("XADD", stream, "MAXLEN", "~", 200, "*", *entry)

    def take(self, stream: str, group: str, consumer: str) -> Iterator[tuple[str, Entry]]:
        """Wait up to five seconds for events nobody of the group has had."""
        words = ("XREADGROUP", "GROUP", group, consumer, "COUNT", 20, "BLOCK", 5000)
        for _, entries in self.call(*words, "STREAMS", stream, ">") or ():
            for number, fields in entries:
                yield number, dict(zip(fields[::2], fields[1::2], strict=True))

    def done(self, stream: str, group: str, number: str) -> None:
        """Say that an event needs no more work."""
        self.call("XACK", stream, group, number)

    def _reply(self) -> Any:
        line = self._file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"-" or not line:
            raise ConnectionError(rest.decode() or "the server has gone")
        if kind == b"*":
            return None if rest == b"-1" else [self._reply() for _ in range(int(rest))]
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2].decode()
        return int(rest) if kind == b":" else rest.decode()


def for_ever(work: Callable[[Bus], None]) -> None:
    """Work on a connection, and on a new one whenever it is lost."""
    while True:
        try:
            work(Bus())
        except OSError as error:
            print(f"bus: {error}", flush=True)
            time.sleep(RETRY_S)

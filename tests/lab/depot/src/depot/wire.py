"""The bus, spoken to with nothing but a socket: RESP2, one connection a process."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

Entry = tuple[str, dict[str, str]]


class Wire:
    """One connection to the server of BUS_URL, redis://:PASSWORD@HOST:PORT/DATABASE."""

    def __init__(self, url: str | None = None) -> None:
        place = urlsplit(url or os.environ.get("BUS_URL", "redis://:<secret:default>@127.0.0.1/2"))
        self._socket = socket.create_connection((place.hostname, place.port or 6379))
        self._file = self._socket.makefile("rb")
        if place.password:
            self.call("AUTH", unquote(place.password))
        self.call("SELECT", place.path.strip("/") or "0")

    def call(self, *words: object) -> Any:
        """Send one command and return its reply."""
        parts = [str(word).encode() for word in words]
        head = b"*%d\r\n" % len(parts)
        self._socket.sendall(head + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts))
        return self._reply()

    def append(self, stream: str, entry: Mapping[str, object]) -> str:
        """Add an entry; the stream keeps about a thousand."""
        words = [word for pair in entry.items() for word in pair]
        return str(self.call("XADD", stream, "MAXLEN", "~", 1000, "*", *words))

    def take(self, group: str, consumer: str, *streams: str) -> Iterator[tuple[str, Entry]]:
        """Wait up to five seconds for entries nobody of the group has had."""
        words = ["XREADGROUP", "GROUP", group, consumer, "COUNT", 20, "BLOCK", 5000, "STREAMS"]
        yield from _entries(self.call(*words, *streams, *[">"] * len(streams)))

    def done(self, stream: str, group: str, entry: str) -> None:
        """Say that an entry needs no more work."""
        self.call("XACK", stream, group, entry)

    def follow(self, stream: str, after: str = "$") -> Iterator[tuple[str, Entry]]:
        """Wait up to five seconds for what comes after an entry."""
        yield from _entries(self.call("XREAD", "BLOCK", 5000, "STREAMS", stream, after))

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


def _entries(reply: Any) -> Iterator[tuple[str, Entry]]:
    for stream, entries in reply or ():
        for number, words in entries:
            yield stream, (number, dict(zip(words[::2], words[1::2], strict=True)))

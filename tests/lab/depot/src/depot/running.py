"""What all services of the depot have in common."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from .wire import Wire

PLACES = ("north", "south", "harbour")


def say(line: str) -> None:
    """Say something to the journal."""
    print(line, flush=True)


def events(origin: str, pause: float) -> Iterator[dict[str, object]]:
    """Yield an event each `pause` seconds, for ever."""
    for number in itertools.count(1):
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        yield {"origin": origin, "sent_at": moment, "parcel": number, "place": PLACES[number % 3]}
        time.sleep(pause)


def consume(
    group: str, consumer: str, *streams: str, work: Callable[..., None] | None = None
) -> None:
    """Read as a consumer of a group for ever, and acknowledge what was worked on."""
    wire = Wire()
    while True:
        for stream, (number, entry) in wire.take(group, consumer, *streams):
            if work:
                work(entry)
            wire.done(stream, group, number)


def serve(address: str, port: int) -> None:
    """Answer every connection with one line."""
    with socket.create_server((address, port)) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nup\n")


def beside(target: Callable[..., None], *arguments: object) -> None:
    """Do something in a thread of its own."""
    threading.Thread(target=target, args=arguments, daemon=True).start()

"""Which sink a URL names, and publishing to several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

from reporter.errors import InputError
from reporter.publish.folder import Folder
from reporter.publish.http import HttpPut
from reporter.publish.redis_stream import RedisStream
from reporter.publish.sinks import Delivery, Place, Sink, SinkError, place_of
from reporter.publish.store import Store

__all__ = ["Published", "publish", "sinks_of"]

_SINKS: dict[str, Callable[[Place], Sink]] = {
    "http": HttpPut,
    "https": HttpPut,
    "redis": RedisStream,
    "rediss": RedisStream,
}

Published = tuple[str, str, bool]
"""The sink's name, what was delivered or why not, and whether all was."""


def sinks_of(urls: Sequence[str]) -> list[Sink]:
    """Return the sinks of the URLs; raises `InputError` for one that cannot be used."""
    return [_sink(url) for url in urls]


def publish(sinks: Sequence[Sink], delivery: Delivery) -> Iterator[Published]:
    """Deliver to each sink, and yield what came of it: one that fails stops no other."""
    for sink in sinks:
        try:
            yield sink.name, sink.send(delivery), True
        except SinkError as error:
            yield sink.name, str(error), False


def _sink(url: str) -> Sink:
    if "://" not in url:
        return Folder(Path(url))
    place = place_of(url)
    if place.scheme == "file":
        if place.parts.netloc not in ("", "localhost"):
            raise InputError(f"--publish {place.shown}: a file: URL has no host: file:///path")
        return Folder(Path(unquote(place.parts.path)))
    return _SINKS.get(place.scheme, Store)(place)

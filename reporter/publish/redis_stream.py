"""A Redis stream as a sink: `redis://host:port/db?stream=NAME`, `rediss://` with TLS.

Findings go there as events (see `events`), the files of the report do not. Entries are added in
transactions, so of each batch all are there or none; a batch whose answer was lost is sent again,
and may then be there twice, which its events' own `event` tells. The stream is kept to about
`maxlen` entries (default 10,000), and never to fewer than the report has.

The user stands in the URL, the password in `TRUTHMAP_PUBLISH_SECRET_<HOST>`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote

from reporter.errors import InputError
from reporter.publish.events import events
from reporter.publish.retry import ATTEMPTS, PassingError, persistently
from reporter.publish.sinks import Delivery, Place, SinkError, require, secret_of

__all__ = ["RedisStream"]

_MAXLEN = 10_000
_BATCH = 500
_TIMEOUT_S = 10.0
_PORT = 6379
_KEYS = frozenset({"stream", "maxlen"})


class RedisStream:
    """Adds an entry to a stream for each finding that is not ok, and one for the whole."""

    def __init__(self, place: Place) -> None:
        """Take the URL; raises `InputError` where it names no stream, or says what nobody knows."""
        for module in ("redis", "tenacity"):
            require(module, f"{place.scheme}://")
        options = _options(place)
        self._stream = options["stream"]
        self._maxlen = _number(place, "maxlen", options.get("maxlen", str(_MAXLEN)))
        self._place = place
        self._database = _number(place, "database", place.parts.path.strip("/") or "0")
        self._password = secret_of(place)
        self.name = f"{place.shown} (stream {self._stream})"

    def send(self, delivery: Delivery) -> str:
        """Add the events; raises `SinkError` that says how many were added."""
        import redis  # noqa: PLC0415 - serves only those who publish to it

        entries = list(events(delivery.report))
        keep = max(self._maxlen, len(entries))
        added = 0
        client = self._client(redis)
        try:
            for batch in _batches(entries):
                persistently(partial(self._add, redis, client, batch, keep))
                added += len(batch)
        except PassingError as error:
            raise SinkError(_partly(added, entries, f"{error} (tried {ATTEMPTS} times)")) from None
        except redis.RedisError as error:
            raise SinkError(_partly(added, entries, str(error))) from None
        finally:
            client.close()
        return f"events: {added}"

    def _client(self, redis: Any) -> Any:
        parts = self._place.parts
        secure = self._place.scheme == "rediss"
        return redis.Redis(
            host=parts.hostname or "localhost",
            port=parts.port or _PORT,
            db=self._database,
            username=unquote(parts.username) if parts.username else None,
            password=self._password,
            retry=redis.retry.Retry(redis.backoff.NoBackoff(), 0),  # `persistently` tries again
            ssl=secure,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            protocol=2,
        )

    def _add(self, redis: Any, client: Any, batch: Iterable[Mapping[str, str]], keep: int) -> None:
        pipeline = client.pipeline(transaction=True)
        for entry in batch:
            pipeline.xadd(self._stream, entry, maxlen=keep, approximate=True)
        try:
            pipeline.execute()
        except (redis.exceptions.AuthenticationError, redis.exceptions.AuthorizationError):
            raise
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise PassingError(str(error)) from None


def _options(place: Place) -> dict[str, str]:
    given = parse_qs(place.parts.query, keep_blank_values=True)
    unknown = sorted(given.keys() - _KEYS)
    if unknown:
        raise InputError(
            f"--publish {place.shown}: unknown option {', '.join(unknown)}; "
            f"there are {', '.join(sorted(_KEYS))}"
        )
    options = {name: values[-1] for name, values in given.items()}
    if not options.get("stream"):
        raise InputError(f"--publish {place.shown}: name the stream: {place.shown}?stream=NAME")
    return options


def _number(place: Place, what: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InputError(f"--publish {place.shown}: the {what} is no number")
    return int(value)


def _batches(entries: list[dict[str, str]]) -> Iterable[list[dict[str, str]]]:
    rest = iter(entries)
    return iter(lambda: list(itertools.islice(rest, _BATCH)), [])


def _partly(added: int, entries: list[dict[str, str]], why: str) -> str:
    return f"{len(entries) - added} of {len(entries)} events were not added: {why}"

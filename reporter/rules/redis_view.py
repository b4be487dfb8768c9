"""The Redis servers of a host as the rules see them: those found, named, or asked from afar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.facts import Each
from reporter.findings import Missing
from reporter.parsers.redis_listeners import RedisListeners, RedisServer
from reporter.parsers.redis_types import Survey

__all__ = ["ASKED", "FOUND", "Server", "servers"]

FOUND = ("redis_listeners", "redis_servers")
"""The facts a rule on every server uses..."""

ASKED = ("redis_named", "redis_remote")
"""... and those it uses where the run asked for them."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its survey, or in `missing` why there is none.

    `listening` is what it listens on, None where it is not this host's or was not seen there.
    `remote`: it was asked from the control node, and what the host shows is not about it.
    """

    endpoint: str
    survey: Survey | None
    missing: Missing | None
    listening: RedisServer | None
    remote: bool


def servers(
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> tuple[Server, ...]:
    """Return every server that was seen or asked, ordered by endpoint, each once."""
    found: dict[str, Server] = {}
    listening = () if isinstance(redis_listeners, Missing) else redis_listeners.servers
    for source in (redis_servers, redis_named, redis_remote):
        for endpoint, value in _each(source):
            here = next((one for one in listening if endpoint in one.endpoints), None)
            survey = value if isinstance(value, Survey) else None
            gap = value if isinstance(value, Missing) else None
            remote = source is redis_remote
            if endpoint not in found or (found[endpoint].survey is None and survey):
                place = None if remote else here
                found[endpoint] = Server(endpoint, survey, gap, place, remote)
    for one in listening:
        if not one.endpoints & {server.endpoint for server in found.values() if not server.remote}:
            gap = redis_servers if isinstance(redis_servers, Missing) else None
            gap = gap or _gap(redis_servers, one.endpoint)
            found.setdefault(one.endpoint, Server(one.endpoint, None, gap, one, remote=False))
    return tuple(found[endpoint] for endpoint in sorted(found))


def _each(source: Each[Survey] | Missing) -> Iterator[tuple[str, Survey | Missing]]:
    if not isinstance(source, Missing):
        for endpoint in sorted({*source.missing, *source.values}):
            yield endpoint, source.get(endpoint)


def _gap(source: Each[Survey] | Missing, endpoint: str) -> Missing | None:
    value = source if isinstance(source, Missing) else source.get(endpoint)
    return value if isinstance(value, Missing) else None

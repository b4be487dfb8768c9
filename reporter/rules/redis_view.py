"""The Redis servers of a host as the rules see them: those found, named, or asked from afar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reporter.engine import HostContext
from reporter.evidence import Record
from reporter.facts import Each
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, Value, text
from reporter.parsers.redis_listeners import RedisListeners, RedisServer
from reporter.parsers.redis_types import Survey

__all__ = [
    "ASKED",
    "FOUND",
    "SERVER",
    "Fault",
    "Server",
    "View",
    "answered",
    "product",
    "servers",
    "view_of",
]

FOUND = ("redis_listeners", "redis_servers")
"""The facts a rule on every server uses..."""

ASKED = ("redis_named", "redis_remote")
"""... and those it uses where the run asked for them."""

SERVER = text("Redis server")


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


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a server, and how bad it is."""

    severity: Severity
    message: Text


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
            remote = source is redis_remote
            here = next((one for one in listening if endpoint in one.endpoints), None)
            survey = value if isinstance(value, Survey) else None
            gap = value if isinstance(value, Missing) else None
            if endpoint not in found or (found[endpoint].survey is None and survey):
                found[endpoint] = Server(endpoint, survey, gap, None if remote else here, remote)
    seen = {server.endpoint for server in found.values() if not server.remote}
    for one in listening:
        if not one.endpoints & seen:
            gap = _gap(redis_servers, one.endpoint)
            found.setdefault(one.endpoint, Server(one.endpoint, None, gap, one, remote=False))
    return tuple(found[endpoint] for endpoint in sorted(found))


def _each(source: Each[Survey] | Missing) -> Iterator[tuple[str, Survey | Missing]]:
    if not isinstance(source, Missing):
        for endpoint in sorted({*source.missing, *source.values}):
            yield endpoint, source.get(endpoint)


def _gap(source: Each[Survey] | Missing, endpoint: str) -> Missing | None:
    value = source if isinstance(source, Missing) else source.get(endpoint)
    return value if isinstance(value, Missing) else None


@dataclass(frozen=True, slots=True)
class View:
    """The servers of one host; it writes the verdicts about them."""

    host: HostContext
    servers: tuple[Server, ...]

    def gone(self, server: Server) -> Record | None:
        """Return the record that shows that nothing listens where the operator named a server."""
        wanted = server.missing.probe if server.missing else None
        found = next((one for one in self.host.bundle.evidence if one.id == wanted), None)
        here = found is not None and found.probe == "redis_named" and found.outcome == "absent"
        return found if here else None

    def component(self, base: Text, server: Server) -> Text:
        """Return the block a server stands in: its own where there are several."""
        if len(self.servers) < 2:
            return base
        return text("{component} {server}", component=base, server=server.endpoint)

    def verdict(
        self,
        server: Server,
        status: Status,
        message: Text,
        *,
        base: Text = SERVER,
        about: str = "",
        severity: Severity | None = None,
        running: Running = "na",
        connected_to: tuple[Value, ...] = (),
        details: Iterable[Text] = (),
        citations: Iterable[Citation] = (),
        missing: Iterable[Missing] = (),
    ) -> Verdict:
        """Return what is said of a server, or of a part of it that `about` names."""
        unit = server.listening.unit if server.listening else None
        owner = self.host.profiles.owner(unit) if unit else None
        return Verdict(
            subject=f"{server.endpoint}/{about}" if about else server.endpoint,
            status=status,
            severity=severity,
            running=running,
            component=self.component(base, server),
            application=owner.name if owner else None,
            message=message,
            connected_to=connected_to,
            details=tuple(details),
            citations=tuple(citations),
            missing=tuple(missing),
        )

    def judged(
        self,
        server: Server,
        faults: Iterable[Fault],
        otherwise: Text,
        *,
        details: Iterable[Text] = (),
        citations: Iterable[Citation] = (),
    ) -> Verdict:
        """Return degraded with the worst fault said first, or ok with what is said otherwise."""
        found = sorted(faults, key=lambda fault: fault.severity)
        first, rest = (found[0], found[1:]) if found else (None, [])
        return self.verdict(
            server,
            "degraded" if first else "ok",
            text(
                "{server}: {said}",
                server=server.endpoint,
                said=first.message if first else otherwise,
            ),
            severity=first.severity if first else None,
            details=(*(fault.message for fault in rest), *details),
            citations=citations,
        )

    def unknown(
        self, server: Server, what: Text, *gaps: Missing, about: str = "", base: Text = SERVER
    ) -> Verdict:
        """Return that something about a server is not known, and why."""
        return self.verdict(
            server,
            "unknown",
            text(
                "{server}: {what} ({reason})",
                server=server.endpoint,
                what=what,
                reason=gaps[0].reason if gaps else text("no reason given"),
            ),
            base=base,
            about=about,
            running="unknown",
            missing=gaps,
        )


def view_of(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> View:
    """Return the view of the host's servers."""
    return View(host, servers(redis_listeners, redis_servers, redis_named, redis_remote))


def answered(view: View, what: Text) -> Iterator[tuple[Server, Survey | Verdict]]:
    """Yield each server with its survey, or with the verdict that `what` is not known of it.

    Of a place where nothing listens there is nothing to be known: redis_keyspace says so.
    """
    for server in view.servers:
        if view.gone(server):
            continue
        if server.survey is not None:
            yield server, server.survey
        else:
            gaps = (server.missing,) if server.missing else ()
            yield server, view.unknown(server, what, *gaps)


def product(survey: Survey) -> str:
    """Return what the server is, with its version: Valkey calls itself Redis 7.2.4 too."""
    valkey = survey.info.get("valkey_version")
    if valkey or survey.info.get("server_name") == "valkey":
        return f"Valkey {valkey or '?'}"
    kind = "Redis Sentinel" if survey.info.get("redis_mode") == "sentinel" else "Redis"
    return f"{kind} {survey.info.get('redis_version', '?')}"

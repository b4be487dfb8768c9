"""Rule on who can reach a Redis server, and whether it asks for a password."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import Listener, RedisListeners
from reporter.parsers.redis_types import Client, Survey
from reporter.parsers.sockets_open import end
from reporter.rules.redis_view import ASKED, FOUND, SERVER, Server, View, view_of

__all__ = ["redis_exposure"]

_ASKS_FOR_PASSWORD = ("NOAUTH", "WRONGPASS")
_DEFAULT_USER = "default"
_LINES = 5
"""Clients quoted of those from the open internet."""


@rule(
    section="redis",
    component=SERVER,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P0",
    if_ignored=text("whoever reaches the port can read, change and delete everything"),
)
def redis_exposure(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Whether a Redis server is open to the world without a password.

    Means, for a server that listens on all addresses of the host, or on one of the open internet:

        asks for no password, a client from the open internet is connected   P0
        asks for no password                                                 P1
        asks for a password                                                  ok, and said
        whether it asks is not known                                         unknown

    One that listens on loopback, on private addresses or on a unix socket is ok, with what it
    listens on. That no password is asked for is known where the survey got in without one. Then the
    server's protected mode may still turn away whoever does not come over loopback: only CONFIG
    would tell, so the finding says so, unless a client from elsewhere is connected.

    Why: an open Redis is found by scanners within hours, and gives whoever reaches it all its data
    and often the host.

    That one is, is known where the server would not answer before it got one. Older surveys gave it
    unasked, and a server without a password takes any: that is unknown.

    Evidence: redis_listeners (ss); whether a password was asked for and given, in the surveys;
    CLIENT LIST. A listener of a forwarder (docker-proxy) counts for the server named at that place.

    Limits: firewalls and cloud rules are not seen. A server asked from the control node does not
    show what it listens on. Users beside ours may need no password, or have one anybody guesses. A
    user that needs none takes any that is given with its name.

    Source: Redis documentation of security; redis.conf bind, protected-mode, requirepass.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server in view.servers:
        if view.gone(server):
            continue
        if server.remote:
            yield from _remote(view, server)
        elif isinstance(redis_listeners, Missing):
            yield view.unknown(server, _NOT_KNOWN, redis_listeners)
        else:
            held = server.listening.listeners if server.listening else ()
            yield _here(
                view, server, held or redis_listeners.holding(server.endpoint), redis_listeners
            )


_NOT_KNOWN = text("who can reach it is not known")


def _here(
    view: View, server: Server, held: tuple[Listener, ...], listeners: RedisListeners
) -> Verdict:
    if not held:
        gap = Missing(listeners.record, text("no listener is shown at {at}", at=server.endpoint))
        return view.unknown(server, _NOT_KNOWN, gap)
    cited = listeners.cite(*held)
    open_at = [one for one in held if one.open]
    places = ", ".join(sorted({one.shown for one in open_at or held}))
    if not open_at:
        return _ok(view, server, text("not open to the world: {places}", places=places), cited)
    asks = _asks_for_password(server)
    if asks is None:
        return _open_unknown(view, server, places, cited)
    if asks:
        said = text("open to the world at {places}, and asks for a password", places=places)
        return _ok(view, server, said, cited)
    return _open(view, server, places, cited)


def _open(view: View, server: Server, places: str, cited: Citation) -> Verdict:
    clients = _clients(server.survey)
    world = [client for client in clients if _from(client) == "world"]
    beyond = [client for client in clients if _from(client)]
    survey = server.survey
    said = (
        text("clients from the open internet are connected: {count}", count=len(world))
        if world
        else text("clients from other hosts are connected: {count}", count=len(beyond))
        if beyond
        else text("whether its protected mode turns others away, only CONFIG tells")
    )
    return view.verdict(
        server,
        "degraded",
        text(
            "{server}: open to the world at {places}, and asks for no password; {said}",
            server=server.endpoint,
            places=places,
            said=said,
        ),
        severity="P0" if world else "P1",
        citations=(
            cited,
            *(
                (survey.cite(*(client.line for client in (world or beyond)[:_LINES])),)
                if survey and beyond
                else ()
            ),
            *(
                (survey.cite(survey.lines["ACL WHOAMI"]),)
                if survey and "ACL WHOAMI" in survey.lines
                else ()
            ),
        ),
    )


def _open_unknown(view: View, server: Server, places: str, cited: Citation) -> Verdict:
    gap = server.missing
    if gap is None and server.survey:
        why = text("whether it asked for a password is not noted in the survey")
        gap = Missing(server.survey.record, why)
    return view.verdict(
        server,
        "unknown",
        text(
            "{server}: open to the world at {places}; whether it asks for a password is not known "
            "({reason})",
            server=server.endpoint,
            places=places,
            reason=gap.reason if gap else text("no reason given"),
        ),
        citations=(cited,),
        missing=(gap,) if gap else (),
    )


def _remote(view: View, server: Server) -> Iterator[Verdict]:
    if server.survey is None:
        if _asks_for_password(server):
            said = text("asks for a password, as seen from the control node")
            yield _ok(view, server, said, None)
        else:
            yield view.unknown(
                server, _NOT_KNOWN, *(() if server.missing is None else (server.missing,))
            )
        return
    asks = _asks_for_password(server)
    if asks is None:
        gap = Missing(
            server.survey.record, text("whether it asked for a password is not noted in the survey")
        )
        yield view.unknown(server, text("whether it asks for a password is not known"), gap)
        return
    said = text(
        "asks for a password; what it listens on is not shown to the control node"
        if asks
        else "reached from the control node, and asks for no password; from where else it can be "
        "reached is not shown"
    )
    yield view.verdict(
        server,
        "ok" if asks else "degraded",
        text("{server}: {said}", server=server.endpoint, said=said),
        severity=None if asks else "P2",
        citations=(server.survey.cite_info("redis_version"),),
    )


def _ok(view: View, server: Server, said: Text, cited: Citation | None) -> Verdict:
    return view.verdict(
        server,
        "ok",
        text("{server}: {said}", server=server.endpoint, said=said),
        citations=(cited,) if cited else (),
    )


def _asks_for_password(server: Server) -> bool | None:
    """Say whether the server lets nobody in without a password; None where that is not known."""
    if server.survey is None:
        said = str(server.missing.reason) if server.missing else ""
        return True if any(code in said for code in _ASKS_FOR_PASSWORD) else None
    if server.survey.asked:
        return True
    if server.survey.authenticated is False and server.survey.user in (None, _DEFAULT_USER):
        return False
    return None  # let in by a login nobody had asked for, or by an older survey, which never waits


def _clients(survey: Survey | None) -> tuple[Client, ...]:
    if survey is None:
        return ()
    both = (*(survey.clients_begin or ()), *(survey.clients_end or ()))
    return tuple({client.id: client for client in both if not client.own}.values())


def _from(client: Client) -> str:
    """Return where a client comes from: "world", "near" (another host), or "" for this one."""
    place = end(client.addr)
    if place is None or place.wildcard:
        return ""
    address = ipaddress.ip_address(place.address)
    local = (end(word.partition("=")[2]) for word in client.line.split() if word[:6] == "laddr=")
    own = next((one.address for one in local if one), None)
    if address.is_loopback or place.address == own:
        return ""
    return "world" if address.is_global else "near"

"""Rules on sites, and on the services they pass requests on to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, Value, joined, text
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.recorded import recorded
from reporter.rules.socket_owners import Owner, owner_of, unseen
from reporter.web.serving import (
    Serving,
    configurations,
    is_local,
    listeners_of,
    not_whole,
    serving,
)
from reporter.web.types import Listen, Reference, Site, Target, WebConfig

__all__ = ["frontend_sites", "proxied_services"]

SITES = text("Sites")
PROXIED = text("Services behind proxies")

_SHOWN = 8
_NO_SUCH = "No such file or directory"


@dataclass(frozen=True)
class Answer:
    """Who answers a target. `answered` is None where that is not known, or not this host's."""

    answered: bool | None
    local: bool
    shown: Value
    units: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    missing: tuple[Missing, ...] = ()


@dataclass
class Asked:
    """A target, and the sites that pass on to it."""

    target: Target
    config: WebConfig
    sites: list[Site] = field(default_factory=list)


@rule(
    section="frontend",
    component=PROXIED,
    needs=(),
    uses=("sockets", "socket_processes"),
    if_asked=("nginx", "caddy", "haproxy"),
    worst="P2",
    if_ignored=text("every request for it ends in an error"),
)
def proxied_services(
    host: HostContext,
    nginx: WebConfig | Missing,
    caddy: WebConfig | Missing,
    haproxy: WebConfig | Missing,
    sockets: Sockets | Missing,
    socket_processes: Processes | Missing,
) -> Iterator[Verdict]:
    """Every port and socket of this host that a site passes requests on to: whether it is there.

    Means: ok where something listens (it says which unit); down (P2) where nothing does: every
    request for it ends in "502 Bad Gateway" or the like. If it is only a backup, or marked down,
    degraded (P3). Unknown where the list of sockets is missing or was cut, and where a unix
    socket's file is there without a listener in this network namespace.

    Why: a front end that runs hides that there is nothing behind it.

    Evidence: edge_nginx, edge_caddy, edge_haproxy (where to), sockets_open and sockets_processes
    (who listens); for unix sockets their files and /proc/net/unix.

    Limits: targets on other hosts, names other than localhost, and those that a variable decides
    are not judged. An address of this host is known as such only where a socket shows it. That
    something listens does not say that it answers rightly.

    Source: nginx's documentation (proxy_pass, upstream), proc(5).
    """
    asked: dict[str, Asked] = {}
    for config in configurations(nginx, caddy, haproxy):
        for site in config.sites:
            for target in site.targets:
                if is_local(target, sockets):
                    one = asked.setdefault(target.shown, Asked(target, config))
                    if one.target.spare and not target.spare:
                        one.target = target
                    one.sites.append(site)
    for one in asked.values():
        yield _service(one, sockets, socket_processes, host)


def _service(
    one: Asked, sockets: Sockets | Missing, processes: Processes | Missing, host: HostContext
) -> Verdict:
    found = _answer(one.target, one.config, sockets, processes, host)
    where = ", ".join(f"{site.name} ({site.file}:{site.line})" for site in one.sites[:_SHOWN])
    status: Status = "ok" if found.answered else "down"
    running: Running = "yes" if found.answered else "no"
    severity: Severity | None = None if found.answered else "P2"
    said = text("{target} is passed requests by {sites} and is answered by {who}")
    if found.answered is None:
        status, running, severity = "unknown", "unknown", None
        said = text("{target} is passed requests by {sites}; whether anything listens is not known")
    elif not found.answered:
        said = text("nothing listens at {target}, to which {sites} pass requests on")
        if one.target.spare:
            status, severity = "degraded", "P3"
            said = text("nothing listens at {target}, a spare to which {sites} pass requests on")
    owner = next((got for unit in found.units if (got := host.profiles.owner(unit))), None)
    return Verdict(
        subject=one.target.shown,
        status=status,
        running=running,
        severity=severity,
        component=PROXIED,
        application=owner.name if owner else None,
        message=said.filled(target=one.target.shown, sites=where, who=found.shown),
        connected_to=found.units,
        citations=(
            *found.citations,
            one.config.cite(*((site.file, site.line) for site in one.sites[:_SHOWN])),
        ),
        missing=found.missing,
    )


def _answer(
    target: Target,
    config: WebConfig,
    sockets: Sockets | Missing,
    processes: Processes | Missing,
    host: HostContext,
) -> Answer:
    if target.socket is not None:
        return _socket_answer(target, config)
    if not is_local(target, sockets):
        return Answer(None, False, target.shown)
    if isinstance(sockets, Missing):
        return Answer(None, True, target.shown, missing=(sockets,))
    found = listeners_of(target, sockets)
    if not found:
        gap = not_whole(sockets)
        if gap is not None:
            return Answer(None, True, target.shown, missing=(gap,))
        return Answer(False, True, target.shown, citations=(sockets.cite(),))
    owner = owner_of(found, sockets, processes, host)
    who = owner.shown if owner.processes else "?"
    return Answer(True, True, who, owner.units, (sockets.cite(*found), *_cited(owner, processes)))


def _cited(owner: Owner, processes: Processes | Missing) -> Iterator[Citation]:
    if owner.processes and not isinstance(processes, Missing):
        yield processes.cite(*owner.processes)


def _socket_answer(target: Target, config: WebConfig) -> Answer:
    known = [one for one in config.references if one.path == target.socket]
    reference: Reference | None = known[0] if known else None
    if reference is None:
        gap = Missing(config.record, text("{path} was not looked at", path=str(target.socket)))
        return Answer(None, True, target.shown, missing=(gap,))
    cited = (config.cite((reference.file, reference.line)),)
    if reference.listening:
        return Answer(True, True, text("a listener on the socket"), citations=cited)
    if reference.error == _NO_SUCH:
        return Answer(False, True, target.shown, citations=cited)
    why = (
        recorded(reference.error)
        if reference.error
        else text("its file is there, no listener of it in this network namespace")
    )
    gap = Missing(config.record, text("{path}: {why}", path=reference.path, why=why))
    return Answer(None, True, target.shown, citations=cited, missing=(gap,))


@rule(
    section="frontend",
    component=SITES,
    needs=(),
    uses=("units", "unit_files", "sockets", "socket_processes"),
    if_asked=("nginx", "caddy", "haproxy"),
    worst="P2",
    if_ignored=text("visitors of the site get an error"),
)
def frontend_sites(
    host: HostContext,
    nginx: WebConfig | Missing,
    caddy: WebConfig | Missing,
    haproxy: WebConfig | Missing,
    units: Units | Missing,
    unit_files: UnitFiles | Missing,
    sockets: Sockets | Missing,
    socket_processes: Processes | Missing,
) -> Iterator[Verdict]:
    """Every site that is configured: what it is called, where it listens, to whom it passes on.

    Means: ok where its server runs, listens where the site says, and all it passes on to on this
    host is there. Down (P2) where the server runs and nothing listens on the site's port, or
    another program does: the site was never loaded, or could not be. Down without a severity of
    its own where the server does not run, or nothing of what it passes on to is there; degraded
    likewise where some is not: web_servers and proxied_services carry the severity. Unknown where
    it is not shown to the reader who listens.

    Why: this is the map of the front: which name leads to which service.

    Evidence: edge_nginx, edge_caddy, edge_haproxy, sockets_open, sockets_processes, systemd_units.

    Limits: as of proxied_services. Whether the name leads to this host (DNS, a balancer before it)
    is not looked at. Ports that a Caddyfile does not name are not judged.

    Source: nginx's documentation ("How nginx processes a request").
    """
    seen: dict[str, int] = {}
    for config in configurations(nginx, caddy, haproxy):
        state = serving(config, units, unit_files, sockets, socket_processes)
        if state.installed is False:
            continue
        for site in config.sites:
            subject = f"{config.server}/{site.name}@{','.join(map(str, site.listens)) or '-'}"
            seen[subject] = seen.get(subject, 0) + 1
            if seen[subject] > 1:
                subject += f" ({site.file}:{site.line})"
            found = {
                one: _answer(one, config, sockets, socket_processes, host) for one in site.targets
            }
            yield _site(subject, site, config, state, sockets, found, host)


def _site(
    subject: str,
    site: Site,
    config: WebConfig,
    state: Serving,
    sockets: Sockets | Missing,
    found: Mapping[Target, Answer],
    host: HostContext,
) -> Verdict:
    status, running, severity, why, missing = _state(site, config, state, sockets, found, host)
    citations = [config.cite((site.file, site.line))]
    for answer in found.values():
        citations += answer.citations
    listens = ", ".join(f"{one} (TLS)" if one.tls else str(one) for one in site.listens)
    return Verdict(
        subject=subject,
        status=status,
        running=running,
        severity=severity,
        component=SITES,
        message=text(
            "{name} on {listens}: {passed}{why}",
            name=", ".join(name for name in site.names if name) or text("any name"),
            listens=listens or text("ports that are not named"),
            passed=_passed(site, found),
            why=text("; {why}", why=why) if why else text(""),
        ),
        connected_to=tuple(
            dict.fromkeys(
                f"{one.shown} ({', '.join(answer.units)})" if answer.units else one.shown
                for one, answer in found.items()
            )
        ),
        citations=tuple(dict.fromkeys(citations)),
        missing=missing,
    )


def _passed(site: Site, found: Mapping[Target, Answer]) -> Text:
    if not site.passed:
        return text("it passes nothing on")
    shown: list[Value] = []
    for one in site.passed[:_SHOWN]:
        aims = [_aim(target, found[target]) for target in one.targets[:_SHOWN]]
        to = joined(aims) if aims else "?"
        shown.append(text("{place} → {to}", place=one.place or "/", to=to))
    if len(site.passed) > _SHOWN:
        shown.append("…")
    return joined(shown, "; ")


def _aim(target: Target, answer: Answer) -> Value:
    if answer.units:
        return text("{target} ({who})", target=target.shown, who=answer.shown)
    if answer.answered is False:
        return text("{target} (nothing)", target=target.shown)
    return target.shown


_State = tuple[Status, Running, Severity | None, Text | None, tuple[Missing, ...]]


def _state(
    site: Site,
    config: WebConfig,
    state: Serving,
    sockets: Sockets | Missing,
    found: Mapping[Target, Answer],
    host: HostContext,
) -> _State:
    if state.running is None or (not state.running and state.installed is None):
        gaps = state.missing or (
            Missing("sockets_open", text("its process may be one that is not shown to this user")),
        )
        why = text("whether {server} runs is not known", server=config.server)
        return "unknown", "unknown", None, why, gaps
    if not state.running:
        return "down", "no", None, text("{server} does not run", server=config.server), ()
    if isinstance(sockets, Missing):
        return "unknown", "unknown", None, text("who listens is not known"), (sockets,)
    gap = not_whole(sockets)
    for listen in site.listens:
        holder = _holder(listen, config, state, sockets)
        if holder is not None and gap is not None:
            return "unknown", "unknown", None, text("who listens is not known"), (gap,)
        if holder is not None:
            return "down", "no", "P2", holder, ()
    if any(_hidden(listen, state, sockets) for listen in site.listens):
        why = text("whether it is {server} that listens is not known", server=config.server)
        return "unknown", "unknown", None, why, (unseen(sockets, host),)
    aims = [answer for one, answer in found.items() if answer.local and not one.spare]
    dead = [answer for answer in aims if answer.answered is False]
    missing = tuple(dict.fromkeys(gap for answer in aims for gap in answer.missing))
    if dead and len(dead) == len(found):
        return "down", "no", None, text("nothing of what it passes on to is there"), ()
    if dead:
        return "degraded", "partial", None, text("some of what it passes on to is not there"), ()
    if missing:
        why = text("whether all it passes on to is there is not known")
        return "unknown", "unknown", None, why, missing
    return "ok", "yes", None, None, ()


def _hidden(listen: Listen, state: Serving, sockets: Sockets) -> bool:
    """Say whether something listens there of which it is not shown whose it is."""
    same = [one for one in sockets.listening if one.local.port == listen.port]
    return not any(one in state.held for one in same) and any(not one.holders for one in same)


def _holder(listen: Listen, config: WebConfig, state: Serving, sockets: Sockets) -> Text | None:
    """Say why the server does not answer where the site listens; None if it does or may."""
    same = [one for one in sockets.listening if one.local.port == listen.port]
    if any(not one.holders or one in state.held for one in same):
        return None
    if not same:
        return text(
            "{server} does not listen on port {port}: it has not loaded this site",
            server=config.server,
            port=str(listen.port),
        )
    names = sorted({holder.name for one in same for holder in one.holders})
    return text("port {port} is held by {names}", port=str(listen.port), names=", ".join(names))

"""Rule on web servers and proxies: whether what is configured also runs, as it is configured."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.rules.times import at
from reporter.web.serving import Serving, configurations, serving
from reporter.web.types import WebConfig

__all__ = ["web_servers"]

SERVERS = text("Web servers and proxies")

_TOLERANCE_S = 2.0
"""A process's start is known to a second or so."""

_RELOADS_IN_PLACE = frozenset({"caddy"})
"""Servers whose processes stay when they load their configuration anew."""


@rule(
    section="frontend",
    component=SERVERS,
    needs=(),
    uses=("nginx", "caddy", "haproxy", "units", "unit_files", "sockets", "socket_processes"),
    worst="P2",
    if_ignored=text("the sites it serves cannot be reached"),
    escalates=True,
)
def web_servers(
    host: HostContext,
    nginx: WebConfig | Missing,
    caddy: WebConfig | Missing,
    haproxy: WebConfig | Missing,
    units: Units | Missing,
    unit_files: UnitFiles | Missing,
    sockets: Sockets | Missing,
    socket_processes: Processes | Missing,
) -> Iterator[Verdict]:
    """Whether each web server or proxy that is configured runs, with the configuration there is.

    Means:

        configured, and its unit does not run though it is enabled     down, P2
        its unit does not run and is not enabled                       degraded, P3
        it runs with a configuration or certificates of before:        degraded, P3
            files changed after the processes that answer began
        configuration that is left without a unit or a process of it   ok, not running
        it runs with what is there                                     ok

    A reload replaces the processes that answer (workers of nginx and HAProxy), so it is their
    start that counts, not the master's. Where they are not shown, only the master's start is
    known: files that are newer leave it unknown.

    Why: a change that was never loaded takes effect at the next reboot, when nobody looks; a
    renewed certificate that was not loaded ends as an expired one.

    Evidence: edge_nginx, edge_caddy, edge_haproxy (times of the files), systemd_units,
    systemd_unit_files, sockets_open and sockets_processes (who answers, since when).

    Limits: that a file's time is newer does not say that its content differs. Files that were
    removed, or replaced by older ones, do not show. Caddy's processes stay over a reload: of it
    only whether it runs is judged. A server started with another main file than the usual one
    (-c) is judged by the usual one; probe_edge_nginx_roots and the like name others.

    Source: nginx's documentation, "Controlling nginx"; HAProxy Management Guide, 4.
    """
    found = configurations(nginx, caddy, haproxy)
    for config in found:
        state = serving(config, units, unit_files, sockets, socket_processes)
        yield _judged(config, state, socket_processes, host)
        if config.gaps:
            yield _gaps(config)
    if not found and not any(isinstance(one, Missing) for one in (nginx, caddy, haproxy)):
        yield Verdict(
            subject="none",
            status="ok",
            running="na",
            component=SERVERS,
            message=text("there is no configuration of nginx, Caddy or HAProxy at its usual place"),
            citations=tuple(
                Citation(one.record)
                for one in (nginx, caddy, haproxy)
                if isinstance(one, WebConfig)
            ),
        )


def _judged(
    config: WebConfig, state: Serving, processes: Processes | Missing, host: HostContext
) -> Verdict:
    if state.running is None or (not state.running and state.installed is None):
        gaps = state.missing or (
            Missing("sockets_open", text("its process may be one that is not shown to this user")),
        )
        message = text("whether {server} runs is not known", server=config.server)
        return _verdict(config, state, host, "unknown", "unknown", message, missing=gaps)
    if not state.installed:
        return _verdict(
            config,
            state,
            host,
            "ok",
            "no",
            text(
                "configuration of {server} is there, but no unit and no process of it",
                server=config.server,
            ),
        )
    if not state.running:
        return _verdict(
            config,
            state,
            host,
            "down" if state.enabled else "degraded",
            "no",
            text(
                "{server} is installed, enabled and does not run: none of its {count} sites is "
                "served"
                if state.enabled
                else "{server} is installed with {count} sites and does not run; it is not enabled",
                server=config.server,
                count=len(config.sites),
            ),
            severity="P2" if state.enabled else "P3",
        )
    return _running(config, state, processes, host)


def _running(
    config: WebConfig, state: Serving, processes: Processes | Missing, host: HostContext
) -> Verdict:
    since = state.loaded_at or state.started_at
    if since is None and config.server not in _RELOADS_IN_PLACE:
        message = text(
            "{server} runs; since when, and so with which configuration, is not known",
            server=config.server,
        )
        gap = _not_shown(processes)
        return _verdict(config, state, host, "unknown", "yes", message, missing=(gap,))
    newer = [] if since is None else list(_newer(config, since))
    if not newer or config.server in _RELOADS_IN_PLACE:
        message = text(
            "{server} runs, with {files} files of configuration: {count} sites",
            server=config.server,
            files=len(config.files),
            count=len(config.sites),
        )
        return _verdict(config, state, host, "ok", "yes", message)
    shown = ", ".join(f"{path} ({at(when)})" for path, when in newer[:5])
    if state.loaded_at is None:
        return _verdict(
            config,
            state,
            host,
            "unknown",
            "yes",
            text(
                "{server} started at {when}; whether it loaded what changed since is not known: "
                "{files}",
                server=config.server,
                when=at(since or 0.0),
                files=shown,
            ),
            missing=(_not_shown(processes),),
        )
    return _verdict(
        config,
        state,
        host,
        "degraded",
        "yes",
        text(
            "{server} answers with what it loaded at {when} or before; changed since and not "
            "loaded: {files}",
            server=config.server,
            when=at(since or 0.0),
            files=shown,
        ),
        severity="P3",
    )


def _not_shown(processes: Processes | Missing) -> Missing:
    if isinstance(processes, Missing):
        return processes
    why = text("the processes that answer are not shown, so a reload since would not show")
    return Missing(processes.record, why)


def _newer(config: WebConfig, since: float) -> Iterator[tuple[str, float]]:
    files = {one.path: one.mtime for one in config.files}
    files.update(
        (one.path, one.mtime) for one in config.references if one.type in {"file", "directory"}
    )
    for path, mtime in files.items():
        if mtime is not None and mtime > since + _TOLERANCE_S:
            yield path, mtime


def _gaps(config: WebConfig) -> Verdict:
    return Verdict(
        subject=f"{config.server}/files",
        status="unknown",
        running="unknown",
        component=SERVERS,
        message=text(
            "not all of {server}'s configuration was seen; more sites may be in it: {gap}",
            server=config.server,
            gap=config.gaps[0],
        ),
        details=config.gaps[1:20],
        citations=(Citation(config.record),),
        missing=tuple(Missing(config.record, gap) for gap in config.gaps[:20]),
    )


def _verdict(
    config: WebConfig,
    state: Serving,
    host: HostContext,
    status: Status,
    running: Running,
    message: Text,
    severity: Severity | None = None,
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    name = state.unit.name if state.unit else f"{config.server}.service"
    owner = host.profiles.owner(name)
    if status == "down":
        severity = host.profiles.severity(name, severity)
    return Verdict(
        subject=config.server,
        status=status,
        running=running,
        component=SERVERS,
        message=message,
        severity=severity,
        application=owner.name if owner else None,
        connected_to=tuple(dict.fromkeys(f"{one.proto} {one.local}" for one in state.held)),
        citations=(*state.citations, config.cite(*((one.path, 0) for one in config.files[:10]))),
        details=(text("{count} more files lie beside, not loaded", count=config.beside),)
        if config.beside
        else (),
        missing=missing,
    )

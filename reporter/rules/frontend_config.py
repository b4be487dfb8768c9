"""Rule on what a web server's configuration holds that nobody meant: leftovers and conflicts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from reporter.engine import rule
from reporter.findings import Missing, Severity, Status, Verdict
from reporter.messages import Text, joined, text
from reporter.recorded import recorded
from reporter.web.serving import configurations
from reporter.web.types import Reference, Site, WebConfig

__all__ = ["web_configuration"]

CONFIGURATION = text("Configuration of front ends")

_LEFTOVER = re.compile(
    r"(~|[.\-_](bak|backup|old|orig|save|saved|copy|disabled|swp|tmp|rej"
    r"|dpkg-(old|dist|new|bak|tmp)|ucf-(old|dist|new)|rpm(save|new|orig))"
    r"([.\-_]?\d[\d.\-_T]*)?|[.\-_]\d{4}-?\d\d-?\d\d([.\-_T]?\d+)*|\.conf\.\d{1,3})(\.conf)?$",
    re.IGNORECASE,
)
_DENIED = ("Permission denied", "Operation not permitted")


@rule(
    section="frontend",
    component=CONFIGURATION,
    needs=(),
    uses=("nginx", "caddy", "haproxy"),
    worst="P2",
    if_ignored=text("a change to the wrong file has no effect, or takes a site down"),
)
def web_configuration(
    nginx: WebConfig | Missing, caddy: WebConfig | Missing, haproxy: WebConfig | Missing
) -> Iterator[Verdict]:
    """Leftovers that are loaded, names in conflict, and what the server would stumble over.

    Means:

        a file that is loaded, by a pattern, and is called a backup        degraded, P3
            (.bak, .old, .orig, ~, .dpkg-old, a date, ...)
        two sites of nginx with one name on one address and port:          degraded, P3
            the first answers, the second never does
        what nginx refuses to start or to reload with: a file it includes  degraded, P2
            is missing, a circle of includes, braces that do not match,
            two default servers of one address
        a file of a certificate or key that is missing                     degraded, P2
        ok where none of these is found in a configuration that was seen whole

    Why: all of these stay quiet while the server runs; they show at the next reload or reboot, or
    as a site that answers with a configuration of last year.

    Evidence: edge_nginx, edge_caddy, edge_haproxy.

    Limits: whether a certificate is valid, expired or fits its key is not looked at; files are
    never opened. Names that are patterns, or that a variable decides, are not compared.

    Source: nginx's documentation (server_name, listen, include), ngx_http.c ("conflicting server
    name ... ignored", "a duplicate default server").
    """
    for config in configurations(nginx, caddy, haproxy):
        found = [*_leftovers(config), *_conflicts(config), *_faults(config), *_files(config)]
        yield from found
        if not found and not config.gaps:
            yield Verdict(
                subject=config.server,
                status="ok",
                component=CONFIGURATION,
                message=text(
                    "{server}: no leftover is loaded, no name is in conflict, no file is missing",
                    server=config.server,
                ),
                citations=(config.cite(*((one.path, 0) for one in config.files[:10])),),
            )


def _leftovers(config: WebConfig) -> Iterator[Verdict]:
    for one in config.files:
        if one.pattern and _LEFTOVER.search(PurePosixPath(one.path).name):
            inside = [site for site in config.sites if site.file == one.path]
            yield _verdict(
                config,
                f"leftover/{one.path}",
                text(
                    "{path} is called a leftover and is loaded, by {pattern}: {sites}",
                    path=one.path,
                    pattern=one.pattern,
                    sites=", ".join(_named(site) for site in inside) or text("no site of its own"),
                ),
                (one.path, 0),
                *((site.file, site.line) for site in inside),
            )


def _named(site: Site) -> str:
    return f"{site.name} ({', '.join(map(str, site.listens))})"


def _conflicts(config: WebConfig) -> Iterator[Verdict]:
    if config.server != "nginx":
        return
    first: dict[tuple[str, str], Site] = {}
    found: dict[tuple[str, Site, Site], list[str]] = {}
    for site in config.sites:
        for listen in dict.fromkeys(str(listen) for listen in site.listens):
            for name in dict.fromkeys(site.names or ("",)):
                if name.startswith("~") or "$" in name or "<masked:" in name:
                    continue
                other = first.setdefault((listen, name), site)
                if other is not site:
                    found.setdefault((name, other, site), []).append(listen)
    for (name, other, site), listens in found.items():
        yield _verdict(
            config,
            f"conflict/{name or '_'}/{site.file}:{site.line}",
            text(
                "two sites are called {name} on {listens}: {first} answers, {second} never does",
                name=name or '""',
                listens=", ".join(listens),
                first=f"{other.file}:{other.line}",
                second=f"{site.file}:{site.line}",
            ),
            (other.file, other.line),
            (site.file, site.line),
        )


def _faults(config: WebConfig) -> Iterator[Verdict]:
    for one in config.faults:
        yield _verdict(
            config,
            one.subject,
            text(
                "{what}; {server} refuses to start or to reload with it",
                what=one.message,
                server=config.server,
            ),
            (one.file, one.line),
            severity="P2",
        )


def _files(config: WebConfig) -> Iterator[Verdict]:
    seen: dict[str, list[Reference]] = {}
    for one in config.references:
        if one.error is not None and one.directive != "server" and "_pass" not in one.directive:
            seen.setdefault(one.path, []).append(one)
    for path, asking in seen.items():
        if asking[0].directive in {"reverse_proxy", "php_fastcgi", "to"}:
            continue
        where = joined(
            text(
                "{directive} of {place}",
                directive=one.directive,
                place=f"{one.file}:{one.line}",
            )
            for one in asking[:5]
        )
        denied = asking[0].error in _DENIED
        message = text(
            "whether {path} is there is not known ({error}): {where}"
            if denied
            else "{path} is not there ({error}): {where}; {server} refuses to start or to reload",
            path=path,
            error=recorded(str(asking[0].error)),
            where=where,
            server=config.server,
        )
        gap = Missing(
            config.record, text("{path}: {error}", path=path, error=recorded(str(asking[0].error)))
        )
        yield _verdict(
            config,
            f"file/{path}",
            message,
            *((one.file, one.line) for one in asking),
            severity="P2",
            status="unknown" if denied else "degraded",
            missing=(gap,) if denied else (),
        )


def _verdict(
    config: WebConfig,
    subject: str,
    message: Text,
    *places: tuple[str, int],
    severity: Severity = "P3",
    status: Status = "degraded",
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    return Verdict(
        subject=f"{config.server}/{subject}",
        status=status,
        severity=None if status == "unknown" else severity,
        running="unknown" if status == "unknown" else "na",
        component=CONFIGURATION,
        message=message,
        citations=(config.cite(*places),),
        missing=missing,
    )

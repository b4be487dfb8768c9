"""Listeners, sites and containers as things."""

from __future__ import annotations

from reporter.engine import HostContext
from reporter.findings import Missing
from reporter.messages import text
from reporter.parsers.containers import Containers
from reporter.parsers.sockets_open import Socket, Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.rules.socket_owners import is_session, owner_of
from reporter.rules.sockets_listening import PICKED
from reporter.state.model import Part, Thing, traits_of
from reporter.state.units import owner_of as application_of
from reporter.web.types import WebConfig

__all__ = ["containers", "listeners", "sites"]


def listeners(
    context: HostContext, sockets: Sockets | Missing, processes: Processes | Missing
) -> Part:
    """Return the ports something listens on, `tcp/8080`, with the addresses and units of each.

    UDP ports that Linux picks, and what a login opens for itself, come and go: they are left out.
    """
    if isinstance(sockets, Missing):
        return Part(("listener",), gaps=(sockets,))
    ports: dict[str, list[Socket]] = {}
    for socket in sockets.listening:
        if socket.proto == "tcp" or socket.local.port not in PICKED:
            ports.setdefault(f"{socket.proto}/{socket.local.port}", []).append(socket)
    things = []
    unshown: dict[Missing, None] = {}
    for name, found in ports.items():
        owner = owner_of(found, sockets, processes, context)
        unshown.update(dict.fromkeys(owner.missing))
        if owner.serving and all(is_session(process.unit) for process in owner.serving):
            continue
        known = not owner.missing
        owned = (application_of(unit, context.profiles) for unit in owner.units)
        things.append(
            Thing(
                "listener",
                name,
                traits_of(
                    reach=_reach(found),
                    addresses=tuple(sorted({socket.local.host for socket in found})),
                    units=owner.units if known else None,
                    users=owner.users if known else None,
                    program=owner.executables if known else None,
                ),
                owner.units,
                next((one for one in owned if one), None),
                sockets.cite(*found),
            )
        )
    why = text("some of its lines were cut or cannot be read")
    gaps = () if sockets.complete else (Missing(sockets.record, why),)
    return Part(("listener",), tuple(things), gaps, tuple(unshown))


def _reach(found: list[Socket]) -> str:
    """Return from where the port can be reached, as far as the host itself shows."""
    ends = [socket.local for socket in found]
    if all(end.loopback for end in ends):
        return "loopback"
    if any(not end.loopback and (end.wildcard or end.public) for end in ends):
        return "world"
    return "one address"


def sites(config: WebConfig | Missing) -> Part:
    """Return the sites of a web server, by their names and what they listen on."""
    if isinstance(config, Missing):
        return Part(("site",), gaps=(config,))
    things = [
        Thing(
            "site",
            f"{config.server} {site.name} {','.join(str(one) for one in site.listens)}".rstrip(),
            traits_of(
                names=tuple(sorted(site.names)),
                passes_to=tuple(sorted(target.shown for target in site.targets)),
                file=site.file,
            ),
            cited=config.cite((site.file, site.line)),
        )
        for site in config.sites
    ]
    return Part(("site",), tuple(things), tuple(Missing(config.record, gap) for gap in config.gaps))


def containers(found: Containers | Missing) -> Part:
    """Return the containers, by their names."""
    if isinstance(found, Missing):
        return Part(("container",), gaps=(found,))
    return Part(
        ("container",),
        tuple(
            Thing(
                "container",
                f"{one.engine} {one.shown}",
                traits_of(image=one.image, runs=one.runs, ports=tuple(sorted(one.ports))),
            )
            for one in found.all
        ),
        tuple(Missing(found.record, gap) for gap in found.gaps),
    )

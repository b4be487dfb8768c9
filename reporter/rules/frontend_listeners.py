"""Rules on listeners that a profile documents, forbids, or does not know."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Running, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.sockets_open import Socket, Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.profile import Profile, Profiles, matches
from reporter.profile_listeners import DeclaredListener
from reporter.rules.socket_owners import Owner, owner_of
from reporter.rules.sockets_listening import ROOT_BY_DESIGN
from reporter.web.serving import not_whole

__all__ = ["documented_listeners", "loopback_ports", "undocumented_listeners"]

DOCUMENTED = text("Documented listeners")
LOOPBACK = text("Ports for loopback only")
UNDOCUMENTED = text("Undocumented listeners")

_PICKED = range(32768, 61000)
_EVERYWHERE = frozenset(["/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", *ROOT_BY_DESIGN])


def _documented(profiles: Profiles) -> Iterator[str]:
    return (f"{profile.name}/{one.port}" for profile in profiles for one in profile.listeners)


@rule(
    section="frontend",
    component=DOCUMENTED,
    needs=("sockets",),
    uses=("socket_processes",),
    worst="P2",
    if_ignored=text("clients of the port get no answer"),
    subjects=_documented,
    subjects_only=True,
)
def documented_listeners(
    host: HostContext, sockets: Sockets, socket_processes: Processes | Missing
) -> Iterator[Verdict]:
    """The ports a profile documents (`listeners`): whether each listens as it is said to.

    Means: ok where something listens on the port, on the address and as the unit that are
    declared. Down (P2) where nothing listens, unless `expected_ports` names the port too, whose
    finding says so. Degraded (P2) where another unit listens than the one declared, or where the
    port can be reached from elsewhere though `loopback` was declared; degraded (P3) where it
    listens on another address. Unknown where whose it is would have to be known and is not.

    Why: a list of ports is what firewalls and colleagues are told.

    Evidence: sockets_open (ss), sockets_processes (/proc/PID of the processes in it).

    Limits: as of listening_ports: firewalls and other network namespaces are not seen.

    Source: ss(8).
    """
    for profile in host.profiles:
        for declared in profile.listeners:
            found = [one for one in sockets.listening if one.local.port == declared.port]
            expected = declared.port in host.profiles.expected_ports()
            if found:
                owner = owner_of(found, sockets, socket_processes, host)
                yield _as_declared(profile, declared, found, owner, sockets, socket_processes)
            elif not expected:
                yield _absent(profile, declared, sockets)


def _as_declared(
    profile: Profile,
    declared: DeclaredListener,
    found: list[Socket],
    owner: Owner,
    sockets: Sockets,
    processes: Processes | Missing,
) -> Verdict:
    places = ", ".join(dict.fromkeys(f"{one.proto} {one.local}" for one in found))
    status: Status = "ok"
    severity: Severity | None = None
    missing: tuple[Missing, ...] = ()
    wrong = _wrong_address(declared, found)
    message = text(
        "port {port} listens as documented: {places}", port=str(declared.port), places=places
    )
    others = [unit for unit in owner.units if declared.unit and not matches(unit, (declared.unit,))]
    if wrong is not None:
        status, severity = "degraded", wrong
        message = text(
            "port {port} is documented for {address} and listens on {places}",
            port=str(declared.port),
            address=str(declared.address),
            places=places,
        )
    elif declared.unit and owner.missing:
        status, missing = "unknown", owner.missing
        message = text(
            "port {port} is documented as {unit}; whose it is is not known",
            port=str(declared.port),
            unit=declared.unit,
        )
    elif others or (declared.unit and not owner.units):
        status, severity = "degraded", "P2"
        message = text(
            "port {port} is documented as {unit} and is held by {others}",
            port=str(declared.port),
            unit=str(declared.unit),
            others=", ".join(others) or owner.shown,
        )
    return Verdict(
        subject=f"{profile.name}/{declared.port}",
        status=status,
        severity=severity,
        running="yes",
        component=DOCUMENTED,
        application=profile.name,
        message=message,
        connected_to=owner.units,
        citations=_citations(found, owner, sockets, processes),
        missing=missing,
    )


def _wrong_address(declared: DeclaredListener, found: list[Socket]) -> Severity | None:
    """Return how bad it is that the port listens elsewhere than declared; None if it does not."""
    if declared.address is None:
        return None
    if declared.address == "loopback":
        outside = [one for one in found if not one.local.loopback]
        return "P2" if outside else None
    if declared.address == "any":
        return None if any(one.local.wildcard for one in found) else "P3"
    return None if {one.local.address for one in found} == {declared.address} else "P3"


def _absent(profile: Profile, declared: DeclaredListener, sockets: Sockets) -> Verdict:
    gap = not_whole(sockets)
    return Verdict(
        subject=f"{profile.name}/{declared.port}",
        status="unknown" if gap else "down",
        severity=None if gap else "P2",
        running="unknown" if gap else "no",
        component=DOCUMENTED,
        application=profile.name,
        message=text(
            "no listener was seen on port {port}; whether there is one is not known"
            if gap
            else "nothing listens on port {port}, although {application} documents it",
            port=str(declared.port),
            application=profile.title,
        ),
        citations=(sockets.cite(),),
        missing=(gap,) if gap else (),
    )


def _loopback(profiles: Profiles) -> Iterator[str]:
    return (f"port/{port}" for port in _loopback_ports(profiles))


def _loopback_ports(profiles: Profiles) -> list[int]:
    return sorted({port for profile in profiles for port in profile.loopback_ports})


@rule(
    section="frontend",
    component=LOOPBACK,
    needs=("sockets",),
    uses=("socket_processes",),
    worst="P2",
    if_ignored=text("what was meant for this host alone can be reached from outside"),
    subjects=_loopback,
    subjects_only=True,
)
def loopback_ports(
    host: HostContext, sockets: Sockets, socket_processes: Processes | Missing
) -> Iterator[Verdict]:
    """Ports that a profile keeps to the host itself (`loopback_ports`): whether they are.

    Means: ok where they listen at loopback only, or not at all. Degraded where they can be
    reached from elsewhere: P2 if open to the world (all addresses, or one of the open internet),
    P3 on another address. Unknown where the list of sockets was cut.

    Why: what is meant for a proxy on the same host seldom asks who is calling.

    Evidence: sockets_open (ss), sockets_processes (whose they are).

    Limits: firewalls and cloud rules are not seen.

    Source: ss(8).
    """
    gap = not_whole(sockets)
    for port in _loopback_ports(host.profiles):
        found = [one for one in sockets.listening if one.local.port == port]
        outside = [one for one in found if not one.local.loopback]
        world = any(one.local.wildcard or one.local.public for one in outside)
        owner = owner_of(outside or found, sockets, socket_processes, host)
        profile = next(one for one in host.profiles if port in one.loopback_ports)
        status: Status = "degraded" if outside else ("unknown" if gap else "ok")
        running: Running = "yes" if found else ("unknown" if gap else "no")
        yield Verdict(
            subject=f"port/{port}",
            status=status,
            severity=("P2" if world else "P3") if outside else None,
            running=running,
            component=LOOPBACK,
            application=profile.name,
            message=_reach(port, found, outside, owner, gap),
            connected_to=owner.units,
            citations=_citations(outside or found, owner, sockets, socket_processes),
            missing=(gap,) if gap and not outside else (),
        )


def _reach(
    port: int, found: list[Socket], outside: list[Socket], owner: Owner, gap: Missing | None
) -> Text:
    if outside:
        return text(
            "port {port} is for loopback only and listens on {places} ({who})",
            port=str(port),
            places=", ".join(dict.fromkeys(f"{one.proto} {one.local}" for one in outside)),
            who=owner.shown if owner.processes else text("not known whose"),
        )
    if gap:
        return text(
            "whether port {port} can be reached from elsewhere is not known", port=str(port)
        )
    if found:
        return text("port {port} listens at loopback only", port=str(port))
    return text("nothing listens on port {port}", port=str(port))


def _named(profiles: Profiles) -> frozenset[int]:
    return frozenset(port for profile in profiles for port in profile.ports)


def _asked(profiles: Profiles) -> Iterator[str]:
    return iter(("listeners",) if _named(profiles) else ())


@rule(
    section="frontend",
    component=UNDOCUMENTED,
    needs=("sockets",),
    uses=("socket_processes",),
    worst="P3",
    if_ignored=text("nobody watches what the world can reach"),
    subjects=_asked,
    subjects_only=True,
)
def undocumented_listeners(
    host: HostContext, sockets: Sockets, socket_processes: Processes | Missing
) -> Iterator[Verdict]:
    """Listeners that are open to the world and that no profile names.

    Means: degraded (P3) for each port that is open to the world (all addresses, or one of the open
    internet) and is named by no key of any profile: expected_ports, listeners, loopback_ports, the
    ports of components. One ok finding where all are named. Where no profile names any port,
    nothing is documented, and nothing is said. sshd, DHCP clients and the other programs that
    listening_ports knows need not be named; nor UDP ports that Linux picks (32768 to 60999).

    Why: a port nobody wrote down is one nobody guards.

    Evidence: sockets_open (ss), sockets_processes (whose they are).

    Limits: firewalls and cloud rules are not seen. Where the process is not shown to the reader,
    programs that need not be named cannot be told from others: then the finding is unknown.

    Source: ss(8).
    """
    named = _named(host.profiles)
    groups: dict[str, list[Socket]] = {}
    for one in sockets.listening:
        open_to_all = not one.local.loopback and (one.local.wildcard or one.local.public)
        picked = one.proto == "udp" and one.local.port in _PICKED
        if open_to_all and not picked and one.local.port not in named:
            groups.setdefault(f"{one.proto}/{one.local.port}", []).append(one)
    found = [
        verdict
        for subject, several in sorted(groups.items())
        if (verdict := _unnamed(subject, several, sockets, socket_processes, host))
    ]
    yield from found
    gap = not_whole(sockets)
    if not found or gap:
        yield Verdict(
            subject="listeners",
            status="unknown" if gap else "ok",
            running="na",
            component=UNDOCUMENTED,
            message=text(
                "whether all listeners that are open to the world are named is not known"
                if gap
                else "every listener that is open to the world is named by a profile"
            ),
            citations=(Citation(sockets.record),),
            missing=(gap,) if gap else (),
        )


def _unnamed(
    subject: str,
    several: list[Socket],
    sockets: Sockets,
    processes: Processes | Missing,
    host: HostContext,
) -> Verdict | None:
    owner = owner_of(several, sockets, processes, host)
    programs = {process.executable for process in owner.serving}
    if programs and programs <= _EVERYWHERE and not owner.missing:
        return None
    unknown = bool(owner.missing)
    places = ", ".join(dict.fromkeys(f"{one.proto} {one.local}" for one in several))
    return Verdict(
        subject=subject,
        status="unknown" if unknown else "degraded",
        severity=None if unknown else "P3",
        running="yes",
        component=UNDOCUMENTED,
        message=text(
            "{places} is open to the world and named by no profile; whose it is is not known"
            if unknown
            else "{places} is open to the world and named by no profile: {who}",
            places=places,
            who=owner.shown,
        ),
        connected_to=owner.units,
        citations=_citations(several, owner, sockets, processes),
        missing=owner.missing,
    )


def _citations(
    several: list[Socket], owner: Owner, sockets: Sockets, processes: Processes | Missing
) -> tuple[Citation, ...]:
    cited = [sockets.cite(*several)]
    if owner.processes and not isinstance(processes, Missing):
        cited.append(processes.cite(*owner.processes))
    return tuple(cited)

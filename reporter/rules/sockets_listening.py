"""Rule on who listens on which port, and to whom it is open."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.sockets_open import End, Socket, Sockets
from reporter.parsers.sockets_processes import Process, Processes
from reporter.rules.socket_owners import INIT, Owner, owner_of

__all__ = ["PICKED", "ROOT_BY_DESIGN", "Listener", "listeners_of", "listening_ports"]

LISTENERS = text("Listening ports")

_SESSIONS = text(
    "opens sessions as any user, which takes root, and hands each connection to a process of its "
    "own that gives up root before it reads what is sent"
)
_HANDS_OVER = text("hands each connection to a service that runs as a user of its own")
_CONFIGURES = text("asks for the host's own address and sets it, which takes root")
ROOT_BY_DESIGN: Mapping[str, Text] = {
    "/usr/sbin/sshd": _SESSIONS,
    "/usr/sbin/vsftpd": _SESSIONS,
    "/usr/sbin/dovecot": _HANDS_OVER,
    "/usr/lib/postfix/sbin/master": _HANDS_OVER,
    "/usr/libexec/postfix/master": _HANDS_OVER,
    "/usr/sbin/inetd": _HANDS_OVER,
    "/usr/sbin/xinetd": _HANDS_OVER,
    "/usr/sbin/dhclient": _CONFIGURES,
    "/usr/sbin/dhcpcd": _CONFIGURES,
}
"""Programs that have to listen as root by their own manuals, and keep what they read from it."""

_BY_PROFILE = text("the profile's root_listeners names it")

PICKED = range(32768, 61000)
"""net.ipv4.ip_local_port_range as Linux has it: the ports it picks for those that name none."""

_LINES = 20
"""Raw lines quoted of what could not be read."""


@dataclass(frozen=True)
class Listener:
    """One listener: more than one socket where several processes share the port."""

    proto: str
    at: End
    sockets: tuple[Socket, ...]
    owner: Owner

    @property
    def subject(self) -> str:
        """What identifies it from run to run."""
        return f"{self.proto}/{self.at}"

    @property
    def open(self) -> bool:
        """Whether it is open to the world, as far as the host itself shows."""
        return not self.at.loopback and (self.at.wildcard or self.at.public)

    @property
    def reach(self) -> Text:
        """Say in words from where it can be reached."""
        if self.at.loopback:
            return text("loopback only")
        if self.at.wildcard and self.at.zone:
            return text("open to the world on {interface}", interface=self.at.zone)
        if self.at.wildcard:
            return text("open to the world")
        if self.at.public:
            return text("open to the world on one address")
        return text("on one address")


@rule(
    section="network",
    component=LISTENERS,
    needs=("sockets",),
    uses=("socket_processes",),
    worst="P3",
    if_ignored=text("whoever reaches the port reaches a program that may do anything on the host"),
)
def listening_ports(
    host: HostContext, sockets: Sockets, socket_processes: Processes | Missing
) -> Iterator[Verdict]:
    """Every port something listens on: to whom it is open, which unit it is, as which user.

    Means: ok, unless everything that answers on the port runs as root and the port is open to
    the world, which is degraded (P3). Open to the world is what listens on all addresses of the
    host or of an interface, or on an address of the open internet; the others are loopback only,
    or on one address. Where a process of another user holds the socket too, root only holds it
    for the one that answers (nginx, Apache). Root by design, and therefore ok, are:

        systemd itself (init.scope), for a socket unit    it answers nothing; a service that
                                                          holds the socket too is judged itself
        sshd, vsftpd                                      sessions as any user
        Postfix master, dovecot, inetd, xinetd            each connection to an own service
        dhclient, dhcpcd                                  they set the host's address

    by their programs' full paths. A profile's `root_listeners` (shell patterns of units or
    program paths) stands in the place of this list.

    Who holds a socket and is not shown (another user's process, for a reader that is not root)
    makes the listener unknown. UDP sockets on ports that Linux picks (32768 to 60999) are counted
    in one finding: clients have them for the length of a question, and no number stays.

    Why: a hole in a service that runs as root and is open to the world is the whole host's.

    Evidence: sockets_open (ss), sockets_processes (/proc/PID of the processes in it).

    Limits: firewalls and cloud rules are not seen, nor sockets in other network namespaces
    (containers, PrivateNetwork=), nor what a root process gives up beside its user (capabilities,
    seccomp).

    Source: ss(8), sshd(8), master(8postfix), systemd.socket(5), ip(7) ip_local_port_range.
    """
    found = listeners_of(sockets, socket_processes, host)
    picked = [one for one in found if one.proto == "udp" and one.at.port in PICKED]
    allowed = host.profiles.root_listeners()
    for listener in found:
        if listener not in picked:
            yield _judged(listener, sockets, socket_processes, host, allowed)
    if picked:
        yield _picked(picked, sockets, socket_processes)
    if sockets.unread:
        why = text("lines that no socket can be read in: {count}", count=len(sockets.unread))
        yield Verdict(
            subject="unread",
            status="unknown",
            running="unknown",
            component=LISTENERS,
            message=text("listeners may be missing here: {why}", why=why),
            citations=(Citation(sockets.record, "\n".join(sockets.unread[:_LINES])),),
            missing=(Missing(sockets.record, why),),
        )


def listeners_of(
    sockets: Sockets, processes: Processes | Missing, host: HostContext
) -> list[Listener]:
    """Return every listener with its owner, ordered by protocol and address."""
    groups: dict[tuple[str, End], list[Socket]] = {}
    for socket in sockets.listening:
        groups.setdefault((socket.proto, socket.local), []).append(socket)
    return [
        Listener(proto, at, tuple(same), owner_of(same, sockets, processes, host))
        for (proto, at), same in sorted(groups.items(), key=lambda pair: pair[0])
    ]


def _judged(
    listener: Listener,
    sockets: Sockets,
    processes: Processes | Missing,
    host: HostContext,
    allowed: tuple[str, ...] | None,
) -> Verdict:
    owner = listener.owner
    citations = _citations([listener], sockets, processes)
    if owner.missing:
        return Verdict(
            subject=listener.subject,
            status="unknown",
            running="yes",
            component=LISTENERS,
            message=text(
                "{listener} listens, but whose it is is not known: {why}",
                listener=listener.subject,
                why=owner.missing[0].reason,
            ),
            citations=citations,
            missing=owner.missing,
        )
    reasons = [_excuse(process, allowed) for process in owner.serving if process.uid == 0]
    all_root = len(reasons) == len(owner.serving)
    alarm = listener.open and all_root and None in reasons
    profile = next(
        (one for unit in owner.units if (one := host.profiles.owner(unit)) is not None), None
    )
    known = tuple(dict.fromkeys(reason for reason in reasons if reason is not None))
    return Verdict(
        subject=listener.subject,
        status="degraded" if alarm else "ok",
        severity="P3" if alarm else None,
        running="yes",
        component=LISTENERS,
        application=profile.name if profile else None,
        message=text(
            "{proto} port {port} at {address} ({reach}): {unit} as {user}, {executable}; whoever "
            "breaks into it has the whole host"
            if alarm
            else "{proto} port {port} at {address} ({reach}): {unit} as {user}, {executable}",
            proto=listener.proto,
            port=str(listener.at.port),
            address=listener.at.host,
            reach=listener.reach,
            unit=owner.shown,
            user=", ".join(owner.users),
            executable=", ".join(owner.executables) or text("program not shown"),
        ),
        citations=citations,
        details=(
            *(
                text("as root by design: {reason}", reason=reason)
                for reason in known
                if listener.open and all_root and not alarm
            ),
            *_outdated(owner),
        ),
    )


def _outdated(owner: Owner) -> Iterator[Text]:
    if any(process.replaced for process in owner.serving):
        yield text("its program was replaced or removed since it started: it runs the old one")


def _excuse(process: Process, allowed: tuple[str, ...] | None) -> Text | None:
    """Return why a process may listen as root; None if nothing says so."""
    if process.unit == INIT and process.pid == 1:
        return text("systemd holds it for a socket unit and hands it to the service")
    if allowed is None:
        return ROOT_BY_DESIGN.get(process.executable or "")
    names = [name for name in (process.unit, process.executable) if name]
    matched = any(fnmatch.fnmatchcase(name, one) for name in names for one in allowed)
    return _BY_PROFILE if matched else None


def _picked(listeners: list[Listener], sockets: Sockets, processes: Processes | Missing) -> Verdict:
    missing = tuple(dict.fromkeys(gap for one in listeners for gap in one.owner.missing))
    names = sorted({str(one.owner.shown) for one in listeners if one.owner.processes})
    return Verdict(
        subject="udp/picked",
        status="unknown" if missing else "ok",
        running="yes",
        component=LISTENERS,
        message=text(
            "UDP sockets on ports that Linux picks (32768 to 60999): {count}, of {names}"
            if names
            else "UDP sockets on ports that Linux picks (32768 to 60999): {count}, not known whose",
            count=len(listeners),
            names=", ".join(names),
        ),
        citations=_citations(listeners, sockets, processes),
        missing=missing,
    )


def _citations(
    listeners: list[Listener], sockets: Sockets, processes: Processes | Missing
) -> tuple[Citation, ...]:
    cited = [sockets.cite(*(socket for one in listeners for socket in one.sockets))]
    held = {process.pid: process for one in listeners for process in one.owner.processes}
    if held and not isinstance(processes, Missing):
        cited.append(processes.cite(*held.values()))
    return tuple(cited)

"""Rule on the ports a profile says something listens on."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Verdict
from reporter.messages import Value, text
from reporter.parsers.sockets_open import Sockets
from reporter.profile import Profiles

__all__ = ["expected_ports"]

EXPECTED = text("Expected ports")


def _subject(port: int) -> str:
    return f"port/{port}"


def _expected(profiles: Profiles) -> Iterator[str]:
    return (_subject(port) for port in profiles.expected_ports())


def _called(port: int, profiles: Profiles) -> Value:
    """Return the port, with what the profiles say it is a part of."""
    titles = [one.title for profile in profiles for one in profile.components if port in one.ports]
    if not titles:
        return str(port)
    return text("{port} ({components})", port=str(port), components=", ".join(titles))


@rule(
    section="network",
    component=EXPECTED,
    needs=("sockets",),
    worst="P2",
    if_ignored=text("clients of the port get no answer"),
    subjects=_expected,
    subjects_only=True,
)
def expected_ports(host: HostContext, sockets: Sockets) -> Iterator[Verdict]:
    """The ports an application's profile expects (`expected_ports`): whether anything listens.

    Means: ok where a TCP or UDP socket listens on the port, on whatever address; down (P2) where
    none does; unknown where the list of sockets was cut or not wholly readable.

    Why: what connects to the port fails, although the unit behind it may be called active.

    Evidence: sockets_open (ss), which shows every user the listeners of all users.

    Limits: that something listens does not say that it answers, nor that it is the application:
    listening_ports names the unit. Sockets in other network namespaces (containers,
    PrivateNetwork=) are not seen.

    Source: ss(8).
    """
    for port in host.profiles.expected_ports():
        yield _judged(port, sockets, host.profiles)


def _judged(port: int, sockets: Sockets, profiles: Profiles) -> Verdict:
    owner = profiles.port_owner(port)
    application = owner.name if owner else None
    found = sorted(
        (socket for socket in sockets.listening if socket.local.port == port),
        key=lambda socket: (socket.proto, socket.local),
    )
    if found:
        places = dict.fromkeys(f"{socket.proto} {socket.local}" for socket in found)
        return Verdict(
            subject=_subject(port),
            status="ok",
            running="yes",
            component=EXPECTED,
            application=application,
            message=text(
                "port {port} is listened on: {places}", port=str(port), places=", ".join(places)
            ),
            citations=(sockets.cite(*found),),
        )
    if not sockets.complete:
        why = text("its output was cut or not wholly readable, so some sockets are not known")
        return Verdict(
            subject=_subject(port),
            status="unknown",
            running="unknown",
            component=EXPECTED,
            application=application,
            message=text(
                "no listener was seen on port {port}; whether there is one is not known",
                port=str(port),
            ),
            missing=(Missing(sockets.record, why),),
        )
    count = sum(1 for _ in sockets.listening)
    return Verdict(
        subject=_subject(port),
        status="down",
        severity="P2",
        running="no",
        component=EXPECTED,
        application=application,
        message=text(
            "nothing listens on port {port}, although {application} expects it: none of the "
            "{count} TCP and UDP listeners of any address and user has it",
            port=_called(port, profiles),
            application=owner.title if owner else "?",
            count=count,
        ),
        citations=(sockets.cite(),),
    )

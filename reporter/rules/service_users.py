"""Rule on the services of an application that run as root."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Verdict
from reporter.messages import some, text
from reporter.parsers.systemd_units import Unit, Units
from reporter.profile import Profile, Profiles, matches

__all__ = ["root_services"]

ROOT = text("Services that run as root")

_ROOT = frozenset({"", "root", "0"})
_SHOWN = 20


def _applications(profiles: Profiles) -> Iterator[str]:
    return (one.name for one in profiles if one.units or one.expected_units)


@rule(
    section="services",
    component=ROOT,
    needs=("units",),
    worst="P3",
    if_ignored=text("a fault in the service is a fault of the whole host"),
    subjects=_applications,
    subjects_only=True,
)
def root_services(host: HostContext, units: Units) -> Iterator[Verdict]:
    """Services of an application that run as root, in one finding for each application.

    Means: degraded (P3) where some do: their unit names no user, or root. Units that fit a pattern
    of the profile's `root_units` may. Those whose user is not shown make the finding unknown where
    none is known to run as root.

    Why: what breaks into one of them, or a mistake in it, has the whole host. An application that
    needs no more than its own files and a network does not need root.

    Evidence: systemd_units (User=; systemd itself fills it in for DynamicUser=yes).

    Limits: units in memory alone. A service may give root up by itself after its start, as nginx
    does for its workers. What root is left with (CapabilityBoundingSet=, NoNewPrivileges= and the
    like) is not looked at.

    Source: systemd.exec(5) User=, DynamicUser=.
    """
    for profile in host.profiles:
        own = [
            unit
            for unit in units.of("service")
            if unit.load_state == "loaded" and host.profiles.owner(unit.name) == profile
        ]
        if own:
            yield _judged(profile, own)


def _judged(profile: Profile, own: list[Unit]) -> Verdict:
    root = [unit for unit in own if unit.user in _ROOT]
    allowed = [unit for unit in root if matches(unit.name, profile.root_units)]
    wrong = [unit for unit in root if unit not in allowed]
    unknown = [unit for unit in own if unit.user is None]
    if wrong:
        return Verdict(
            subject=profile.name,
            status="degraded",
            severity="P3",
            component=ROOT,
            application=profile.name,
            message=text(
                "{title}: {count} of {all} services run as root: {names}",
                title=profile.title,
                count=len(wrong),
                all=len(own),
                names=some([unit.name for unit in wrong], _SHOWN),
            ),
            citations=tuple(unit.cite("Id", "User") for unit in wrong),
        )
    if unknown:
        return Verdict(
            subject=profile.name,
            status="unknown",
            running="unknown",
            component=ROOT,
            application=profile.name,
            message=text(
                "{title}: the users of {count} of {all} services were not shown",
                title=profile.title,
                count=len(unknown),
                all=len(own),
            ),
            citations=tuple(unit.cite("Id", "User") for unit in unknown[:_SHOWN]),
        )
    return Verdict(
        subject=profile.name,
        status="ok",
        component=ROOT,
        application=profile.name,
        message=text(
            "{title}: none of {all} services runs as root that may not; {allowed} may",
            title=profile.title,
            all=len(own),
            allowed=len(allowed),
        ),
        citations=tuple(unit.cite("Id", "User") for unit in own[:_SHOWN]),
    )

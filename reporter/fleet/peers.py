"""Which hosts can be compared: those of the same groups of the inventory, else applications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.fleet.engine import Fleet, FleetHost
from reporter.messages import Text, text

__all__ = ["Scope", "scopes"]

_EVERYBODYS = frozenset({"all", "ungrouped"})


@dataclass(frozen=True)
class Scope:
    """Hosts that should be alike, and in what: an application's things, or all of a host's.

    `versions` says whether the hosts' own versions are compared here: once for hosts that are
    compared for several applications.
    """

    hosts: tuple[FleetHost, ...]
    groups: tuple[str, ...]
    application: str | None
    whole: bool
    versions: bool

    @property
    def subject(self) -> str:
        """What identifies it from run to run: `shop@web`, `shop`, `@web`."""
        groups = f"@{'+'.join(self.groups)}" if self.groups else ""
        return f"{self.application or ''}{groups}"

    @property
    def title(self) -> Text:
        """How it is called in a sentence."""
        groups = " + ".join(self.groups)
        if self.application is None:
            return text("the group {groups}", groups=groups)
        if not self.groups:
            return text("the application {application}", application=self.application)
        return text(
            "the application {application} in the group {groups}",
            application=self.application,
            groups=groups,
        )


def scopes(fleet: Fleet) -> Iterator[Scope]:
    """Yield what is compared with what, where there are at least two hosts.

    Hosts are peers if they are in exactly the same groups of the inventory. Where none is known
    (an older archive, or hosts in no group), they are if they have the same applications.
    """
    peers: dict[tuple[tuple[str, ...], tuple[str, ...]], list[FleetHost]] = {}
    for host in fleet.hosts:
        groups = tuple(sorted(set(host.groups) - _EVERYBODYS))
        names = tuple(profile.name for profile in host.profiles)
        key = (groups, ()) if groups else ((), names)
        if groups or names:
            peers.setdefault(key, []).append(host)
    for (groups, _), hosts in sorted(peers.items()):
        yield from _of_peers(groups, tuple(hosts))


def _of_peers(groups: tuple[str, ...], hosts: tuple[FleetHost, ...]) -> Iterator[Scope]:
    names = sorted({profile.name for host in hosts for profile in host.profiles})
    if len(hosts) < 2:
        return
    if groups:
        yield Scope(hosts, groups, None, whole=not names, versions=True)
    for name in names:
        having = tuple(
            host for host in hosts if any(profile.name == name for profile in host.profiles)
        )
        if len(having) > 1:
            first = not groups and name == names[0]
            yield Scope(having, groups, name, whole=False, versions=first)

"""What of hosts is compared, aspect by aspect: a unit's state, a setting's value, a file's hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from reporter.findings import Citation, Missing, Severity
from reporter.fleet.engine import FleetHost
from reporter.fleet.peers import Scope
from reporter.messages import Text, text
from reporter.state.files import HIDDEN
from reporter.state.model import Kind, Thing, Value

__all__ = [
    "ABSENT",
    "EMPTY",
    "NONE",
    "THERE",
    "TOPICS",
    "Aspect",
    "Topic",
    "aspects_of",
    "cited",
    "unseen",
]

ABSENT = ""
"""The value of what is not there."""

THERE = "\1there"
"""The value of what is there, whatever else is known of it."""

NONE = "\1none"
"""The value of a trait that is there and empty."""

EMPTY = "\1empty"
"""The value of a setting without one, and of a file without content."""


@dataclass(frozen=True)
class Aspect:
    """One thing that could be alike on all hosts, with its value by host, where that is known.

    `trait` is what of the thing it is, "" for whether it is there at all; `title` says it.
    """

    kind: Kind
    thing: str
    trait: str
    values: Mapping[str, str]
    title: Text | None = None

    @property
    def shown(self) -> Text:
        """The name of it, for a reader."""
        if self.title is None:
            return text("{thing}", thing=self.thing)
        if self.kind == "host":
            return self.title
        return text("{thing} ({trait})", thing=self.thing, trait=self.title)

    def differs(self, hosts: int) -> bool:
        """Say whether the values differ; `hosts` are all that are compared, known or not.

        A setting, a command line or a model that is different on each of three hosts or more is
        each host's own: its name or address is in it, or it was made there.
        """
        different = len(set(self.values.values()))
        own = hosts > 2 and different == len(self.values) and ABSENT not in self.values.values()
        return different > 1 and not (own and self._may_be_own)

    @property
    def _may_be_own(self) -> bool:
        return self.trait in {"command", "content"} or (
            self.kind == "env_file" and self.trait != ""
        )

    def groups(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return each value with its hosts, that of the most hosts first."""
        found: dict[str, list[str]] = {}
        for host in sorted(self.values):
            found.setdefault(self.values[host], []).append(host)
        ordered = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        return [(value, tuple(hosts)) for value, hosts in ordered]


@dataclass(frozen=True)
class Trait:
    """What is compared of a thing: how it is called, and how it is read; None: not known."""

    title: Text
    read: Callable[[Thing], str | None]


def _plain(name: str, title: Text) -> Trait:
    return Trait(title, lambda thing: _shown(thing.traits.get(name)))


def _shown(value: Value | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, tuple):
        return ", ".join(value) or NONE
    return str(value) or NONE


def _running(thing: Thing) -> str | None:
    """Return whether it runs; what starts when it is needed may or may not."""
    found = thing.text("running")
    return found if thing.text("wakes") != "yes" and found in {"yes", "no", "restarting"} else None


def _command(thing: Thing) -> str | None:
    lines = thing.several("command")
    return None if not lines else "; ".join(lines)


def _commit(thing: Thing) -> str | None:
    commit = thing.text("commit")
    return commit[:12] if commit else None


def _dirty(thing: Thing) -> str | None:
    changed = thing.number("dirty")
    return None if changed is None else ("yes" if changed else "no")


def _content(thing: Thing) -> str | None:
    for trait in ("sha256", "head_sha256"):
        found = thing.text(trait)
        if found:
            return found[:12]
    size = thing.number("size")
    return EMPTY if size == 0 else None


@dataclass(frozen=True)
class Topic:
    """What one finding compares: the kinds of things, and what of each."""

    name: str
    title: Text
    severity: Severity
    traits: Mapping[Kind, Mapping[str, Trait]]

    @property
    def of_hosts(self) -> bool:
        """Whether it is about the hosts themselves, and not about what is an application's."""
        return self.name == "versions"


_STATE = _plain("file_state", text("unit file state"))
_RUNNING = Trait(text("running"), _running)

TOPICS = (
    Topic(
        "versions",
        text("Versions"),
        "P3",
        {
            "host": {
                "os": _plain("os", text("operating system")),
                "kernel": _plain("kernel", text("kernel")),
                "machine": _plain("machine", text("machine type")),
                "systemd": _plain("systemd", text("systemd")),
            },
            "redis": {"version": _plain("version", text("version"))},
        },
    ),
    Topic(
        "units",
        text("Units"),
        "P2",
        {
            "unit": {
                "file_state": _STATE,
                "running": _RUNNING,
                "command": Trait(text("command line"), _command),
                "user": _plain("user", text("user")),
            },
            "drop_in": {"settings": _plain("settings", text("settings"))},
        },
    ),
    Topic(
        "timers",
        text("Timers"),
        "P2",
        {
            "timer": {
                "file_state": _STATE,
                "running": _RUNNING,
                "schedule": _plain("schedule", text("schedule")),
            }
        },
    ),
    Topic(
        "listeners",
        text("Listeners"),
        "P2",
        {
            "listener": {
                "reach": _plain("reach", text("open to")),
                "units": _plain("units", text("unit")),
            }
        },
    ),
    Topic(
        "code",
        text("Checkouts"),
        "P2",
        {
            "checkout": {
                "commit": Trait(text("commit"), _commit),
                "branch": _plain("branch", text("branch")),
                "dirty": Trait(text("files that differ from the commit"), _dirty),
            }
        },
    ),
    Topic("settings", text("Settings"), "P2", {"env_file": {}}),
    Topic("models", text("Models"), "P2", {"model": {"content": Trait(text("content"), _content)}}),
)
"""In the order they are told."""


def aspects_of(topic: Topic, scope: Scope) -> Iterator[Aspect]:
    """Yield every aspect of the topic that at least two hosts show."""
    for kind, traits in topic.traits.items():
        for name in sorted(_names(kind, scope, topic)):
            yield from _of_thing(kind, name, traits, scope)
            if kind == "env_file":
                yield from _settings(name, scope)


def _names(kind: Kind, scope: Scope, topic: Topic) -> set[str]:
    return {
        thing.name
        for host in scope.hosts
        for thing in host.state.of(kind)
        if scope.whole or topic.of_hosts or thing.application == scope.application
    }


def _of_thing(kind: Kind, name: str, traits: Mapping[str, Trait], scope: Scope) -> Iterator[Aspect]:
    found = {host.name: host.state.get(kind, name) for host in scope.hosts}
    there = {
        host.name: ABSENT if found[host.name] is None else THERE
        for host in scope.hosts
        if found[host.name] is not None or not host.state.gaps.get(kind)
    }
    if kind != "host" and len(there) > 1:
        yield Aspect(kind, name, "", there)
    for trait, how in traits.items():
        values = {
            host: value
            for host, thing in found.items()
            if thing is not None and (value := how.read(thing)) is not None
        }
        if len(values) > 1:
            yield Aspect(kind, name, trait, values, how.title)


def _settings(path: str, scope: Scope) -> Iterator[Aspect]:
    """Yield the settings of a file, but those hidden under another key than that of most hosts."""
    usual = _usual_key(scope)
    by_host: dict[str, dict[str, str]] = {}
    for host in scope.hosts:
        file = host.state.get("env_file", path)
        lines = None if file is None else file.several("settings")
        if lines is not None:
            by_host[host.name] = dict(_pairs(lines, host.key_id == usual and usual is not None))
    names = sorted({name for settings in by_host.values() for name in settings})
    for name in names:
        values = {
            host: settings.get(name, ABSENT)
            for host, settings in by_host.items()
            if settings.get(name) != _OTHER_KEY
        }
        if len(values) > 1:
            yield Aspect("env_file", path, name, values, text("{name}", name=name))


_OTHER_KEY = "\0"
"""The value of a setting whose fingerprint cannot be compared."""


def _pairs(lines: tuple[str, ...], comparable: bool) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition("=")
        if value.startswith(HIDDEN):
            yield name, value if comparable else _OTHER_KEY
        else:
            yield name, value or EMPTY


def _usual_key(scope: Scope) -> str | None:
    """Return the fingerprint key that most of the hosts share."""
    counted = Counter(host.key_id for host in scope.hosts if host.key_id is not None)
    return min(counted, key=lambda key: (-counted[key], key), default=None)


def unseen(topic: Topic, scope: Scope) -> Iterator[Missing]:
    """Yield what is missing of some hosts, so that they may differ unseen.

    What no host was asked for is not compared, and nothing is missing of it.
    """
    usual = _usual_key(scope)
    asked = frozenset[str]().union(*(host.asked for host in scope.hosts))
    for host in scope.hosts:
        for kind in topic.traits:
            for gaps in (host.state.gaps, host.state.unshown):
                for gap in gaps.get(kind, ()):
                    if gap.probe.partition("[")[0] in asked:
                        yield replace(gap, host=host.name)
        if topic.name == "settings" and host.key_id != usual and _hides(host, scope):
            yield Missing(
                "",
                text(
                    "its settings were fingerprinted with another key; give all hosts one "
                    "(collect_fingerprint_key)"
                ),
                host.name,
            )


def _hides(host: FleetHost, scope: Scope) -> bool:
    """Say whether a file of the scope on this host has a setting whose value stayed there."""
    return any(
        f"={HIDDEN}" in line
        for file in host.state.of("env_file")
        if scope.whole or file.application == scope.application
        for line in file.several("settings") or ()
    )


def cited(aspect: Aspect, host: FleetHost) -> Citation | None:
    """Return the citation of what an aspect is read from on a host; None where it is not there."""
    thing = host.state.get(aspect.kind, aspect.thing)
    if thing is None or thing.cited is None:
        return None
    return replace(thing.cited, host=host.name)

"""The words of a diff for things and their traits."""

from __future__ import annotations

from collections.abc import Mapping

from reporter.messages import Text, text
from reporter.rules.times import at
from reporter.state.model import Kind, Thing, Value
from reporter.state.words import REACHES

__all__ = ["added", "changed", "moment", "removed", "shown", "thing_name", "trait_name"]

_LONGEST = 80
_MOST = 5

_BARE = text("{name}")
_NAMES: Mapping[Kind, Text] = {
    "drop_in": text("the drop-in {name}"),
    "listener": text("port {name}"),
    "checkout": text("the checkout {name}"),
    "env_file": text("the environment file {name}"),
    "model": text("the model file {name}"),
    "redis": text("the Redis server {name}"),
    "stream": text("the stream {name}"),
    "group": text("the consumer group {name}"),
    "cron": text("the cron job {name}"),
    "container": text("the container {name}"),
    "file_system": text("the file system on {name}"),
    "site": text("the site {name}"),
}

_TRAITS: Mapping[str, Text] = {
    "os": text("operating system"),
    "kernel": text("kernel"),
    "kernel_build": text("build of the kernel"),
    "machine": text("machine type"),
    "cpus": text("processors"),
    "virtualization": text("virtualisation"),
    "systemd": text("systemd"),
    "file_state": text("unit file state"),
    "load": text("load state"),
    "command": text("command line"),
    "user": text("user"),
    "users": text("user"),
    "type": text("Type="),
    "restart": text("Restart="),
    "folder": text("working directory"),
    "fragment": text("unit file"),
    "env_files": text("environment files"),
    "running": text("running"),
    "schedule": text("schedule"),
    "starts": text("what it starts"),
    "settings": text("settings"),
    "addresses": text("addresses"),
    "units": text("unit"),
    "program": text("program"),
    "commit": text("commit"),
    "branch": text("branch"),
    "remotes": text("remotes"),
    "changed_files": text("files that differ from the commit"),
    "content": text("content"),
    "target": text("target"),
    "version": text("version"),
    "role": text("role"),
    "memory_limit": text("memory limit"),
    "memory_policy": text("eviction policy"),
    "append_only": text("append-only file"),
    "image": text("image"),
    "runs": text("running"),
    "ports": text("ports"),
    "source": text("device"),
    "writing": text("writing"),
    "names": text("names"),
    "passes_to": text("targets"),
    "file": text("file"),
    "mode": text("mode"),
    "owner": text("owner"),
}


def thing_name(thing: Thing) -> Text:
    """Return how a thing is called in a sentence."""
    return _NAMES.get(thing.kind, _BARE).filled(name=thing.name)


def trait_name(trait: str) -> Text:
    """Return how a trait is called."""
    return _TRAITS[trait]


def added(thing: Thing) -> Text:
    """Say that a thing is there that was not."""
    name = thing_name(thing)
    if thing.kind == "listener":
        return text(
            "{what} was opened: {reach}, by {units}",
            what=name,
            reach=_reach(thing),
            units=_holders(thing),
        )
    if thing.kind == "drop_in":
        return text("{what} was added: {settings}", what=name, settings=_settings(thing))
    if thing.kind == "file_system":
        return text("{what} was mounted ({source})", what=name, source=_of(thing, "source"))
    if thing.kind == "checkout":
        return text("{what} was added, at commit {commit}", what=name, commit=_of(thing, "commit"))
    return text("{what} was added", what=name)


def removed(thing: Thing) -> Text:
    """Say that a thing is not there that was."""
    name = thing_name(thing)
    if thing.kind == "listener":
        return text(
            "{what} was closed ({reach}, by {units})",
            what=name,
            reach=_reach(thing),
            units=_holders(thing),
        )
    if thing.kind == "file_system":
        return text("{what} is not mounted any more", what=name)
    return text("{what} is not there any more", what=name)


def changed(thing: Thing, trait: str, old: Value | None, new: Value | None) -> Text:
    """Say what of a thing changed; of lists, what was added and what was taken away."""
    what = thing_name(thing)
    if trait == "reach":
        return text(
            "{what}: was {old}, is {new}", what=what, old=_of_reach(old), new=_of_reach(new)
        )
    name = trait_name(trait)
    if isinstance(old, tuple) and isinstance(new, tuple):
        more = tuple(one for one in new if one not in old)
        less = tuple(one for one in old if one not in new)
        if more and less:
            return text(
                "{what}, {trait}: now {more}, no longer {less}",
                what=what,
                trait=name,
                more=shown(more),
                less=shown(less),
            )
        if more:
            return text("{what}, {trait}: now also {more}", what=what, trait=name, more=shown(more))
        if less:
            return text(
                "{what}, {trait}: no longer {less}", what=what, trait=name, less=shown(less)
            )
        return text("{what}, {trait}: in another order", what=what, trait=name)
    if trait == "reach":
        return text(
            "{what}: was {old}, is {new}", what=what, old=_of_reach(old), new=_of_reach(new)
        )
    return text(
        "{what}, {trait}: was {old}, is {new}",
        what=what,
        trait=name,
        old=shown(old),
        new=shown(new),
    )


def shown(value: Value | None) -> Text:
    """Return a value as a reader sees it, cut where it is long."""
    if value is None or value in ("", ()):
        return text("none")
    if isinstance(value, tuple):
        names = ", ".join(_short(one) for one in value[:_MOST])
        more = len(value) - _MOST
        return (
            text("{names} and {more} more", names=names, more=more)
            if more > 0
            else text("{names}", names=names)
        )
    return text("{value}", value=_short(str(value)))


def moment(thing: Thing, trait: str) -> str:
    """Return a moment of a thing as ISO 8601."""
    found = thing.number(trait)
    return "?" if found is None else at(found)


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"


def _of(thing: Thing, trait: str) -> Text:
    return shown(thing.traits.get(trait))


def _reach(thing: Thing) -> Text:
    return _of_reach(thing.text("reach"))


def _holders(thing: Thing) -> Text:
    """Return who listens: the units, or where it is none's the programs."""
    units = thing.several("units") or thing.units
    programs = thing.several("program")
    if not units and programs:
        return text("{programs}, of no unit", programs=shown(programs))
    return shown(units) if units else text("a program that was not seen")


def _of_reach(reach: Value | None) -> Text:
    known = REACHES.get(reach) if isinstance(reach, str) else None
    return known or text("open to whom is not known")


def _settings(thing: Thing) -> Text:
    settings = thing.several("settings")
    return text("what it sets is not known") if settings is None else shown(settings)

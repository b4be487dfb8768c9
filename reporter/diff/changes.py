"""Changes of what is there: things that came, went or changed, and what was started anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.diff.env import env_file_changes
from reporter.diff.model import NotCompared, StateChange, TraitChange
from reporter.diff.wording import added, changed, moment, removed
from reporter.messages import Text, text
from reporter.state.model import KINDS, HostState, Kind, Thing, Value

__all__ = ["not_compared", "rebooted", "state_changes"]

_TRAITS: Mapping[Kind, tuple[str, ...]] = {
    "host": ("os", "kernel", "kernel_build", "machine", "cpus", "virtualization", "systemd"),
    "unit": (
        "file_state",
        "load",
        "fragment",
        "command",
        "user",
        "folder",
        "type",
        "restart",
        "env_files",
    ),
    "timer": ("file_state", "load", "fragment", "schedule", "starts"),
    "drop_in": ("settings",),
    "listener": ("reach", "addresses", "units", "users", "program"),
    "checkout": ("commit", "branch", "remotes", "changed_files"),
    "redis": ("version", "role", "memory_limit", "memory_policy", "append_only"),
    "container": ("image", "runs", "ports"),
    "file_system": ("source", "writing"),
    "site": ("names", "passes_to", "file"),
}
"""What of a thing is compared as it is; what has its own comparison is not in it."""

_ORDER: tuple[Kind, ...] = (
    "host",
    "redis",
    "unit",
    "timer",
    "drop_in",
    "listener",
    "checkout",
    "env_file",
    "model",
    "site",
    "container",
    "cron",
    "stream",
    "group",
    "file_system",
)


def state_changes(old: HostState, new: HostState, looping: frozenset[str]) -> Iterator[StateChange]:
    """Yield what changed, kind by kind. `looping` are units in a restart loop on both sides.

    What is not there is gone only where the other side would have shown it. A unit that loops has
    its ports open by turns, and starts anew all the time: that is no change.
    """
    reboot = rebooted(old, new) is True
    host = new.get("host", "host")
    if reboot and host is not None:
        yield StateChange(
            "host",
            "host",
            "rebooted",
            text("the host was booted at {at}", at=moment(host, "booted_at")),
        )
    for kind in _ORDER:
        before = {thing.name: thing for thing in old.of(kind)}
        now = {thing.name: thing for thing in new.of(kind)}
        for name in sorted(before.keys() | now.keys()):
            yield from _of_thing(before.get(name), now.get(name), old, new, looping, reboot)


def _of_thing(
    before: Thing | None,
    now: Thing | None,
    old: HostState,
    new: HostState,
    looping: frozenset[str],
    reboot: bool,
) -> Iterator[StateChange]:
    if before is None and now is not None:
        if not old.gaps.get(now.kind) and not _flaps(now, looping):
            yield StateChange(now.kind, now.name, "added", added(now), now.units)
    elif now is None and before is not None:
        if not new.gaps.get(before.kind) and not _flaps(before, looping):
            yield StateChange(before.kind, before.name, "removed", removed(before), before.units)
    elif before is not None and now is not None:
        yield from _of_both(before, now, looping, reboot)


def _flaps(thing: Thing, looping: frozenset[str]) -> bool:
    return thing.kind == "listener" and any(unit in looping for unit in thing.units)


def _of_both(
    before: Thing, now: Thing, looping: frozenset[str], reboot: bool
) -> Iterator[StateChange]:
    if now.kind == "env_file":
        yield from env_file_changes(before, now)
        return
    if now.kind == "model":
        yield from _model(before, now)
        return
    for trait in _TRAITS.get(now.kind, ()):
        was, value = before.traits.get(trait), now.traits.get(trait)
        if was is not None and value is not None and was != value:
            yield _changed(now, trait, was, value)
    if now.kind in ("unit", "timer") and now.name not in looping:
        yield from _running(before, now)
    if now.kind == "unit" and now.name not in looping and not reboot:
        yield from _restarted(before, now)
    if now.kind == "stream":
        yield from _stream(before, now)
    if now.kind == "redis" and not reboot:
        yield from _redis_restarted(before, now)


def _changed(thing: Thing, trait: str, was: Value, value: Value) -> StateChange:
    message = changed(thing, trait, was, value)
    change = TraitChange(trait, was, value)
    return StateChange(thing.kind, thing.name, "changed", message, thing.units, (change,))


def _running(before: Thing, now: Thing) -> Iterator[StateChange]:
    """Yield a stop or a start, but not of what starts when it is needed, nor states in between."""
    was, runs = before.text("running"), now.text("running")
    if was == runs or not {was, runs} <= {"yes", "no"} or now.text("wakes") == "yes":
        return
    yield StateChange(
        now.kind,
        now.name,
        "changed",
        text("{name} was stopped", name=now.name)
        if runs == "no"
        else text("{name} was started", name=now.name),
        now.units,
        (TraitChange("running", was, runs),),
    )


def _restarted(before: Thing, now: Thing) -> Iterator[StateChange]:
    """Yield that a unit that ran and runs has another start: by systemd's Restart=, or not."""
    was, started = before.number("started_at"), now.number("started_at")
    both_run = before.text("running") == now.text("running") == "yes"
    if was is None or started is None or started <= was or not both_run:
        return
    if now.text("wakes") == "yes":
        return
    old_count, count = before.number("restarts"), now.number("restarts")
    traits: tuple[TraitChange, ...] = (TraitChange("started_at", was, started),)
    if old_count is None or count is None:
        message = text("{name} was restarted, last at {at}", name=now.name, at=moment(now, _AT))
    elif count > old_count:
        message = text(
            "{name} ended and was restarted by systemd (NRestarts {old}, now {new}), last at {at}",
            name=now.name,
            old=int(old_count),
            new=int(count),
            at=moment(now, _AT),
        )
        traits = (*traits, TraitChange("restarts", old_count, count))
    else:
        message = text(
            "{name} was restarted, last at {at}, and not by its Restart=",
            name=now.name,
            at=moment(now, _AT),
        )
    yield StateChange(now.kind, now.name, "restarted", message, now.units, traits)


_AT = "started_at"


def _redis_restarted(before: Thing, now: Thing) -> Iterator[StateChange]:
    was, run = before.text("run_id"), now.text("run_id")
    if was is not None and run is not None and was != run:
        yield StateChange(
            now.kind,
            now.name,
            "restarted",
            text("the Redis server {name} was restarted: it has another run_id", name=now.name),
            now.units,
            (TraitChange("run_id", was, run),),
        )


def _stream(before: Thing, now: Thing) -> Iterator[StateChange]:
    """Yield that a stream was made anew, or that entries were taken out and none came."""
    was, length = before.number("length"), now.number("length")
    old_count, count = before.number("entries_added"), now.number("entries_added")
    if was is None or length is None:
        return
    if old_count is not None and count is not None and count < old_count:
        message = text(
            "the stream {name} was made anew, or restored from an older save: {old} entries, now "
            "{new}",
            name=now.name,
            old=int(was),
            new=int(length),
        )
    elif length < was and before.text("last_id") == now.text("last_id"):
        message = text(
            "the stream {name}: entries were taken out and none came: {old}, now {new}",
            name=now.name,
            old=int(was),
            new=int(length),
        )
    else:
        return
    change = TraitChange("length", was, length)
    yield StateChange(now.kind, now.name, "changed", message, now.units, (change,))


def _model(before: Thing, now: Thing) -> Iterator[StateChange]:
    for trait in ("sha256", "head_sha256", "size"):
        was, value = before.traits.get(trait), now.traits.get(trait)
        if was is not None and value is not None:
            if was != value:
                yield StateChange(
                    now.kind,
                    now.name,
                    "changed",
                    _content(now, before, trait),
                    now.units,
                    (TraitChange(trait, was, value),),
                )
            break
    was, value = before.traits.get("target"), now.traits.get("target")
    if was is not None and value is not None and was != value:
        yield _changed(now, "target", was, value)


def _content(now: Thing, before: Thing, trait: str) -> Text:
    """Say that a model's content is another one; by its size where it was not hashed."""
    if trait == "size":
        return text(
            "the model file {name} changed: {old} bytes, now {new}, written at {at}",
            name=now.name,
            old=int(before.number("size") or 0),
            new=int(now.number("size") or 0),
            at=moment(now, "modified"),
        )
    return text(
        "the model file {name} changed: sha256 {old}, now {new}, written at {at}",
        name=now.name,
        old=(before.text(trait) or "?")[:12],
        new=(now.text(trait) or "?")[:12],
        at=moment(now, "modified"),
    )


def rebooted(old: HostState, new: HostState) -> bool | None:
    """Say whether the host was booted between the two; None where that is not known."""
    before, now = old.get("host", "host"), new.get("host", "host")
    was = before.number("booted_at") if before else None
    booted = now.number("booted_at") if now else None
    if was is None or booted is None:
        return None
    return abs(booted - was) > _SAME_BOOT_S


_SAME_BOOT_S = 1.0
"""systemd shows the moment of its start to the second."""


def not_compared(old: HostState, new: HostState) -> Iterator[NotCompared]:
    """Yield the kinds of which one side shows things that the other may have unseen."""
    for kind in KINDS:
        names_before = {thing.name for thing in old.of(kind)}
        names_now = {thing.name for thing in new.of(kind)}
        lost, found = names_before - names_now, names_now - names_before
        if lost and new.gaps.get(kind):
            yield NotCompared(kind, "new", len(lost), new.gaps[kind][0].reason)
        if found and old.gaps.get(kind):
            yield NotCompared(kind, "old", len(found), old.gaps[kind][0].reason)

"""What changed in environment files, as far as fingerprints let it be known.

Values that stay on the host are compared by their fingerprints, which takes one key on both sides.
The archive names the key without telling it (`fingerprint_key_id`). Under two keys a file that
changed is named, the names of its settings and the values that may leave the host are compared,
and which hidden value changed is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.diff.model import StateChange, TraitChange
from reporter.diff.wording import changed, moment, shown, thing_name
from reporter.messages import Text, joined, text
from reporter.parsers.config_files import HIDDEN_NAME
from reporter.state.files import HIDDEN
from reporter.state.model import Thing

__all__ = ["env_file_changes"]


def env_file_changes(old: Thing, new: Thing) -> Iterator[StateChange]:
    """Yield what changed in one environment file that both sides show."""
    what = thing_name(new)
    for trait in ("mode", "owner"):
        was, value = old.text(trait), new.text(trait)
        if was is not None and value is not None and was != value:
            yield _change(new, changed(new, trait, was, value), TraitChange(trait, was, value))
    before_lines, now_lines = old.several("settings"), new.several("settings")
    if before_lines is None or now_lines is None:
        if _written(old, new):
            why = new.text("unread") or old.text("unread") or "?"
            yield _change(
                new,
                text(
                    "{what} was written at {at}; what it sets is not known on both sides: {why}",
                    what=what,
                    at=moment(new, "modified"),
                    why=why,
                ),
            )
        return
    same_key = old.text("key_id") is not None and old.text("key_id") == new.text("key_id")
    before, now = dict(_pairs(before_lines, same_key)), dict(_pairs(now_lines, same_key))
    yield from _settings(old, new, before, now, same_key)


def _settings(
    old: Thing,
    new: Thing,
    before: Mapping[str, str],
    now: Mapping[str, str],
    same_key: bool,
) -> Iterator[StateChange]:
    what = thing_name(new)
    added = tuple(sorted(now.keys() - before.keys()))
    taken = tuple(sorted(before.keys() - now.keys()))
    both = sorted(before.keys() & now.keys())
    moved = tuple(name for name in both if _differs(before[name], now[name], same_key))
    hidden = [
        name
        for name in both
        if name not in moved and not same_key and before[name].startswith(HIDDEN)
    ]
    parts: list[Text] = []
    traits: list[TraitChange] = []
    for name in moved:
        parts.append(_moved(name, before[name], now[name]))
        traits.append(TraitChange(name, _open(before[name]), _open(now[name])))
    if added:
        parts.append(text("added: {names}", names=shown(added)))
        traits.extend(TraitChange(name, None, _open(now[name])) for name in added)
    if taken:
        parts.append(text("taken out: {names}", names=shown(taken)))
        traits.extend(TraitChange(name, _open(before[name]), None) for name in taken)
    unknown = bool(hidden) and _written(old, new)
    if unknown:
        parts.append(
            text(
                "whether one of its {count} hidden values changed is not known, for the two "
                "runs had different fingerprint keys",
                count=len(hidden),
            )
        )
    if parts:
        yield _change(
            new,
            text("{what} changed: {parts}", what=what, parts=joined(parts, "; ")),
            *traits,
        )
    elif old.number("size") != new.number("size") and _written(old, new):
        yield _change(new, text("{what} was written anew; its settings are the same", what=what))


def _differs(before: str, now: str, same_key: bool) -> bool:
    """Say whether a setting surely changed: the class of its length tells, under any key."""
    hidden = before.startswith(HIDDEN), now.startswith(HIDDEN)
    if all(hidden) and not same_key:
        return before.rpartition(" ")[2] != now.rpartition(" ")[2]
    return before != now


def _moved(name: str, before: str, now: str) -> Text:
    if before.startswith(HIDDEN) and now.startswith(HIDDEN):
        return text("{name} has another hidden value", name=name)
    return text("{name} was {old}, is {new}", name=name, old=_value(before), new=_value(now))


def _value(value: str) -> Text:
    return text("a hidden value") if value.startswith(HIDDEN) else shown(value)


def _open(value: str) -> str | None:
    return "hidden" if value.startswith(HIDDEN) else value


def _written(old: Thing, new: Thing) -> bool:
    """Say whether the file was written between the two; so, too, where that is not known."""
    before, now = old.number("modified"), new.number("modified")
    if before is None or now is None:
        return True
    return before != now or old.number("size") != new.number("size")


def _pairs(lines: tuple[str, ...], same_key: bool) -> Iterator[tuple[str, str]]:
    """Yield names and values, but no names that are hidden themselves, under two keys."""
    for line in lines:
        name, _, value = line.partition("=")
        if same_key or not name.startswith(HIDDEN_NAME):
            yield name, value


def _change(thing: Thing, message: Text, *traits: TraitChange) -> StateChange:
    return StateChange(thing.kind, thing.name, "changed", message, thing.units, traits)

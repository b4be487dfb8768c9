"""Holds a profile against its schema, with errors that say what, where, and what was meant.

It knows the words of JSON Schema that `reporter.profile_schema` uses. What a value has to be is
said by its schema's `description`, which follows the word "give".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

from reporter.errors import InputError

__all__ = ["Schema", "check", "nearest"]

Schema = dict[str, Any]

_SHOWN = 60
_NEAR = 0.6


def check(value: Any, schema: Schema, place: str) -> None:
    """Raise `InputError` with the place if a value is not as its schema says."""
    if "anyOf" in schema:
        _check_choices(value, schema, place)
    elif not any(_is(value, name) for name in _types(schema)):
        raise _wrong(value, schema, place)
    elif isinstance(value, dict):
        _check_mapping(value, schema, place)
    elif isinstance(value, list):
        _check_list(value, schema, place)
    elif not _is_allowed(value, schema):
        raise _wrong(value, schema, place)


def nearest(word: str, known: Iterable[str], label: str = "known keys") -> str:
    """Return a hint: the known word that was probably meant, or all of them."""
    words = [str(one) for one in known]
    near = difflib.get_close_matches(word, words, n=1, cutoff=_NEAR)
    return f"did you mean '{near[0]}'?" if near else f"{label}: {', '.join(words)}"


def _check_choices(value: Any, schema: Schema, place: str) -> None:
    """Accept what one choice accepts; else the choice of the value's own type says what is wrong.

    Of several such the last. A choice without a description of its own is described by the whole.
    """
    described = {"description": schema["description"]}
    choices = [{**described, **choice} for choice in schema["anyOf"]]
    alike = [one for one in choices if any(_is(value, name) for name in _types(one))]
    if not alike:
        raise _wrong(value, schema, place)
    for choice in alike[:-1]:
        try:
            return check(value, choice, place)
        except InputError:
            continue
    return check(value, alike[-1], place)


def _check_mapping(value: dict[Any, Any], schema: Schema, place: str) -> None:
    if len(value) < schema.get("minProperties", 0):
        raise _wrong(value, schema, place)
    known, others = schema.get("properties", {}), schema.get("additionalProperties")
    for key, inner in value.items():
        name = _name(key, place)
        if name in known:
            check(inner, known[name], f"{place}.{name}")
        elif isinstance(others, dict):
            if "propertyNames" in schema:
                check(name, schema["propertyNames"], place)
            check(inner, others, f"{place}.{name}")
        else:
            raise InputError(f"{place}: unknown key '{name}'; {nearest(name, known)}")
    for name in schema.get("required", ()):
        if name not in value:
            raise InputError(f"{place}.{name}: give {known[name]['description']}")


def _check_list(value: list[Any], schema: Schema, place: str) -> None:
    if len(value) < schema.get("minItems", 0):
        raise _wrong(value, schema, place)
    for number, item in enumerate(value):
        if "object" in _types(schema["items"]):
            check(item, schema["items"], f"{place}[{number}]")
            continue
        try:
            check(item, {"description": "", **schema["items"]}, place)
        except InputError:
            raise _wrong(item, schema, place) from None


def _name(key: Any, place: str) -> str:
    """Return a mapping's key as JSON has it: ports and ages are numbers in YAML."""
    if isinstance(key, str | int) and not isinstance(key, bool):
        return str(key)
    raise InputError(f"{place}: the key {key!r} is no text; put it in quotes")


def _types(schema: Schema) -> tuple[str, ...]:
    if "anyOf" in schema:
        return tuple(name for choice in schema["anyOf"] for name in _types(choice))
    said = schema.get("type", "string")
    return (said,) if isinstance(said, str) else tuple(said)


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    kinds: dict[str, type | tuple[type, ...]] = {
        "array": list,
        "integer": int,
        "null": type(None),
        "number": (int, float),
        "object": dict,
        "string": str,
    }
    return name in kinds and isinstance(value, kinds[name])


def _is_allowed(value: Any, schema: Schema) -> bool:
    if value is None:
        return True
    if "enum" in schema:
        return bool(value in schema["enum"])
    if isinstance(value, str):
        pattern = schema.get("pattern")
        return len(value) >= schema.get("minLength", 0) and (
            pattern is None or _fits(pattern, value)
        )
    return bool(
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and value > schema.get("exclusiveMinimum", value - 1)
        and value < schema.get("exclusiveMaximum", value + 1)
    )


def _fits(pattern: str, value: str) -> bool:
    # In JSON Schema `$` is the end; Python's also stands before a last line end.
    return re.search(re.sub(r"\$$", r"\\Z", pattern), value) is not None


def _wrong(value: Any, schema: Schema, place: str) -> InputError:
    shown = repr(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    hint = ""
    if "enum" in schema and isinstance(value, str):
        known = [word for word in schema["enum"] if word is not None]
        near = difflib.get_close_matches(value, known, n=1, cutoff=_NEAR)
        hint = f"; did you mean '{near[0]}'?" if near else ""
    return InputError(f"{place}: give {schema['description']}, not {shown}{hint}")

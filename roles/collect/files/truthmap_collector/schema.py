"""A check against the few words of JSON Schema that declarations need, with readable messages."""

import re
from typing import Any, Dict, Iterable, Iterator

__all__ = ["Schema", "check", "nearest"]

Schema = Dict[str, Any]


def check(where: str, value: Any, schema: Schema) -> Iterator[str]:
    """Yield what is wrong with a value, each line beginning with `where`."""
    if "anyOf" in schema:
        if all(list(check(where, value, choice)) for choice in schema["anyOf"]):
            yield "{}: must be {}".format(where, schema["description"])
    elif "enum" in schema:
        if not any(type(value) is type(known) and value == known for known in schema["enum"]):
            choices = ", ".join(schema["enum"])
            hint = nearest(value, schema["enum"])
            yield "{}: {!r} is none of {}{}".format(where, value, choices, hint)
    elif not _is(value, schema["type"]):
        yield "{}: must be {}, not {!r}".format(where, _TYPES[schema["type"]], value)
    elif schema["type"] == "object":
        yield from _object_errors(where, value, schema)
    elif schema["type"] == "array":
        if len(value) < schema.get("minItems", 0):
            yield "{}: must not be empty".format(where)
        for number, item in enumerate(value):
            yield from check("{}[{}]".format(where, number), item, schema["items"])
    else:
        yield from _scalar_errors(where, value, schema)


_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def _is(value: Any, name: str) -> bool:
    if name in ("integer", "number"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return name == "number" or value == value // 1
    expected = {"string": str, "boolean": bool, "array": list, "object": dict}[name]
    return isinstance(value, expected)


def _object_errors(where: str, value: Dict[Any, Any], schema: Schema) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in sorted(value, key=str):
        if name in known:
            yield from check("{}: {}".format(where, name), value[name], known[name])
        elif schema.get("additionalProperties") is False:
            hint = nearest(name, known)
            yield "{}: unknown key {!r}{}".format(where, name, hint)
    for name in schema.get("required", []):
        if name not in value:
            yield "{}: {!r} is missing".format(where, name)


def _scalar_errors(where: str, value: Any, schema: Schema) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            yield "{}: must not be empty".format(where)
        elif "pattern" in schema and not _matches(schema["pattern"], value):
            yield "{}: {!r} does not match {}".format(where, value, schema["pattern"])
    elif not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield "{}: must be at least {}".format(where, schema["minimum"])
        if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
            yield "{}: must be more than {}".format(where, schema["exclusiveMinimum"])
        if value > schema.get("maximum", value):
            yield "{}: must be at most {}".format(where, schema["maximum"])


def _matches(pattern: str, value: str) -> bool:
    # In JSON Schema `$` is the end; Python's also stands before a last line end.
    return re.search(re.sub(r"\$$", r"\\Z", pattern), value) is not None


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return a hint at the known name that was probably meant; empty if none is near."""
    import difflib  # noqa: PLC0415 - only for a mistake; it costs every host otherwise

    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return "; did you mean {!r}?".format(close[0]) if close else ""

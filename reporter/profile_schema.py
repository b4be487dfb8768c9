"""What a profile may say: one table, from which profiles are checked and the schema is published.

It is written in JSON Schema. What more than one key is needed for (a component's layer is one of
`layers`) and what no pattern says (an address is one) is checked where the key is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reporter.findings import SEVERITIES
from reporter.profile_check import Schema

__all__ = [
    "MOST_AGE_S",
    "PREFIX",
    "PROFILE",
    "SCHEMA",
    "profile_schema",
]

SCHEMA = "truthmap/profile/1"

PREFIX = "truthmap_app_"
"""What the inventory variable of an application's profile begins with."""

_COMPONENT_SECTIONS = ("components", "models", "frontend", "repository", "config", "logging")
_FORMATS = ("yaml", "json")
MOST_AGE_S = 100 * 366 * 86400
"""Ages in profiles are below this many seconds."""

_PORT_TEXT = (
    "^([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
)
_OTHER_UNITS = "automount|device|mount|path|scope|service|slice|socket|swap|target"


def _list(what: str, item: Schema | None = None, **more: Any) -> Schema:
    """Return a list that may be left empty in YAML."""
    items = {"type": "string"} if item is None else item
    return {"description": f"a list of {what}", "type": ["array", "null"], "items": items, **more}


def _mapping(what: str, values: Schema, **more: Any) -> Schema:
    return {
        "description": f"a mapping from {what}",
        "type": ["object", "null"],
        "additionalProperties": values,
        **more,
    }


def _keys(what: str, properties: dict[str, Schema], null: bool = True, **more: Any) -> Schema:
    return {
        "description": what.format(keys=", ".join(properties)),
        "type": ["object", "null"] if null else "object",
        "properties": properties,
        "additionalProperties": False,
        **more,
    }


def _one_of(words: Iterable[str], null: bool = False) -> Schema:
    known = list(words)
    described = {"description": f"one of {', '.join(known)}"}
    if null:
        return {**described, "type": ["string", "null"], "enum": [*known, None]}
    return {**described, "type": "string", "enum": known}


_TEXT: Schema = {"description": "a text", "type": ["string", "null"]}
_FLAG: Schema = {"description": "true or false", "type": ["boolean", "null"]}
_WORDS: Schema = {"description": "a text", "type": "string", "minLength": 1}
_UNITS = _list("unit names or shell patterns")
_STREAMS = _list("names or shell patterns of streams")
_TIMERS = _list(
    "names of timers or shell patterns of them",
    {
        "type": "string",
        "pattern": rf"^(?![\s\S]*\.({_OTHER_UNITS})$)[\s\S]+$",
    },
)
_PROCESSES = _list("names or paths of programs, or patterns")
_FILES = _list(
    "absolute paths of files, or shell patterns of them without **",
    {"type": "string", "pattern": r"^/((?!\*\*)[\s\S])*$"},
)
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_PORTS = _list("port numbers from 1 to 65535", _PORT)
_PORT_OR_TEXT: Schema = {"anyOf": [_PORT, {"type": "string", "pattern": _PORT_TEXT}]}
_AGE: Schema = {
    "description": "an age: seconds, or a number with s, m, h or d such as 90s, 15m, 6h, 2d",
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": MOST_AGE_S},
        {"type": "string", "pattern": r"^\s*[0-9]{1,9}(\.[0-9]{1,3})?[smhd]\s*$"},
    ],
}
_COMPONENT = _keys(
    "a mapping with keys such as {keys}",
    {
        "title": _TEXT,
        "layer": _TEXT,
        "section": _one_of(_COMPONENT_SECTIONS, null=True),
        "units": _UNITS,
        "streams": _STREAMS,
        "ports": _PORTS,
        "processes": _PROCESSES,
        "files": _FILES,
        "journal": _list("names of probe_journal_patterns"),
        "dedicated_unit": _FLAG,
        "severity": _one_of(SEVERITIES, null=True),
        "safety": _FLAG,
    },
)
_LISTENER = _keys(
    "a mapping with the keys {keys}",
    {
        "address": {
            "description": "an IP address, loopback or any",
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9a-fA-F:.]+(%[^\s%]+)?$"},
                {"type": ["string", "null"], "enum": ["any", "loopback", "*", None]},
            ],
        },
        "unit": {
            "description": "a unit's name or a shell pattern",
            "type": ["string", "null"],
            "minLength": 1,
        },
    },
)
_FAMILIES: Schema = {
    "description": "a mapping from a family's name to file patterns",
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "description": "a list of shell patterns of file names",
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
    },
}
_EVIDENCE = _keys(
    "a mapping with the keys {keys}",
    {
        "unit": {
            "description": "the full name of a unit",
            "type": "string",
            "pattern": "^[^*]+$",
        },
        "patterns": {
            "description": "a mapping from names in probe_journal_patterns to loaded or fallback",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": _one_of(("loaded", "fallback")),
        },
    },
    null=False,
    required=["unit", "patterns"],
)
_INVENTORY = _keys(
    "a mapping with keys such as {keys}",
    {
        "path": {
            "description": "the absolute path of the file",
            "type": "string",
            "pattern": "^/",
        },
        "format": _one_of(_FORMATS),
        **dict.fromkeys(
            ("date", "items", "name", "unit", "state", "port", "streams", "container"), _WORDS
        ),
    },
    null=False,
    required=["path"],
)

_PURPOSES = {
    "title": "What people call the application.",
    "units": "The units that belong to it.",
    "expected_units": "Units that must exist and run.",
    "critical_units": "How bad it is when a unit does not work; the first that fits counts.",
    "expected_timers": "Timers that must exist and be active; of a pattern, at least one.",
    "expected_ports": "Something must listen on each of them.",
    "expected_files": "Files that must be there; of a pattern, at least one.",
    "root_listeners": "What may listen to the world as root.",
    "root_units": "Which of its services may run as root.",
    "processes": "Its processes, by name, or by program and folder.",
    "modes": "Words by which settings and files name a mode.",
    "streams": "The Redis streams that belong to it.",
    "expected_streams": "Streams that must be there and move.",
    "stream_freshness": "How old the last event of a stream may be; the longest pattern counts.",
    "layers": "The layers a reader thinks in, in the order they are read.",
    "components": "What people call its parts, and what makes each of them up.",
    "listeners": "Who listens where; others that are open to the world are told.",
    "loopback_ports": "Ports that must not be open to the network.",
    "models": "Which model files are of which family, and how old is stale.",
    "load_evidence": "What journal patterns say a service does with models.",
    "severities": "How bad findings are, whatever their rules say; the longest counts.",
    "inventories": "Files that say what should run, and where in them what stands.",
}
_PROFILE = _keys(
    "a mapping with keys such as {keys}",
    {
        "title": _TEXT,
        "units": _UNITS,
        "expected_units": _UNITS,
        "critical_units": _keys(
            "a mapping from {keys} to patterns of units", dict.fromkeys(SEVERITIES, _UNITS)
        ),
        "expected_timers": _TIMERS,
        "expected_ports": _PORTS,
        "expected_files": _FILES,
        "root_listeners": _UNITS,
        "root_units": _UNITS,
        "processes": _PROCESSES,
        "modes": _mapping("modes such as production to their words", _list("words")),
        "streams": _STREAMS,
        "expected_streams": _list(
            "full names of streams; patterns belong to 'streams'",
            {"type": "string", "pattern": "^[^*]*$"},
        ),
        "stream_freshness": _mapping("names or shell patterns of streams to ages", _AGE),
        "layers": _list("layers, such as [edge, ingestion, execution]"),
        "components": _mapping("a component's name to its parts", _COMPONENT),
        "listeners": {
            "description": "a mapping from port to {address, unit}",
            "anyOf": [
                {
                    "type": ["object", "null"],
                    "propertyNames": {
                        "description": "port numbers from 1 to 65535",
                        "type": "string",
                        "pattern": _PORT_TEXT,
                    },
                    "additionalProperties": _LISTENER,
                },
                {"type": "array", "items": _PORT_OR_TEXT},
            ],
        },
        "loopback_ports": _list("port numbers from 1 to 65535", _PORT_OR_TEXT),
        "models": _keys(
            "a mapping with the keys {keys}",
            {
                "families": _FAMILIES,
                "stale_after": {
                    "description": "an age such as 30d, or a mapping from families to ages",
                    "anyOf": [
                        *_AGE["anyOf"],
                        {"type": ["object", "null"], "additionalProperties": _AGE},
                    ],
                },
            },
            required=["families"],
        ),
        "load_evidence": _list("mappings with the keys unit and patterns", _EVIDENCE),
        "inventories": _list("mappings with path, items, unit, state, …", _INVENTORY),
        "severities": _mapping(
            "findings (rule:subject, both may be patterns) to P0, P1, P2, P3 or none",
            _one_of((*SEVERITIES, "none")),
            propertyNames={
                "description": "findings as rule:subject",
                "type": "string",
                "pattern": r"^[^:\s]+:[\s\S]+$",
            },
        ),
    },
    null=False,
)

PROFILE: Schema = {
    **_PROFILE,
    "properties": {
        key: {**schema, "title": _PURPOSES[key]} for key, schema in _PROFILE["properties"].items()
    },
}
"""The schema of one application's profile."""


def profile_schema() -> dict[str, Any]:
    """Return the published JSON Schema (draft 2020-12) of a file of profiles.

    Such a file holds inventory variables: those named `truthmap_app_<name>` are profiles.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "description": f"Inventory variables; each {PREFIX}<name> is an application's profile.",
        "type": "object",
        "patternProperties": {f"^{PREFIX}.": PROFILE},
    }

"""What a probe may say: one table, from which declarations are checked and the schema is published.

The table is written in the few words of JSON Schema that `truthmap_collector.schema` checks, so
that the published schema and the check cannot drift apart.
"""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from truthmap_collector.patterns import regex_errors
from truthmap_collector.schema import Schema, check, nearest
from truthmap_collector.selectors import SELECTORS

__all__ = ["KINDS", "KindArguments", "json_schema", "masking_of", "phase_is_last", "validate"]

_TEXT: Schema = {"type": "string", "minLength": 1}
_NAMES: Schema = {"type": "array", "items": _TEXT, "minItems": 1}
_PATH: Schema = {"type": "string", "pattern": "^(/|\\{item\\})"}
_PATTERN: Schema = {"type": "string", "pattern": "^/((?!\\*\\*)[\\s\\S])*$"}
_PATTERN_OR_ITEM: Schema = {
    "type": "string",
    "pattern": "^(/((?!\\*\\*)[\\s\\S])*|\\{item\\})$",
}
_PATTERNS: Schema = {"type": "array", "items": _PATTERN, "minItems": 1}
_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 1000}
_FLAG: Schema = {"type": "boolean"}
_PATHS: Schema = {
    "type": "array",
    "items": {"type": "string", "pattern": "^(/[\\s\\S]*|\\{items?\\})$"},
}
_UNITS: Schema = {
    "description": "names of units or shell patterns of them",
    "type": "array",
    "items": {"type": "string", "pattern": "^([A-Za-z0-9:_.\\\\@*?\\[\\]-]{1,255}|\\{items?\\})$"},
}
_LINES: Schema = {
    "description": "newest entries that are read",
    "type": "integer",
    "minimum": 1,
    "maximum": 1000000,
}
_SINCE: Schema = {"type": "integer", "minimum": 1, "maximum": 31622400}
_PID: Schema = {"type": "string", "pattern": "^([1-9][0-9]{0,9}|\\{items?\\}|all)$"}


class KindArguments(NamedTuple):
    """What a kind takes, how its output is masked unless the probe says otherwise, what it costs.

    Cheap kinds start before those that start a process.
    """

    description: str
    properties: Dict[str, Schema]
    required: List[str]
    mask: Any
    cheap: bool


KINDS = {
    "command": KindArguments(
        "Run a program, never a shell.", {"argv": _NAMES}, ["argv"], "text", False
    ),
    "journal": KindArguments(
        "The newest journal entries that match, as JSON lines.",
        {
            "matches": {
                "type": "array",
                "items": {"type": "string", "pattern": "^([A-Z0-9_]+=[\\s\\S]+|\\+)$"},
            },
            "lines": {"type": "integer", "minimum": 1, "maximum": 100000},
            "since_s": {"type": "integer", "minimum": 1},
            "fields": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[A-Z0-9_]+$"},
                "minItems": 1,
            },
        },
        ["matches", "lines"],
        "text",
        False,
    ),
    "journal_counts": KindArguments(
        "Journal entries of units, counted by patterns, and the errors of failing units.",
        {
            "patterns": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
                        "units": dict(_UNITS, minItems=1),
                        "regex": _TEXT,
                        "lines": _LINES,
                        "since_s": _SINCE,
                    },
                    "required": ["name", "units", "regex"],
                    "additionalProperties": False,
                },
            },
            "errors_of": _UNITS,
            "lines": _LINES,
            "since_s": _SINCE,
        },
        [],
        {"json": ["sample"]},
        False,
    ),
    "file": KindArguments(
        "The content of a regular file.", {"path": _PATH}, ["path"], "none", True
    ),
    "files": KindArguments(
        "The files that shell patterns match, with metadata and content.",
        {
            "globs": {"type": "array", "items": _PATTERN_OR_ITEM},
            "most": _COUNT,
            "content": {"description": "false: no file is opened", "type": "boolean"},
        },
        ["globs", "most"],
        "none",
        True,
    ),
    "env_file": KindArguments(
        "The environment files of units and folders: names, and values where harmless.",
        {
            "paths": _PATHS,
            "beside": {
                "description": "read what lies beside them too, named like environment files",
                "type": "boolean",
            },
            "folders": _PATHS,
            "words": {
                "description": "values of modes that may leave the host, beside the known ones",
                "type": "array",
                "items": {"type": "string", "pattern": "^[a-z][a-z_-]{0,31}$"},
            },
        },
        [],
        "none",
        True,
    ),
    "listing": KindArguments(
        "Metadata of a path, its folder's entries and its parents.",
        {
            "path": _PATH,
            "interpreter": _FLAG,
            "entries": _FLAG,
            "depth": {
                "description": "folders down to look into; symlinks and mounts are not followed",
                "type": "integer",
                "minimum": 1,
                "maximum": 4,
            },
            "least_bytes": {
                "description": "show only entries of that size, and folders not looked into",
                "type": "integer",
                "minimum": 1,
            },
        },
        ["path"],
        "none",
        True,
    ),
    "filesystems": KindArguments(
        "Space and inodes of local file systems.", {}, [], {"json": ["source"]}, True
    ),
    "process": KindArguments(
        "User, program, control group and start of processes.",
        {
            "pids": {
                "description": "process ids, or all: every one but the kernel's own",
                "type": "array",
                "items": _PID,
                "minItems": 1,
            },
            "details": {
                "description": "also the name it goes by, state, parent and working folder",
                "type": "boolean",
            },
            "most": {
                "description": "of all processes, at most",
                "type": "integer",
                "minimum": 1,
                "maximum": 100000,
            },
        },
        ["pids"],
        "none",
        True,
    ),
    "source_scan": KindArguments(
        "What Python programs import, and what their code says of streams; nothing is executed.",
        {
            "programs": _NAMES,
            "roots": {"type": "array", "items": {"type": "string", "pattern": "^/"}},
            "names": {
                "description": "shell patterns of texts in code that are names and may be shown",
                "type": "array",
                "items": _TEXT,
            },
            "files": {"type": "integer", "minimum": 1, "maximum": 100000},
            "file_bytes": {"type": "integer", "minimum": 1, "maximum": 16777216},
            "all_bytes": {"type": "integer", "minimum": 1},
            "seconds": {"type": "number", "exclusiveMinimum": 0, "maximum": 3600},
        },
        ["programs"],
        "none",
        False,
    ),
    "checkout": KindArguments(
        "Commit, branch, remotes and changed files of git checkouts; git is not run.",
        {
            "folders": _NAMES,
            "roots": {"type": "array", "items": {"type": "string", "pattern": "^/"}},
            "files": {"type": "integer", "minimum": 1, "maximum": 1000000},
        },
        ["folders"],
        "none",
        True,
    ),
    "redis": KindArguments(
        "The survey of one Redis or Valkey server: its state, streams, groups and clients.",
        {
            "endpoint": _TEXT,
            "named": {
                "description": "the operator named it: whoever runs it, it gets the general login",
                "type": "boolean",
            },
            "time_fields": _NAMES,
            "source_fields": _NAMES,
            "type_fields": _NAMES,
            "payload_fields": _NAMES,
            "entries": {
                "description": "newest entries of a stream asked for",
                "type": "integer",
                "minimum": 1,
                "maximum": 100,
            },
            "streams": {
                "description": "of a database, at most",
                "type": "integer",
                "minimum": 1,
                "maximum": 100000,
            },
            "groups": {
                "description": "of a stream whose consumers are listed, at most",
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
            },
            "consumers": {
                "description": "a group with more has its consumers counted, not listed",
                "type": "integer",
                "minimum": 1,
                "maximum": 100000,
            },
            "clients": {
                "description": "a server with more has its clients counted, not listed",
                "type": "integer",
                "minimum": 1,
                "maximum": 100000,
            },
            "duty": {
                "description": "share of time the server may be busy for the survey",
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
            },
        },
        ["endpoint"],
        {"json": ["error", "fields", "values"]},
        False,
    ),
    "server_config": KindArguments(
        "The needed directives of a web server's or proxy's configuration; the rest is counted.",
        {
            "syntax": {"enum": ["caddy", "haproxy", "nginx"]},
            "roots": {
                "description": "main files, whose includes are followed",
                "type": "array",
                "items": _PATTERN,
                "minItems": 1,
            },
            "globs": {
                "description": "files beside them, read too",
                "type": "array",
                "items": _PATTERN,
            },
            "most": _COUNT,
        },
        ["syntax", "roots", "most"],
        {"json": ["places"]},
        True,
    ),
    "containers": KindArguments(
        "Container engines, and the containers that run: processes, and what an engine lists.",
        {
            "engines": {
                "description": "sockets asked for a list, if the engine runs already",
                "type": "array",
                "items": _PATH,
            },
            "stores": {
                "description": "files in which Podman keeps the names of its containers",
                "type": "array",
                "items": _PATTERN,
            },
            "most": _COUNT,
        },
        ["engines", "stores", "most"],
        "none",
        True,
    ),
    "cron": KindArguments(
        "What cron and anacron are told to start, entry by entry.",
        dict.fromkeys(("system", "user", "anacron", "scripts"), _PATTERNS),
        [],
        {"json": ["command", "names", "text", "value"]},
        True,
    ),
    "tree": KindArguments(
        "The files below folders, and of model files hash, format and end.",
        {
            "paths": _PATHS,
            "names": {
                "description": "shell patterns of names whose content is looked at",
                "type": "array",
                "items": _TEXT,
            },
            "depth": {"type": "integer", "minimum": 1, "maximum": 16},
            "most": {
                "description": "files and symlinks that are shown",
                "type": "integer",
                "minimum": 1,
                "maximum": 20000,
            },
            "file_bytes": {
                "description": "a larger file has only its first 64 KiB hashed",
                "type": "integer",
                "minimum": 1,
            },
            "all_bytes": {
                "description": "bytes read in all",
                "type": "integer",
                "minimum": 1,
            },
            "seconds": {
                "description": "time for reading in all, rests included",
                "type": "number",
                "exclusiveMinimum": 0,
            },
            "duty": {
                "description": "share of that time spent on reading",
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
            },
        },
        ["paths"],
        "none",
        False,
    ),
    "clock": KindArguments("What the kernel says of its clock.", {}, [], "none", True),
}
"""The closed set of kinds."""

_PROBE: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
        "description": _TEXT,
        "kind": {"enum": sorted(KINDS)},
        "args": {"type": "object"},
        "mask": {
            "description": '"text", "none", {"properties": [names]} or {"json": [names]}',
            "anyOf": [
                {"enum": ["text", "none"]},
                {
                    "type": "object",
                    "properties": {"properties": _NAMES},
                    "required": ["properties"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {"json": _NAMES},
                    "required": ["json"],
                    "additionalProperties": False,
                },
            ],
        },
        "from": {
            "type": "object",
            "properties": {
                "probe": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
                "selector": {"enum": sorted(SELECTORS)},
                "as": {"enum": ["each", "all"]},
                "most": _COUNT,
            },
            "required": ["probe", "selector"],
            "additionalProperties": False,
        },
        "variable": {
            "description": "the inventory variable that names its targets",
            "type": "string",
            "pattern": "^probe_[a-z0-9_]+$",
        },
        "profiles": {
            "description": "what its targets are that the applications' profiles name",
            "enum": ["files"],
        },
        "items": {
            "description": "the targets so named; filled in by the control node",
            "type": "array",
            "items": _TEXT,
        },
        "where": {
            "description": "which machine asks: the host itself, or the control node",
            "enum": ["host", "control"],
        },
        "identifiers": {"enum": sorted(SELECTORS)},
        "when": {"enum": ["first", "last"]},
        "limits": {
            "type": "object",
            "properties": {
                "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 3600},
                "bytes": {"type": "integer", "minimum": 1, "maximum": 16777216},
            },
            "additionalProperties": False,
        },
    },
    "required": ["id", "description", "kind"],
    "additionalProperties": False,
}


def json_schema() -> Schema:
    """Return the published JSON Schema (draft 2020-12) of a list of probe declarations.

    What needs more than one probe to see (repeated ids, unknown parents, circles, `{item}` without
    `from`) is checked by `validate` alone.
    """
    by_kind = [
        {
            "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
            "then": {"properties": {"args": _args_schema(name)}, "required": _args_required(name)},
        }
        for name in sorted(KINDS)
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Truth Map probe declarations",
        "type": "array",
        "items": dict(_PROBE, allOf=by_kind),
    }


def validate(probes: Any) -> List[str]:
    """Return what is wrong with a list of declarations, one line each; empty means nothing is."""
    if not isinstance(probes, list):
        return ["probes: must be a list of declarations"]
    errors: List[str] = []
    for number, probe in enumerate(probes):
        errors.extend(_probe_errors(_name(probe, number), probe))
    if not errors:
        errors.extend(_relation_errors(probes))
    return errors


def masking_of(probe: Dict[str, Any]) -> Any:
    """Return the masking a valid declaration asks for, or its kind's own."""
    return probe.get("mask", KINDS[probe["kind"]].mask)


def phase_is_last(probe: Dict[str, Any], by_id: Dict[str, Dict[str, Any]]) -> bool:
    """Say whether a probe waits for all others: by its own word or that of one it derives from."""
    current: Optional[Dict[str, Any]] = probe
    while current is not None:
        if current.get("when") == "last":
            return True
        current = by_id.get(current["from"]["probe"]) if "from" in current else None
    return False


def _args_schema(kind: str) -> Schema:
    declared = KINDS[kind]
    return {
        "type": "object",
        "description": declared.description,
        "properties": declared.properties,
        "required": declared.required,
        "additionalProperties": False,
    }


def _args_required(kind: str) -> List[str]:
    return ["args"] if KINDS[kind].required else []


def _name(probe: Any, number: int) -> str:
    known = probe.get("id") if isinstance(probe, dict) else None
    return "probe " + known if isinstance(known, str) else "probes[{}]".format(number)


def _probe_errors(where: str, probe: Any) -> Iterator[str]:
    yield from check(where, probe, _PROBE)
    kind = probe.get("kind") if isinstance(probe, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        return
    if "args" in probe:
        if isinstance(probe["args"], dict):
            errors = list(check(where + ": args", probe["args"], _args_schema(kind)))
            yield from errors or _pattern_errors(where, kind, probe["args"])
    elif _args_required(kind):
        yield "{}: 'args' is missing; kind {} needs {}".format(
            where, kind, ", ".join(KINDS[kind].required)
        )


def _pattern_errors(where: str, kind: str, args: Dict[str, Any]) -> Iterator[str]:
    names = set()
    for pattern in args.get("patterns", []) if kind == "journal_counts" else ():
        place = "{}: args: pattern {}".format(where, pattern["name"])
        if pattern["name"] in names:
            yield place + ": declared twice"
        names.add(pattern["name"])
        yield from regex_errors(place, pattern["regex"])
        for unit in pattern["units"]:
            if unit.startswith("-") or "{" in unit:
                yield "{}: {!r} is no unit's name".format(place, unit)


def _relation_errors(probes: List[Dict[str, Any]]) -> Iterator[str]:
    by_id: Dict[str, Dict[str, Any]] = {}
    for probe in probes:
        if probe["id"] in by_id:
            yield "probe {}: declared twice".format(probe["id"])
        by_id[probe["id"]] = probe
    for probe in probes:
        where = "probe " + probe["id"]
        parent = probe.get("from", {}).get("probe")
        if parent is not None and parent not in by_id:
            hint = nearest(parent, by_id)
            yield "{}: from: probe: there is no probe {!r}{}".format(where, parent, hint)
        elif _is_circular(probe, by_id):
            yield "{}: from: probe: it derives from itself".format(where)
        yield from _placeholder_errors(where, probe)


def _is_circular(probe: Dict[str, Any], by_id: Dict[str, Dict[str, Any]]) -> bool:
    seen = set()
    current: Optional[Dict[str, Any]] = probe
    while current is not None and "from" in current:
        if current["id"] in seen:
            return True
        seen.add(current["id"])
        current = by_id.get(current["from"]["probe"])
    return False


def _placeholder_errors(where: str, probe: Dict[str, Any]) -> Iterator[str]:
    texts = list(_texts(probe.get("args", {})))
    sources = [name for name in ("variable", "profiles", "from") if name in probe]
    way = "each" if sources else ""
    if "from" in probe:
        way = probe["from"].get("as", "each")
    wanted = {"each": "{item}", "all": "{items}"}.get(way)
    if wanted == "{item}" and not any(wanted in text for text in texts):
        yield "{}: args: {{item}} stands nowhere, so every target would be asked the same".format(
            where
        )
    if wanted == "{items}" and wanted not in texts:
        yield "{}: args: no list has the element {{items}}, so no target would be asked".format(
            where
        )
    for sign in ("{item}", "{items}"):
        if sign != wanted and any(sign in text for text in texts):
            way = "each" if sign == "{item}" else "all"
            yield "{}: args: {} needs a `from` with as: {}".format(where, sign, way)
    if len(sources) > 1:
        yield "{}: its targets come from one of {}, not from several".format(
            where, ", ".join(sources)
        )
    if "items" in probe and not {"variable", "profiles"} & set(sources):
        yield "{}: items are those a variable or profiles name, and it names none".format(where)
    if probe.get("where") == "control" and "variable" not in probe:
        yield "{}: where: control needs a variable that names what to ask".format(where)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)

"""Declarations: what is refused and how it is said, and the published schema's agreement."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest

from truthmap_collector.declaration import KINDS, json_schema, validate
from truthmap_collector.kinds import KINDS as EXECUTED
from truthmap_collector.kinds import MODULES

VALIDATOR = jsonschema.Draft202012Validator(json_schema())

UNITS: dict[str, Any] = {
    "id": "units",
    "description": "All units.",
    "kind": "command",
    "args": {"argv": ["systemctl", "show"]},
    "mask": {"properties": ["ExecStart"]},
    "identifiers": "unit_names",
    "when": "first",
    "limits": {"timeout_s": 0.5, "bytes": 100},
}
JOURNAL: dict[str, Any] = {
    "id": "journal",
    "description": "Restarts.",
    "kind": "journal",
    "args": {"matches": ["UNIT={item}"], "lines": 5, "since_s": 60, "fields": ["MESSAGE"]},
    "from": {"probe": "units", "selector": "restarted_units", "as": "each", "most": 3},
}
COUNTS: dict[str, Any] = {
    "id": "counts",
    "description": "What engines say.",
    "kind": "journal_counts",
    "args": {
        "patterns": [{"name": "loaded", "units": ["engine-*"], "regex": "(?P<model>a) loaded"}],
        "lines": 5,
    },
}
VALID: list[dict[str, Any]] = [
    UNITS,
    JOURNAL,
    {
        "id": "again",
        "description": "Second sample.",
        "kind": "command",
        "args": {"argv": ["systemctl", "show", "--", "{items}"]},
        "from": {"probe": "units", "selector": "restarted_units", "as": "all"},
        "when": "last",
        "mask": "text",
    },
    {
        "id": "f",
        "description": "A file.",
        "kind": "file",
        "args": {"path": "/etc/x"},
        "mask": "none",
    },
    {
        "id": "fs",
        "description": "Files.",
        "kind": "files",
        "args": {"globs": ["/etc/*.d/[a-z]?"], "most": 5},
        "mask": {"json": ["data"]},
    },
    {
        "id": "l",
        "description": "A listing.",
        "kind": "listing",
        "args": {"path": "{item}", "interpreter": True, "entries": False},
        "from": {"probe": "units", "selector": "failing_executables"},
    },
    {"id": "m", "description": "Mounts.", "kind": "filesystems"},
    {"id": "c", "description": "Clock.", "kind": "clock", "args": {}},
    {
        "id": "p",
        "description": "Processes.",
        "kind": "process",
        "args": {"pids": ["{items}", "1"]},
        "from": {"probe": "units", "selector": "socket_pids", "as": "all"},
    },
    {
        "id": "r",
        "description": "Servers somebody names.",
        "kind": "redis",
        "where": "control",
        "variable": "probe_redis_endpoints",
        "items": ["cache"],
        "args": {"endpoint": "{item}", "time_fields": ["ts"], "entries": 5, "duty": 0.5},
    },
    COUNTS,
    {
        "id": "e",
        "description": "Environment files.",
        "kind": "env_file",
        "args": {
            "paths": ["/etc/a/*.env", "{items}"],
            "beside": True,
            "folders": ["/etc/b"],
            "words": ["ghost"],
        },
        "from": {"probe": "units", "selector": "env_files", "as": "all"},
    },
    {
        "id": "models",
        "description": "Models.",
        "kind": "tree",
        "args": {"paths": ["/srv/models"], "names": ["*.pt"], "depth": 3, "duty": 0.5},
    },
    {
        "id": "s",
        "description": "Sources.",
        "kind": "source_scan",
        "args": {"programs": ["{items}"], "roots": ["/opt/x"], "names": ["shop:*"], "files": 10},
        "from": {"probe": "units", "selector": "python_programs", "as": "all"},
    },
    {
        "id": "w",
        "description": "Checkouts.",
        "kind": "checkout",
        "args": {"folders": ["{items}"], "roots": []},
        "from": {"probe": "units", "selector": "program_folders", "as": "all"},
    },
    {
        "id": "sites",
        "description": "Sites.",
        "kind": "server_config",
        "args": {"syntax": "nginx", "roots": ["/etc/x"], "globs": ["/etc/y/*"], "most": 9},
    },
    {
        "id": "containers",
        "description": "Containers.",
        "kind": "containers",
        "args": {"engines": ["/run/x.sock"], "stores": ["/var/x.json"], "most": 9},
    },
    {
        "id": "cron",
        "description": "Cron.",
        "kind": "cron",
        "args": {"system": ["/etc/crontab"], "user": ["/var/spool/cron/*"], "scripts": ["/a/*"]},
    },
    {
        "id": "everyone",
        "description": "All processes.",
        "kind": "process",
        "args": {"pids": ["all"], "details": True, "most": 10},
    },
]

# Where to change the valid list, to what, and words the message must have.
WRONG: list[tuple[list[Any], Any, list[str]]] = [
    ([0, "id"], "Units", ["probe Units: id", "'Units' does not match"]),
    ([0, "id"], None, ["probes[0]: id: must be a text, not None"]),
    ([0, "id"], ..., ["probes[0]: 'id' is missing"]),
    ([0, "description"], "", ["probe units: description: must not be empty"]),
    ([0, "description"], ..., ["probe units: 'description' is missing"]),
    ([0, "kind"], "comand", ["'comand' is none of", "did you mean 'command'?"]),
    ([0, "kind"], ["command"], ["kind:", "is none of"]),
    ([0, "kind"], ..., ["probe units: 'kind' is missing"]),
    ([0, "argz"], {}, ["unknown key 'argz'; did you mean 'args'?"]),
    ([0, "args"], ..., ["probe units: 'args' is missing; kind command needs argv"]),
    ([0, "args"], ["systemctl"], ["args: must be a mapping"]),
    ([0, "args"], {"agrv": ["x"]}, ["args: unknown key 'agrv'; did you mean 'argv'?", "'argv' is"]),
    ([0, "args", "argv"], "systemctl show", ["args: argv: must be a list, not 'systemctl show'"]),
    ([0, "args", "argv"], [], ["args: argv: must not be empty"]),
    ([0, "args", "argv", 0], "", ["args: argv[0]: must not be empty"]),
    ([0, "args", "argv", 0], 7, ["args: argv[0]: must be a text, not 7"]),
    ([0, "args", "path"], "/x", ["args: unknown key 'path'"]),
    ([8, "args", "pids"], ["{items}", "../1"], ["args: pids[1]: '../1' does not match"]),
    ([8, "args", "pids"], ["{items}", "0"], ["args: pids[1]: '0' does not match"]),
    ([0, "mask"], "txt", ['mask: must be "text", "none"']),
    ([0, "mask"], {"propertys": ["X"]}, ["mask: must be"]),
    ([0, "mask"], {"properties": ["X"], "json": ["Y"]}, ["mask: must be"]),
    ([0, "mask"], {"json": []}, ["mask: must be"]),
    ([0, "identifiers"], "unit_name", ["did you mean 'unit_names'?"]),
    ([0, "when"], "frist", ["'frist' is none of first, last; did you mean 'first'?"]),
    ([0, "limits", "timeout"], 5, ["limits: unknown key 'timeout'; did you mean 'timeout_s'?"]),
    ([0, "limits", "timeout_s"], 0, ["limits: timeout_s: must be more than 0"]),
    ([0, "limits", "timeout_s"], "5", ["limits: timeout_s: must be a number, not '5'"]),
    ([0, "limits", "timeout_s"], True, ["limits: timeout_s: must be a number"]),
    ([0, "limits", "bytes"], 1.5, ["limits: bytes: must be a whole number"]),
    ([0, "limits", "bytes"], 2**40, ["limits: bytes: must be at most 16777216"]),
    ([1, "from"], "units", ["from: must be a mapping"]),
    ([1, "from", "selektor"], "x", ["unknown key 'selektor'; did you mean 'selector'?"]),
    ([1, "from", "selector"], "restarted", ["did you mean 'restarted_units'?"]),
    ([1, "from", "selector"], ..., ["from: 'selector' is missing"]),
    ([1, "from", "as"], "every", ["'every' is none of each, all"]),
    ([1, "from", "most"], 0, ["from: most: must be at least 1"]),
    ([1, "args", "matches", 0], "lower=x", ["matches[0]: 'lower=x' does not match"]),
    ([1, "args", "lines"], ..., ["args: 'lines' is missing"]),
    ([1, "args", "lines"], -1, ["lines: must be at least 1"]),
    ([1, "args", "fields"], [], ["fields: must not be empty"]),
    ([3, "args", "path"], "etc/x", ["path: 'etc/x' does not match"]),
    ([4, "args", "globs", 0], "/etc/**/x", ["globs[0]: '/etc/**/x' does not match"]),
    ([4, "args", "content"], "no", ["content: must be true or false, not 'no'"]),
    ([4, "profiles"], "file", ["profiles: 'file' is none of files; did you mean 'files'?"]),
    ([4, "args", "most"], ..., ["args: 'most' is missing"]),
    ([5, "args", "interpreter"], "yes", ["interpreter: must be true or false, not 'yes'"]),
    ([6, "args"], {"path": "/"}, ["args: unknown key 'path'"]),
    ([9, "args", "endpoint"], ..., ["args: 'endpoint' is missing"]),
    ([9, "args", "duty"], 0, ["args: duty: must be more than 0"]),
    ([9, "args", "duty"], 1.5, ["args: duty: must be at most 1"]),
    ([9, "args", "password"], "x", ["args: unknown key 'password'"]),
    ([9, "variable"], "redis_endpoints", ["variable: 'redis_endpoints' does not match"]),
    ([9, "items"], [5], ["items[0]: must be a text, not 5"]),
    ([9, "where"], "controller", ["did you mean 'control'?"]),
    ([7], "clock", ["probes[7]: must be a mapping, not 'clock'"]),
]

# Only visible across probes or between `from` and `args`: the schema cannot see these.
UNRELATED: list[tuple[list[Any], Any, list[str]]] = [
    ([3, "id"], "units", ["probe units: declared twice"]),
    ([1, "from", "probe"], "unit", ["there is no probe 'unit'; did you mean 'units'?"]),
    ([0, "from"], {"probe": "journal", "selector": "unit_names"}, ["it derives from itself"]),
    ([1, "args", "matches", 0], "UNIT=x", ["{item} stands nowhere"]),
    ([2, "args", "argv", 3], "x{items}", ["no list has the element {items}"]),
    ([2, "args", "argv", 0], "{item}", ["{item} needs a `from` with as: each"]),
    ([9, "args", "endpoint"], "x", ["{item} stands nowhere"]),
    (
        [9, "from"],
        {"probe": "units", "selector": "unit_names"},
        ["its targets come from one of variable, from, not from several"],
    ),
    ([9, "variable"], ..., ["items are those a variable or profiles name, and it names none"]),
    ([9, "profiles"], "files", ["its targets come from one of variable, profiles, not from"]),
    ([4, "profiles"], "files", ["{item} stands nowhere"]),
    ([4, "args", "globs", 0], "{item}", ["{item} needs a `from` with as: each"]),
    ([0, "where"], "control", ["where: control needs a variable that names what to ask"]),
    ([0, "args", "argv", 1], "{items}", ["{items} needs a `from` with as: all"]),
]


def changed(path: list[Any], value: Any) -> list[Any]:
    probes: Any = copy.deepcopy(VALID)
    inner = probes
    for step in path[:-1]:
        inner = inner[step]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    assert isinstance(probes, list)
    return probes


def test_valid_declarations() -> None:
    """Declarations of every kind and every word pass the check and the schema."""
    assert validate(VALID) == []
    assert list(VALIDATOR.iter_errors(VALID)) == []
    assert {probe["kind"] for probe in VALID} == set(KINDS)


@pytest.mark.parametrize(("path", "value", "words"), WRONG, ids=lambda value: repr(value)[:40])
def test_wrong_declarations(path: list[Any], value: Any, words: list[str]) -> None:
    """A wrong declaration is refused with what is wrong and where; the schema refuses it, too."""
    probes = changed(path, value)
    said = "\n".join(validate(probes))

    assert all(word in said for word in words), said
    assert not VALIDATOR.is_valid(probes)


@pytest.mark.parametrize(("path", "value", "words"), UNRELATED, ids=lambda value: repr(value)[:40])
def test_wrong_relations(path: list[Any], value: Any, words: list[str]) -> None:
    """What does not fit together is refused with what is wrong and where."""
    said = "\n".join(validate(changed(path, value)))

    assert all(word in said for word in words), said


def test_line_end_in_an_id() -> None:
    """A line end after an id is part of it, and refused."""
    assert "does not match" in "\n".join(validate(changed([0, "id"], "units\n")))


def test_no_list() -> None:
    """Declarations are a list."""
    assert validate({"id": "x"}) == ["probes: must be a list of declarations"]
    assert not VALIDATOR.is_valid({"id": "x"})


def test_schema_is_a_schema() -> None:
    """What is published is a valid schema of the draft it names."""
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_every_kind_is_executed() -> None:
    """The kinds that can be declared are the kinds that can be executed."""
    assert set(MODULES) == set(KINDS)
    assert all(callable(EXECUTED[kind].look) for kind in KINDS)

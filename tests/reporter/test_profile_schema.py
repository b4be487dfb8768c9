"""The published schema of profiles: that it is one, and that the checker and it agree."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from reporter.errors import InputError
from reporter.profile import Profile, load_profiles
from reporter.profile_components import Component
from reporter.profile_inventories import Inventory
from reporter.profile_listeners import DeclaredListener
from reporter.profile_schema import PREFIX, PROFILE, profile_schema
from reporter.report import Report, host_report
from reporter.starting_profile import starting_profile
from tests.rules.stream_cases import reference
from tests.rules.systemd_cases import bundle as systemd_bundle

EXAMPLE = Path(__file__).parents[2] / "inventory" / "example" / "group_vars" / "quantum.yml"
VALIDATOR = jsonschema.Draft202012Validator(profile_schema())

WHOLE: dict[str, Any] = {
    "title": "Shop",
    "units": ["shop-*"],
    "expected_units": ["shop-api"],
    "critical_units": {"P0": ["shop-api"], "P3": ["shop-*"]},
    "expected_timers": ["shop-backup", "shop-*.timer"],
    "expected_ports": [8080],
    "expected_files": ["/srv/shop/orders.db", "/etc/shop/*.pem"],
    "root_listeners": ["/usr/sbin/sshd"],
    "root_units": ["shop-backup"],
    "processes": ["shop-*"],
    "modes": {"production": ["live"], "trial": ["paper"]},
    "streams": ["shop:*"],
    "expected_streams": ["shop:orders"],
    "stream_freshness": {"shop:*": "15m", "shop:slow": 86400},
    "layers": ["edge", "orders"],
    "components": {
        "checkout": {
            "title": "Checkout",
            "layer": "orders",
            "section": "frontend",
            "units": ["shop-api"],
            "streams": ["shop:orders"],
            "ports": [8080],
            "processes": ["shop-api"],
            "files": ["/srv/shop/orders.db"],
            "severity": "P1",
        },
        "home": {"layer": "edge"},
    },
    "listeners": {"8080": {"address": "any", "unit": "shop-api"}, "22": {}},
    "loopback_ports": [5432, "6379"],
    "models": {"families": {"forecast": ["*tft*"]}, "stale_after": {"forecast": "30d"}},
    "load_evidence": [{"unit": "shop-api", "patterns": {"a": "loaded", "b": "fallback"}}],
    "severities": {"service_state:shop-*": "P0", "env_*:*": "none"},
    "inventories": [
        {
            "path": "/srv/shop/services.yaml",
            "format": "yaml",
            "date": "updated",
            "items": "services",
            "name": "name",
            "unit": "{name}.service",
            "state": "status",
            "port": "port",
            "streams": "streams",
        }
    ],
}
"""A profile with every key there is."""

VALUES: list[Any] = [
    *(None, True, False, 0, 1, 80, 70000, -1, 1.5, "", " ", "x", "/a", "a", "80", "P1", "P9"),
    *(
        "none",
        "15m",
        "15 m",
        "0.5h",
        "99999999d",
        "a*",
        "a.service",
        "any",
        "::1",
        "1.2.3.4",
        "1.2.3.400",
    ),
    *("yaml", "toml", "frontend", "loaded", "orders", "a:b", "/a/**", "x\n"),
    *([], [None], ["x"], [""], [1], [80], ["80"], [70000], [True], ["a*"], ["/a"], [[]], [{}]),
    *({}, {"x": None}, {"x": 1}, {"x": "P1"}, {"x": "15m"}, {"x": []}, {"x": ["y"]}, {"x": {}}),
    *({"80": None}, {"80": {}}, {"P1": ["x"]}, {"forecast": "1d"}, {"forecast": ["x"]}),
    *({"units": ["x"]}, {"unti": "x"}, {"families": {"x": ["y"]}}, {"a:b": "P1"}, {"a:b": "none"}),
    *([{"unit": "x", "patterns": {"y": "loaded"}}], [{"path": "/x"}], [{"path": "x"}], ["/a/**"]),
]

BY_THE_CHECKER_ALONE = (
    "is none of 'layers'",
    "give an IP address",
    "less than a hundred years",
    "stale_after: unknown key",
)
"""What needs more than one key or more than a pattern to see."""


def accepted(profile: Any) -> str | None:
    """Return what the checker has against a profile, None if nothing."""
    try:
        load_profiles({"shop": profile}, "test")
    except InputError as error:
        return str(error)
    return None


def valid(profile: Any) -> bool:
    return bool(VALIDATOR.is_valid(json.loads(json.dumps({f"{PREFIX}shop": profile}))))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value in a profile."""
    yield path
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from places(value[key], (*path, key))


def changed(path: tuple[Any, ...], value: Any) -> Any:
    """Return the whole profile with another value in one place."""
    if not path:
        return value
    profile = copy.deepcopy(WHOLE)
    inner: Any = profile
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return profile


def mappings() -> Iterator[tuple[Any, ...]]:
    for path in places(WHOLE):
        inner: Any = WHOLE
        for key in path:
            inner = inner[key]
        if isinstance(inner, dict):
            yield path


def test_it_is_a_schema() -> None:
    """What is published is a valid schema of the draft it names."""
    jsonschema.Draft202012Validator.check_schema(profile_schema())


def test_the_whole_profile_has_every_key() -> None:
    """Else what follows would leave some out."""
    assert accepted(WHOLE) is None
    assert valid(WHOLE)
    assert set(WHOLE) == set(PROFILE["properties"])


@pytest.mark.parametrize(
    ("kind", "schema", "beside"),
    [
        (Profile, PROFILE, {"name"}),
        (Component, PROFILE["properties"]["components"]["additionalProperties"], {"name"}),
        (Inventory, PROFILE["properties"]["inventories"]["items"], set()),
        (
            DeclaredListener,
            PROFILE["properties"]["listeners"]["anyOf"][0]["additionalProperties"],
            {"port"},
        ),
    ],
)
def test_every_key_is_read(kind: Any, schema: dict[str, Any], beside: set[str]) -> None:
    """A key of the schema is a field of what is made of it, and the other way round."""
    fields = {field.name for field in dataclasses.fields(kind)}
    assert fields - beside == set(schema["properties"])


@pytest.mark.parametrize("path", list(places(WHOLE)), ids=lambda path: ".".join(map(str, path)))
def test_schema_and_checker_agree(path: tuple[Any, ...]) -> None:
    """Whatever stands in a place, both take it or both refuse it, and the place is named."""
    for value in VALUES:
        profile = changed(path, value)
        error = accepted(profile)
        if error is None:
            assert valid(profile), f"the schema alone refuses {value!r}"
            continue
        alone = any(said in error for said in BY_THE_CHECKER_ALONE)
        assert alone or not valid(profile), (value, error)
        assert alone or ".".join(["truthmap_app_shop", *map(str, path[:1])]) in error


@pytest.mark.parametrize("path", list(mappings()), ids=lambda path: ".".join(map(str, path)))
def test_both_refuse_a_key_nobody_reads(path: tuple[Any, ...]) -> None:
    """A typo is an error with the nearest key, unless the mapping's keys are names."""
    inner: Any = WHOLE
    for key in path:
        inner = inner[key]
    known = next(iter(inner), "address")
    profile = changed((*path, f"{known}s"), inner.get(known))
    error = accepted(profile)
    assert valid(profile) == (error is None or "stale_after" in error)
    if error is not None and "unknown key" in error:
        assert f"unknown key '{known}s'; did you mean '{known}'?" in error


@pytest.mark.parametrize(
    ("profile", "error"),
    [
        ({"modes": {True: ["x"]}}, "modes: the key True is no text; put it in quotes"),
        ({"units": ["x" * 99]} | {"title": ["y" * 99]}, "title: give a text, not ['yyy"),
        ([1], "truthmap_app_shop: give a mapping with keys such as title, units, "),
    ],
)
def test_what_only_yaml_has_is_refused_too(profile: Any, error: str) -> None:
    """Keys that are no text; and a long value is not repeated in full."""
    said = accepted(profile)
    assert said is not None
    assert error in said
    assert len(said) < 400


def test_ports_may_be_numbers_as_in_yaml() -> None:
    """An inventory has them so; an archive has them as text."""
    assert accepted({"listeners": {8080: None}, "stream_freshness": {1: "1d"}}) is None


def test_the_profiles_that_are_shown_are_valid() -> None:
    """The shipped example, and what `truthmap profile` writes."""
    hosts = (host_report(reference()), host_report(systemd_bundle()))
    reports = [Report("", "run", True, shown, ()) for shown in (hosts, hosts[:1], ())]
    written = [yaml.safe_load(starting_profile(report)) for report in reports]
    for variables in (yaml.safe_load(EXAMPLE.read_text()), *written):
        assert any(name.startswith(PREFIX) for name in variables)
        assert list(VALIDATOR.iter_errors(json.loads(json.dumps(variables)))) == []

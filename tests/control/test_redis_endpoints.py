"""The variables of the domain redis: what they may say, and what is said when they may not."""

from __future__ import annotations

from typing import Any

import pytest

from truthmap_control import secrets
from truthmap_control.redis_endpoints import Endpoint, Sentinel, endpoints
from truthmap_control.values import SettingError

WHERE = "probe_redis_endpoints"


def test_every_way_to_name_a_server() -> None:
    """Address, socket, URL, sentinel and cluster; what is left out has its usual value."""
    given = [
        {"name": "a", "host": "a.example"},
        {"name": "b", "host": "b.example", "port": "6380", "tls": True, "verify": False},
        {"name": "c", "unix": "/run/redis/c.sock", "username": "u", "password": "p"},
        {"name": "d", "url": "rediss://me@d.example:7000"},
        {"name": "e", "url": "unix:///run/e.sock"},
        {"name": "f", "sentinel": {"service": "s", "nodes": ["s1", "s2:7", "[::1]:8"]}},
        {"name": "g", "host": "::1", "cluster": True},
    ]
    assert endpoints(given, WHERE) == [
        Endpoint("a", "a.example"),
        Endpoint("b", "b.example", 6380, tls=True, verify=False),
        Endpoint("c", unix="/run/redis/c.sock", username="u", password="p"),  # noqa: S106 - a test's own
        Endpoint("d", "d.example", 7000, tls=True, username="me"),
        Endpoint("e", unix="/run/e.sock"),
        Endpoint("f", sentinel=Sentinel("s", (("s1", 26379), ("s2", 7), ("::1", 8)))),
        Endpoint("g", "::1", cluster=True),
    ]


@pytest.mark.parametrize("nothing", [None, "", []])
def test_none_named(nothing: Any) -> None:
    """An optional survey question left out is an empty list."""
    assert endpoints(nothing, WHERE) == []


HOST = {"name": "a", "host": "h"}
WRONG: list[tuple[Any, str]] = [
    ("a", "probe_redis_endpoints is no list of endpoints"),
    (["a"], "[0] is no mapping; it may have name, host"),
    ([{"host": "h"}], "[0]: name is missing or no name"),
    ([{"name": "a/b", "host": "h"}], "[0]: name is missing or no name"),
    ([HOST, HOST], "[1]: the name 'a' is used twice"),
    ([{"name": "a"}], "[0] (a): one of host, unix, url and sentinel is needed, not none of them"),
    ([{**HOST, "unix": "/x"}], "is needed, not host and unix"),
    ([{**HOST, "prot": 1}], "unknown key 'prot'; did you mean 'port'?"),
    ([{**HOST, "port": "x"}], "[0] (a): port is no whole number from 1 to 65535"),
    ([{**HOST, "port": 0}], "port is no whole number"),
    ([{**HOST, "port": True}], "port is no whole number"),
    ([{**HOST, "tls": "yes"}], "tls is neither true nor false"),
    ([{**HOST, "password": 1234}], "password is no text; a number belongs in quotes"),
    ([{**HOST, "ca": "/ca.pem"}], "ca is given, but tls is not true"),
    ([{**HOST, "tls": True, "cert": "/c.pem"}], "cert and key belong together"),
    ([{**HOST, "url": "redis://h"}], "host, port and unix are too much"),
    ([{"name": "a", "url": "http://h"}], "url is none of redis://, rediss:// and unix://"),
    ([{"name": "a", "url": "redis://h:x"}], "url cannot be read as one"),
    ([{"name": "a", "url": "redis://:Sesame@h"}], "url holds a password: give it as password"),
    ([{"name": "a", "sentinel": {"service": "s"}}], "service and nodes (a list of host:port)"),
    ([{"name": "a", "sentinel": {"service": "s", "nodes": ["h:x"]}}], "nodes[0] is no whole"),
    ([{"name": "a", "unix": "/x", "cluster": True}], "a cluster is asked over TCP"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=lambda value: repr(value)[:50])
def test_what_is_wrong_is_said(given: Any, words: str) -> None:
    """The message names the place and what to do, and never shows a password."""
    with pytest.raises(SettingError) as error:
        endpoints(given, WHERE)
    assert words in str(error.value)
    assert "Sesame" not in str(error.value)
    assert "1234" not in str(error.value)


def test_an_endpoint_shows_no_password() -> None:
    """Not even where somebody prints it."""
    sentinel = {"service": "s", "nodes": ["h"], "password": "Sesame"}
    (one, two) = endpoints(
        [{**HOST, "password": "Sesame"}, {"name": "b", "sentinel": sentinel}], WHERE
    )
    assert "Sesame" not in f"{one!r} {two!r}"


def test_secrets_come_from_variables() -> None:
    """Only for the kinds that are asked, and only what is set."""
    variables: dict[str, Any] = {
        "probe_redis_username": "u",
        "probe_redis_password": " blank ",
        "probe_redis_credentials": {"/x.sock": {"password": "q"}},
        "probe_redis_use_server_configuration": "yes",
    }
    assert secrets.gathered(["command", "redis"], variables.get) == {
        "redis": {
            "username": "u",
            "password": " blank ",
            "credentials": {"/x.sock": {"password": "q"}},
            "use_server_configuration": True,
        }
    }
    assert secrets.gathered(["command"], variables.get) == {}
    assert secrets.gathered(["redis"], lambda name: None) == {}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("probe_redis_password", 1234, "probe_redis_password is a number: put it in quotes"),
        ("probe_redis_password", ["Sesame"], "probe_redis_password is a list: expected text"),
        ("probe_redis_credentials", "Sesame", "is no mapping of endpoint to username and password"),
        ("probe_redis_credentials", {"a:1": "Sesame"}, "[a:1] is no mapping with username and"),
        ("probe_redis_credentials", {"a:1": {"pass": "Sesame"}}, "has the unknown key 'pass'"),
        ("probe_redis_use_server_configuration", "perhaps", "expected true or false"),
    ],
)
def test_unusable_secrets(name: str, value: Any, words: str) -> None:
    """The variable is named, its value is not."""
    with pytest.raises(SettingError) as error:
        secrets.gathered(["redis"], {name: value}.get)
    assert words in str(error.value)
    assert "Sesame" not in str(error.value)
    assert "1234" not in str(error.value)

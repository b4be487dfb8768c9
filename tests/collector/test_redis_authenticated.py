"""The first row says whether a password let the survey in: a server that takes anybody is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.redis_server import start

from .redis_cases import surveyed

PASSWORD = "Sesame-6d1f"  # noqa: S105 - a test's own


@pytest.mark.parametrize(
    ("options", "secret", "expected"),
    [
        ((), None, False),
        ((), {"password": PASSWORD}, False),
        (("--requirepass", PASSWORD), {"password": PASSWORD}, True),
    ],
)
def test_a_password_that_was_not_needed_does_not_count(
    tmp_path: Path, options: tuple[str, ...], secret: dict[str, str] | None, expected: bool
) -> None:
    with start(tmp_path, *options) as server:
        record = surveyed(server.endpoint, secret)
    first = json.loads(record["stdout"]["data"].splitlines()[0])
    assert first["ask"] == ["INFO"]
    assert (first["authenticated"], first["asked"]) == (expected, expected)


def test_a_named_user_does_not_count_where_anybody_is_let_in(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        server.client().execute_command("ACL", "SETUSER", "named", "on", f">{PASSWORD}", "+@all")
        record = surveyed(server.endpoint, {"username": "named", "password": PASSWORD})
    first, second = map(json.loads, record["stdout"]["data"].splitlines()[:2])
    assert (first["authenticated"], first["asked"]) == (False, False)
    assert second["reply"] == "default"

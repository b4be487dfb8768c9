"""The `lab` fixture; `tests/conftest.py` imports it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .lab import Lab, default_state_dir

__all__ = ["lab"]


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab of this checkout; a test calls `lab.up([...])` for the hosts it needs.

    Hosts that were up before stay up, the others are taken down. Without a lab the tests are
    skipped with the reason; with TRUTHMAP_LAB=required in the environment they fail.
    """
    reason = Lab.unavailable()
    if reason and os.environ.get("TRUTHMAP_LAB") == "required":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    found = Lab(default_state_dir())
    before = set(found.hosts())
    yield found
    for name in set(found.hosts()) - before:
        found.stop(name)

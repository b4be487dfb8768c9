"""The `lab` fixture; `tests/conftest.py` imports it."""

from __future__ import annotations

import os

import pytest

from .lab import Lab, default_state_dir

__all__ = ["lab"]


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of this checkout; a test calls `lab.up([...])` for the hosts it needs.

    Hosts stay up afterwards, for the next run. Without a lab the tests are skipped with the reason;
    with TRUTHMAP_LAB=required in the environment they fail.
    """
    reason = Lab.unavailable()
    if reason and os.environ.get("TRUTHMAP_LAB") == "required":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    return Lab(default_state_dir())

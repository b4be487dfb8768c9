"""Fixtures every test may use."""

import pytest

from tests.lab.fixtures import lab

__all__ = ["lab"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rewrite`: golden reports are written anew."""
    parser.addoption("--rewrite", action="store_true", help="Write the golden reports anew.")

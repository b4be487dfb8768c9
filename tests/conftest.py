"""Fixtures every test may use."""

from tests.lab.fixtures import lab

__all__ = ["lab"]

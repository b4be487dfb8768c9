"""Fixtures every test may use, and what a whole run has to hold."""

import os

import pytest

from tests.lab.fixtures import lab

__all__ = ["lab"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--rewrite`: golden reports are written anew."""
    parser.addoption("--rewrite", action="store_true", help="Write the golden reports anew.")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in which a test was skipped, where the lab is required: a skip hides."""
    if exitstatus or os.environ.get("TRUTHMAP_LAB") != "required":
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

"""Errors a person can act on."""

from __future__ import annotations

__all__ = ["InputError", "ReportError"]


class ReportError(Exception):
    """Something went wrong that a message explains; the command exits with `exit_code`."""

    exit_code = 1


class InputError(ReportError):
    """Input that cannot be used: the message says what, where and what to do."""

    exit_code = 3

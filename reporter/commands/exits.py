"""The exit codes of the design, and the one line an error is."""

from __future__ import annotations

import click

from reporter.render.terminal import safe

__all__ = ["FINDINGS", "INCOMPLETE", "INTERNAL", "INTERRUPTED", "OK", "USAGE", "complain"]

OK, INTERNAL, FINDINGS, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 4, 130


def complain(message: str) -> None:
    """Print one line on stderr, with nothing in it that a terminal obeys."""
    click.echo(f"truthmap: {safe(message)}", err=True)

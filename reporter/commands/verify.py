"""`truthmap verify`."""

from __future__ import annotations

from pathlib import Path

import click

from reporter import archive as archives
from reporter import verify as verification
from reporter.commands.exits import INCOMPLETE, OK, USAGE, complain

__all__ = ["verify"]


@click.command()
@click.argument(
    "archive", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ARCHIVE..."
)
def verify(archive: tuple[Path, ...]) -> int:
    """Check archives: every hash, the schema, and whether the run was completed."""
    loaded = archives.load(archive)
    click.echo(verification.summary(loaded), nl=False)
    for problem in loaded.problems:
        complain(str(problem))
    if loaded.problems:
        return USAGE
    return OK if loaded.complete and not loaded.unreached and not loaded.partial else INCOMPLETE

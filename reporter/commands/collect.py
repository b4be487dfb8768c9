"""`truthmap collect`."""

from __future__ import annotations

from typing import Any

import click

from reporter import archive as archives
from reporter.commands.collecting import collect_archive, collect_options, interrupted
from reporter.commands.exits import INCOMPLETE, OK, USAGE, complain

__all__ = ["collect"]


@click.command()
@collect_options
def collect(**options: Any) -> int:
    """Only collect; print the path of the archive."""
    folder, stopped = collect_archive(options)
    if stopped:
        return interrupted(folder)
    click.echo(str(folder))
    loaded = archives.load([folder])
    for problem in loaded.problems:
        complain(str(problem))
    if loaded.problems:
        return USAGE
    short = loaded.unreached or loaded.partial or not loaded.complete
    return INCOMPLETE if short else OK

"""`truthmap import`."""

from __future__ import annotations

from pathlib import Path

import click

from reporter import byhand
from reporter.collect import new_folder
from reporter.commands.exits import OK
from reporter.commands.judging import profiles_of

__all__ = ["import_command"]


@click.command(name="import")
@click.argument(
    "answer", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ANSWER..."
)
@click.option("--host", help="The host's name.  [default: what it calls itself]")
@click.option(
    "--archive",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder for the archive; must be new or empty.  [default: runs/<run id>]",
)
@click.option("--profile", type=click.Path(path_type=Path), help="Profiles to keep with it.")
def import_command(
    answer: tuple[Path, ...], host: str | None, folder: Path | None, profile: Path | None
) -> int:
    """Make an archive of the answers the collector gave by hand; print its path."""
    target = folder or new_folder(Path("runs"))
    byhand.import_answers(answer, target, host, profiles_of(profile) or {})
    click.echo(str(target))
    return OK

"""`truthmap profile`."""

from __future__ import annotations

from pathlib import Path

import click

from reporter import outputs
from reporter.commands.exits import OK, USAGE
from reporter.commands.judging import load
from reporter.starting_profile import starting_profile

__all__ = ["profile"]


@click.command()
@click.argument(
    "archive", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ARCHIVE..."
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write to, instead of stdout.")
def profile(archive: tuple[Path, ...], out: Path | None) -> int:
    """Write a starting profile from what was observed, to be edited.

    It names the applications, what of them ran, the ports and the streams, as variables for the
    inventory or for `truthmap report --profile FILE`.
    """
    built = load(archive, None)
    content = starting_profile(built)
    if out is None:
        click.echo(content, nl=False)
    else:
        outputs.write_whole(out, content)
        click.echo(f"Profile: {out}", err=True)
    return USAGE if built.problems else OK

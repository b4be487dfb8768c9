"""`truthmap probes`."""

from __future__ import annotations

from pathlib import Path

import click

from reporter import byhand, outputs
from reporter.commands.exits import OK
from reporter.commands.judging import profiles_of

__all__ = ["probes"]


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write to, instead of stdout.")
@click.option(
    "--profile", type=click.Path(path_type=Path), help="Profiles whose files to look at too."
)
def probes(out: Path | None, profile: Path | None) -> int:
    """Print the collector with all probes as one file, to be run by hand.

    For a host nobody may reach: its administrator runs `sh FILE > answer` and sends the answer,
    which `truthmap import` makes an archive.
    """
    content = byhand.script(profiles_of(profile))
    if out is None:
        click.echo(content, nl=False)
    else:
        outputs.write_whole(out, content)
        click.echo(f"Collector: {out}", err=True)
    return OK

"""`truthmap report`."""

from __future__ import annotations

from pathlib import Path

import click

from reporter import outputs
from reporter.commands.judging import (
    exit_code,
    load,
    profiles_of,
    report_options,
    side_of_path,
    summarise,
    waivers_of,
)
from reporter.locale import catalogue

__all__ = ["report"]


@click.command()
@click.argument(
    "archive", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ARCHIVE..."
)
@report_options
def report(
    archive: tuple[Path, ...],
    formats: tuple[str, ...],
    out: Path | None,
    lang: str,
    profile: Path | None,
    waivers: Path | None,
    fail_on: str | None,
    new_since: Path | None,
    min_coverage: float | None,
    summary: Path | None,
) -> int:
    """Render a report from archives; no host is touched.

    ARCHIVE is a run's folder, a single bundle, or a tar file (.tar, .tar.gz, .tar.zst) of either.
    """
    if len(formats) > 1 and out is None:
        raise click.UsageError("Several --format need --out, a folder.")
    profiles, accepted = profiles_of(profile), waivers_of(waivers)
    since = side_of_path(new_since, profiles, accepted, fail_on)
    built = load(archive, profiles, accepted)
    chosen = formats or ("text",)
    if out is None:
        click.echo(outputs.render(built, chosen[0], catalogue(lang)), nl=False)
    else:
        for path in outputs.write(built, chosen, out, catalogue(lang)):
            click.echo(f"Report: {path}", err=True)
    summarise(built, summary)
    return exit_code(built, fail_on, min_coverage, since)

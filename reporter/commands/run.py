"""`truthmap run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reporter import archive as archives
from reporter import outputs
from reporter import report as reports
from reporter.commands.collecting import collect_archive, collect_options, interrupted
from reporter.commands.exits import USAGE
from reporter.commands.judging import (
    exit_code,
    profiles_of,
    report_options,
    side_of_path,
    summarise,
    waivers_of,
)
from reporter.commands.publishing import published, show
from reporter.locale import catalogue
from reporter.publish.urls import sinks_of

__all__ = ["run"]


@click.command()
@collect_options
@report_options
def run(
    formats: tuple[str, ...],
    out: Path | None,
    urls: tuple[str, ...],
    lang: str,
    profile: Path | None,
    waivers: Path | None,
    fail_on: str | None,
    new_since: Path | None,
    min_coverage: float | None,
    summary: Path | None,
    **options: Any,
) -> int:
    """Collect from an inventory (this machine if none), and report.

    The archive and the reports stay in the run's folder; the report also goes to stdout.
    """
    profiles, accepted = profiles_of(profile), waivers_of(waivers)
    since = side_of_path(new_since, profiles, accepted, fail_on)
    chosen = tuple(dict.fromkeys(formats)) or outputs.DEFAULT
    outputs.require(chosen)
    sinks = sinks_of(urls)
    folder, stopped = collect_archive(options)
    if stopped:
        return interrupted(folder)
    loaded = archives.load([folder])
    report = reports.build(loaded, profiles, accepted)
    sentences = catalogue(lang)
    written = outputs.write(report, chosen, out or folder / "report", sentences)
    if out is None:
        one = len(chosen) == 1 and chosen[0] not in outputs.BINARY | outputs.PAGES
        show(report, chosen[0] if one else "text", sentences)
    click.echo("", err=True)
    click.echo(f"Archive: {folder}", err=True)
    for path in written:
        click.echo(f"Report:  {path}", err=True)
    well = published(report, chosen, sinks, sentences)
    summarise(report, summary)
    return exit_code(report, fail_on, min_coverage, since) if well else USAGE

"""What commands share that show, write and publish a report."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from reporter import outputs
from reporter.commands.exits import complain
from reporter.messages import Catalogue
from reporter.publish.sinks import Delivery, Sink
from reporter.publish.urls import publish
from reporter.render.terminal import safe
from reporter.report import Report

__all__ = ["publish_option", "published", "show"]

publish_option = click.option(
    "--publish",
    "urls",
    type=click.Path(readable=False),  # so that a shell completes a folder
    multiple=True,
    metavar="URL",
    help="Where the report goes too; may be given several times: a folder (path or file://), "
    "http(s):// (PUT to URL/name), redis:// or rediss:// (findings as events: "
    "redis://host:port/db?stream=NAME), any URL of fsspec (s3:// and the like). Secrets come from "
    "TRUTHMAP_PUBLISH_SECRET_<HOST>, or a header from TRUTHMAP_PUBLISH_HEADER_<HOST>.",
)


def show(report: Report, name: str, catalogue: Catalogue) -> None:
    """Print the report in one format; raises `UsageError` for a binary one on a terminal."""
    if name in outputs.BINARY and sys.stdout.isatty():
        raise click.UsageError(f"--format {name} is binary: give --out, or send it to a file.")
    click.echo(outputs.main_file(report, name, catalogue), nl=False)


def published(
    report: Report, formats: Sequence[str], sinks: Sequence[Sink], catalogue: Catalogue
) -> bool:
    """Publish the report to every sink; say on stderr what came of each, and whether all went well.

    A sink that fails stops no other.
    """

    def files() -> Iterator[tuple[str, bytes]]:
        for name in formats:
            yield from outputs.files(report, name, catalogue)

    well = True
    for sink, told, delivered in publish(sinks, Delivery(report, files)):
        if delivered:
            click.echo(f"Published: {safe(sink)} ({told})", err=True)
        else:
            complain(f"{sink}: not published: {told}")
        well = well and delivered
    return well

"""`truthmap explain`."""

from __future__ import annotations

from pathlib import Path

import click

from reporter import explain as explanations
from reporter.commands.exits import OK, USAGE
from reporter.commands.judging import language_option, load, profiles_of, waivers_of
from reporter.locale import catalogue

__all__ = ["explain"]


@click.command()
@click.argument("id")
@click.argument(
    "archive", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="ARCHIVE..."
)
@click.option("--host", help="Only this host's finding.")
@click.option("--profile", type=click.Path(path_type=Path), help="Judge by this profile file.")
@click.option("--waivers", type=click.Path(path_type=Path), help="Waivers to judge by.")
@language_option
def explain(
    id: str,
    archive: tuple[Path, ...],
    host: str | None,
    profile: Path | None,
    waivers: Path | None,
    lang: str,
) -> int:
    """Explain the finding ID: its rule, the raw evidence, its cause, how its risk was reckoned.

    ID is what the reports show as rule:subject, such as service_state:ssh.service; or a cause's or
    a pattern's, such as cause:unit/ssh.service.
    """
    built = load(archive, profiles_of(profile), waivers_of(waivers))
    click.echo(explanations.explain(built, id, host, catalogue(lang)), nl=False)
    return USAGE if built.problems else OK

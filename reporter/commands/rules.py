"""`truthmap rules`."""

from __future__ import annotations

import click

from reporter import explain as explanations
from reporter.commands.exits import OK

__all__ = ["rules"]


@click.command()
@click.argument("id", required=False)
def rules(id: str | None) -> int:
    """List the rules, or show the documentation of the rule ID."""
    page = explanations.rule_page(id) if id else explanations.rule_catalogue()
    click.echo(page, nl=False)
    return OK

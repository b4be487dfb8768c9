"""`truthmap diff`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from reporter import outputs
from reporter.commands.exits import FINDINGS, INCOMPLETE, OK, USAGE, complain
from reporter.commands.judging import (
    FAIL_ON,
    PROFILE,
    WAIVERS,
    language_option,
    profiles_of,
    waivers_of,
)
from reporter.diff.compare import compare
from reporter.diff.gate import any_new
from reporter.diff.model import Diff
from reporter.diff.reading import load_side
from reporter.locale import catalogue
from reporter.messages import Catalogue
from reporter.render import diff_text, diff_v1

__all__ = ["diff"]

_FORMATS: dict[str, Callable[[Diff, Catalogue], str]] = {
    "text": diff_text.render,
    "json": lambda diff, _: diff_v1.render(diff),
}


@click.command()
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW")
@click.option(
    "--format",
    "chosen",
    type=click.Choice(list(_FORMATS)),
    default="text",
    help="What to render.  [default: text]",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write to, instead of stdout.")
@language_option
@PROFILE
@WAIVERS
@FAIL_ON
def diff(
    old: Path,
    new: Path,
    chosen: str,
    out: Path | None,
    lang: str,
    profile: Path | None,
    waivers: Path | None,
    fail_on: str | None,
) -> int:
    """Say what changed from OLD to NEW: what broke, what recovered, what is new.

    OLD and NEW are archives, as `truthmap report` takes them, or JSON reports. Archives are judged
    by today's rules, whatever version collected them. With --fail-on only findings count that are
    new, or worse, or not known any more.
    """
    profiles, accepted = profiles_of(profile), waivers_of(waivers)
    before, now = (load_side([path], profiles, accepted) for path in (old, new))
    for problem in (*before.problems, *now.problems):
        complain(problem)
    content = _FORMATS[chosen](compare(before, now), catalogue(lang))
    if out is None:
        click.echo(content, nl=False)
    else:
        outputs.write_whole(out, content)
        click.echo(f"Diff: {out}", err=True)
    if before.problems or now.problems:
        return USAGE
    if fail_on and any_new(before, now, fail_on):
        return FINDINGS
    return INCOMPLETE if now.incomplete else OK

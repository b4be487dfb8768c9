"""The text report: what a person reads first, in a terminal, a mail or a ticket."""

from __future__ import annotations

import textwrap
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reporter.judgement.likeness import said_of_each
from reporter.messages import EN, Catalogue, Value, joined, text
from reporter.recorded import recorded
from reporter.render import page
from reporter.render.fleet_text import fleet_lines, waived_lines
from reporter.render.model_text import matrix_lines
from reporter.render.stream_text import table_lines
from reporter.render.terminal import shown_in
from reporter.report import Report
from reporter.rules.times import at
from reporter.severities import who_weighed

__all__ = ["render"]

WIDTH = 100


def render(report: Report, catalogue: Catalogue = EN) -> str:
    """Return the report as text with a final newline; no line holds a control character."""
    template = _environment(catalogue).get_template("report.txt.j2")
    return template.render(report=report)


def _environment(catalogue: Catalogue) -> Environment:
    shown = shown_in(catalogue)

    def sentence(template: str, **values: Value) -> str:
        return shown(text(template, **values))

    def wrapped(value: Any, first: str, rest: str) -> str:
        return _broken_up(shown(value), first, rest)

    # Not HTML: every value is made safe for a terminal by `finalize` instead.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("reporter.render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_finalize(shown),
    )
    environment.filters.update(
        at=at,
        wrapped=lambda value, first, rest: _Lines(wrapped(value, first, rest)),
        joined=lambda values, first, rest: _Lines(wrapped(joined(values), first, rest)),
        shown=shown,
        status=page.STATUS.__getitem__,
        running=page.RUNNING.__getitem__,
        day=lambda time: time[:10],
        minute=lambda time: f"{time[:10]} {time[11:16]} UTC",
        clock=page.clock,
        lines=_Lines,
        recorded=recorded,
    )
    environment.globals.update(
        _=sentence,
        streams=lambda host: _Lines("\n".join(table_lines(host.streams, shown))),
        fleet_findings=lambda report: _Lines(fleet_lines(report, shown, _broken_up, page.STATUS)),
        waived=lambda host: _Lines(waived_lines(host, shown, _broken_up)),
        counts=page.counts,
        matrix=lambda host: _Lines("\n".join(matrix_lines(host.models, shown))),
        came_of=page.came_of,
        chain=page.chain,
        coverage=page.coverage,
        evidence=page.evidence,
        half_proven=page.half_proven,
        items=page.items,
        listed=lambda parts: joined(parts, "; "),
        open_ends=page.open_ends,
        quiet=page.quiet,
        said_of_each=said_of_each,
        scope=page.scope,
        sections=page.sections,
        weight=lambda finding, host: who_weighed(finding, host.profiles),
    )
    return environment


def _broken_up(line: str, first: str, rest: str) -> str:
    """Break a line that was made safe."""
    return "\n".join(
        textwrap.wrap(
            " ".join(line.split()),
            WIDTH,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


class _Lines(str):
    """Text that was made safe and broken into lines already."""

    __slots__ = ()


def _finalize(shown: Any) -> Any:
    return lambda value: value if isinstance(value, _Lines) else shown(value)

"""The text report: what a person reads first, in a terminal, a mail or a ticket."""

from __future__ import annotations

import textwrap
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from reporter.judgement.likeness import said_of_each
from reporter.messages import EN, Catalogue, joined, text
from reporter.presentation import blocks, chains, looked
from reporter.render.model_text import matrix_lines
from reporter.render.sentences import Lines, sentence_in
from reporter.render.stream_text import table_lines
from reporter.render.terminal import shown_in
from reporter.report import Block, Report
from reporter.rules.times import at

__all__ = ["render"]

WIDTH = 100
_STATUS = {"ok": "✅", "degraded": "⚠️", "down": "❌", "unknown": "❓"}
_RUNNING = {
    "yes": text("YES"),
    "no": text("NO"),
    "partial": text("PARTIAL"),
    "unstable": text("YES (unstable)"),
    "na": text("N/A"),
    "unknown": text("UNKNOWN"),
}


def render(report: Report, catalogue: Catalogue = EN) -> str:
    """Return the report as text with a final newline; no line holds a control character."""
    template = _environment(catalogue).get_template("report.txt.j2")
    return template.render(report=report)


def _environment(catalogue: Catalogue) -> Environment:
    shown = shown_in(catalogue)

    def wrapped(value: Any, first: str, rest: str) -> str:
        return "\n".join(
            textwrap.wrap(
                " ".join(shown(value).split()),
                WIDTH,
                initial_indent=first,
                subsequent_indent=rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )

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
        wrapped=lambda value, first, rest: Lines(wrapped(value, first, rest)),
        joined=lambda values, first, rest: Lines(wrapped(joined(values), first, rest)),
        shown=shown,
        status=_STATUS.__getitem__,
        running=_RUNNING.__getitem__,
        day=lambda time: time[:10],
        minute=looked.minute,
        clock=looked.clock,
        lines=Lines,
    )
    environment.globals.update(
        _=sentence_in(shown),
        streams=lambda host: Lines("\n".join(table_lines(host.streams, shown))),
        matrix=lambda host: Lines("\n".join(matrix_lines(host.models, shown))),
        came_of=looked.came_of,
        chain=chains.chain,
        coverage=looked.coverage,
        evidence=blocks.evidence,
        half_proven=chains.half_proven,
        items=blocks.items,
        listed=lambda parts: joined(parts, "; "),
        open_ends=chains.open_ends,
        quiet=_quiet,
        said_of_each=said_of_each,
        scope=looked.scope,
        sections=blocks.sections,
    )
    return environment


def _finalize(shown: Any) -> Any:
    return lambda value: value if isinstance(value, Lines) else shown(value)


def _quiet(block: Block) -> list[str]:
    """Return the names of the subjects that are well and of which there is nothing to say."""
    return [blocks.short_name(finding) for finding in blocks.quiet(block)]

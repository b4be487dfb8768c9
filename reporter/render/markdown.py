"""The Markdown report, GitHub-flavoured: for an issue, a merge request or a wiki.

The order is that of the text report, in fewer lines: what is in order is counted, what is not is
told. It holds no HTML, and nothing a host chose is read as Markdown (see `markdown_text`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined

from reporter.dataflow.table import ServerTable
from reporter.findings import Finding
from reporter.judgement.likeness import said_of_each
from reporter.messages import EN, Catalogue, Text, Value, joined, text
from reporter.models.loads import UnitLoads
from reporter.recorded import recorded
from reporter.render import model_text, page, stream_text
from reporter.render.found import Found, found_over_all
from reporter.render.markdown_text import code, in_cell, shown_in
from reporter.render.terminal import Shown
from reporter.report import Block, Report
from reporter.rules.times import at
from reporter.words import outcome_of

__all__ = ["render"]

_MOST_GOOD = 3
"""Items in order that are told of one component; more are counted."""

_MOST_DETAILS = 2
_MOST_NAMES = 8
_MOST_CONNECTED = 5


def render(report: Report, catalogue: Catalogue = EN) -> str:
    """Return the report as Markdown with a final newline."""
    lines = _environment(catalogue).get_template("report.md.j2").render(report=report)
    return "\n".join(line.rstrip() for line in lines.splitlines()) + "\n"


def _environment(catalogue: Catalogue) -> Environment:
    shown = shown_in(catalogue)
    cell = shown_in(catalogue, in_cell)

    def sentence(template: str, **values: Value) -> str:
        return shown(text(template, **values))

    # Not HTML: every value is made safe for Markdown by `shown` and `cell`.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("reporter.render"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        at=at,
        code=code,
        shown=shown,
        cell=cell,
        status=page.STATUS.__getitem__,
        running=lambda running: shown(page.RUNNING[running]),
        recorded=recorded,
        minute=lambda time: f"{time[:10]} {time[11:16]} UTC",
        connected=lambda values: shown(_named(values, _MOST_CONNECTED)),
        named=lambda values: shown(_named(values)),
        short=page.short_command,
    )
    environment.globals.update(
        _=sentence,
        chain=page.chain,
        clock=page.clock,
        counts=page.counts,
        coverage=page.coverage,
        details=lambda finding: finding.verdict.details[:_MOST_DETAILS],
        half_proven=page.half_proven,
        listed=lambda parts: joined(parts, "; "),
        named=_named,
        matrix=lambda unit: "\n".join(_matrix(unit, catalogue, cell)),
        open_ends=page.open_ends,
        outcome=outcome_of,
        over_all=_over_all,
        reach=model_text.reach,
        said=_said,
        scope=page.scope,
        sections=page.sections,
        table=lambda server: "\n".join(_table(server, shown, cell)),
        told=_told,
        legend=stream_text.LEGEND,
    )
    return environment


def _over_all(report: Report) -> list[Found]:
    """Return what belongs to no single host, worst first."""
    order = ("down", "degraded", "unknown", "ok")
    return sorted(
        found_over_all(report),
        key=lambda one: (one.finding.waived, order.index(one.finding.verdict.status)),
    )


def _named(values: Iterable[Value], most: int = _MOST_NAMES) -> Text:
    """Return values one after another, the first of many."""
    names = list(values)
    more = len(names) - most
    if more > 1:
        names[most:] = [text("and {count} more", count=more)]
    return joined(names)


def _told(block: Block) -> tuple[list[tuple[Finding, ...]], int]:
    """Return what is told of a component, worst first, and how many more findings are in order."""
    groups = page.items(block)
    bad = [group for group in groups if group[0].verdict.status != "ok"]
    good = [group for group in groups if group[0].verdict.status == "ok"]
    shown = good if len(good) <= _MOST_GOOD else []
    counted = sum(len(group) for group in good[len(shown) :])
    return bad + shown, counted + len(page.quiet(block))


def _said(group: tuple[Finding, ...]) -> Text:
    """Return what is said of one subject, or of several that are named beside it."""
    return group[0].verdict.message if len(group) == 1 else said_of_each(group)


def _table(server: ServerTable, shown: Shown, cell: Shown) -> Iterator[str]:
    """Yield the truth table of one server: its title, its rows, its notes."""
    rows = server.rows[: stream_text.MOST]
    prefix = stream_text.prefix_of([row.stream for row in rows])
    yield shown(stream_text.title(server, prefix))
    yield ""
    if rows:
        several = len({row.db for row in rows}) > 1
        yield from _grid(
            [cell(head) for head in stream_text.HEADS],
            (
                [", ".join(part) for part in stream_text.cells(row, prefix, cell, several=several)]
                for row in rows
            ),
        )
        yield ""
    if len(server.rows) > len(rows):
        more = len(server.rows) - len(rows)
        yield f"- {shown(text('and {more} more: --format json holds every row', more=more))}"
    for note in server.notes:
        yield f"- {shown(note)}"


def _matrix(unit: UnitLoads, catalogue: Catalogue, cell: Shown) -> Iterator[str]:
    heads = catalogue.sentence(model_text.HEAD.template).split(" | ")
    yield from _grid(heads, ([cell(one) for one in model_text.cells(load)] for load in unit.loads))


def _grid(heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield _row(heads)
    yield _row(["---"] * len(heads))
    yield from (_row(row) for row in rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"

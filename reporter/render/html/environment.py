"""What every page is made with: escaping, sentences, styles and scripts, and the policy over them.

Everything a host chose goes through two hands: `safe` spells out control characters and what
turns the direction of text, as on a terminal; then Jinja escapes it for HTML. No value stands in
a script, a style, an address or an unquoted attribute.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from html import escape
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reporter.judgement.likeness import said_of_each
from reporter.messages import Catalogue, Value, joined, text
from reporter.recorded import recorded
from reporter.render import model_text, page, stream_text
from reporter.render.html.anchors import anchor
from reporter.render.terminal import Shown, safe, shown_in
from reporter.rules.times import at
from reporter.severities import who_weighed
from reporter.words import CONFIDENCES, RUNNING, STATUSES

__all__ = ["Pages"]


class Pages:
    """Makes pages in one language; `shown` is how it writes a value, before HTML's escaping."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.shown = shown_in(catalogue)
        self._language = catalogue.language
        self._environment = _environment(self.shown)

    def page(self, template: str, style: str, script: str, **values: Any) -> str:
        """Return a page; `style` and `script` are files that become part of it."""
        styles, scripts = _source(style), _source(script)
        return self._environment.get_template(template).render(
            language=self._language,
            policy=_policy(styles, scripts),
            style=Markup(styles),  # noqa: S704 - a file of this package, nothing of a host's
            script=Markup(scripts),  # noqa: S704 - likewise
            **values,
        )


def _environment(shown: Shown) -> Environment:
    def sentence(template: str, **values: Value) -> str:
        return shown(text(template, **values))

    made = Environment(
        loader=PackageLoader("reporter.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize(shown),
    )
    made.filters.update(
        anchor=anchor,
        at=at,
        minute=lambda time: f"{time[:10]} {time[11:16]} UTC",
        content=_content,
        number=_number,
        second=lambda time: f"{time[:19]}Z",
        recorded=recorded,
        shown=shown,
    )
    made.globals.update(
        _=sentence,
        came_of=page.came_of,
        clock=page.clock,
        confidences=CONFIDENCES,
        coverage=page.coverage,
        half_proven=page.half_proven,
        items=page.items,
        listed=lambda parts: joined(parts, "; "),
        model_cells=model_text.cells,
        model_heads=shown(model_text.HEAD).split(" | "),
        open_ends=page.open_ends,
        quiet=page.quiet_findings,
        reach=model_text.reach,
        running=RUNNING,
        said_of_each=said_of_each,
        scope=page.scope,
        sections=page.sections,
        stream_heads=stream_text.HEADS,
        stream_legend=stream_text.LEGEND,
        weight=lambda finding, host: who_weighed(finding, host.profiles),
        words=STATUSES,
    )
    return made


def _finalize(shown: Shown) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, Markup) else shown(value)


def _content(value: str) -> Markup:
    """Return lines as the content of an element, never of an attribute: quotes stay as they are.

    What is between the lines stays too; each line was made safe.
    """
    lines = "\n".join(safe(line) for line in value.splitlines())
    return Markup(escape(lines, quote=False))  # noqa: S704 - escaped in the same breath


def _number(value: float) -> str:
    """Return a length in a picture: no more digits than anyone sees."""
    return f"{value:.1f}".removesuffix(".0")


@cache
def _source(name: str) -> str:
    folder = resources.files("reporter.render") / "templates" / "html"
    return (folder / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return the content security policy: nothing may be fetched, and nothing else may run."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"

"""The sentences of the reporter, out of its source: `python -m tests.sentences` lists what lacks.

What is printed are lines of a catalogue, `English: English`, to be translated.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes

from reporter.locale import LANGUAGES, catalogue
from reporter.messages import EN

REPORTER = Path(__file__).resolve().parents[1] / "reporter"

ALLOWED = {
    "diff/reading.py": "reads back the sentences of a JSON report, which were extracted there",
    "messages.py": "makes sentences of sentences, whose text it does not choose",
    "render/html/environment.py": "passes on what the template says, which is extracted there",
    "render/markdown.py": "passes on what the template says, which is extracted there",
    "render/text.py": "passes on what the template says, which is extracted there",
}
"""Where a sentence may be made of what is no constant, and why."""

PRODUCT = "Truth Map"
"""A name is the same in every language."""


@cache
def sentences() -> frozenset[str]:
    """Return every English sentence of the source and the templates."""
    found = {one for _, one in (*_source(), *_templates()) if one is not None}
    return frozenset(found)


def not_extractable() -> list[str]:
    """Return where a sentence is made of what is no constant."""
    return [place for place, one in (*_source(), *_templates()) if one is None]


def untranslated(language: str) -> list[str]:
    """Return the sentences a language has no translation of."""
    known = catalogue(language).sentences
    return sorted(one for one in sentences() if _has_words(one) and one not in known)


def template_words() -> list[str]:
    """Return what templates say without asking a catalogue."""
    return [
        f"{path.name}: {said.strip()}"
        for path in _templates_found()
        for said in _said(path)
        if _has_words(said.replace(PRODUCT, ""))
    ]


def _said(path: Path) -> Iterator[str]:
    """Yield what a template says itself: of HTML, what a reader sees or hears of it."""
    source = path.read_text(encoding="utf-8")
    if path.suffixes[-2:] != [".html", ".j2"]:
        tree = Environment(autoescape=True).parse(source)
        yield from (data.data for data in tree.find_all(nodes.TemplateData))
        return
    tokens = Environment(autoescape=True).lex(source)
    words = _Words()
    words.feed("".join(value for _, kind, value in tokens if kind == "data"))
    yield from words.said


class _Words(HTMLParser):
    """Collects text, and the attributes that are read out or shown."""

    READ = frozenset({"alt", "aria-label", "aria-description", "label", "placeholder", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the attributes of a tag."""
        self.said += [value or "" for name, value in attrs if name in self.READ]

    def handle_data(self, data: str) -> None:
        """Collect text."""
        self.said.append(data)


def _has_words(sentence: str) -> bool:
    """Say whether there is anything to translate beside the places."""
    bare = sentence
    for part in sentence.split("{")[1:]:
        bare = bare.replace("{" + part.partition("}")[0] + "}", "")
    return any(letter.isalpha() for letter in bare)


def _source() -> Iterator[tuple[str, str | None]]:
    for path in sorted(REPORTER.rglob("*.py")):
        name = path.relative_to(REPORTER).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        makers = _makers(tree)
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id in makers or (name == "messages.py" and call.func.id == "text"):
                place = f"{name}, line {call.lineno}: {ast.unparse(call)}"
                for one in _constants(call.args[0] if call.args else None):
                    if one is not None or name not in ALLOWED:
                        yield place, one


def _makers(tree: ast.Module) -> set[str]:
    """Return the names by which a module makes sentences."""
    return {
        alias.asname or alias.name
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom) and statement.module == "reporter.messages"
        for alias in statement.names
        if alias.name in {"text", "Text"}
    }


def _constants(argument: ast.expr | None) -> Iterator[str | None]:
    """Yield the sentences an argument may be; None for what the source alone does not tell."""
    if isinstance(argument, ast.IfExp):
        yield from _constants(argument.body)
        yield from _constants(argument.orelse)
    elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    else:
        yield None


def _templates_found() -> list[Path]:
    return sorted(REPORTER.rglob("*.j2"))


def _templates() -> Iterator[tuple[str, str | None]]:
    for path in _templates_found():
        tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                first = call.args[0] if call.args else None
                place = f"{path.name}, line {call.lineno}"
                yield place, str(first.value) if isinstance(first, nodes.Const) else None


def main() -> None:
    """Print what is missing, by language."""
    for language in LANGUAGES:
        if language != EN.language:
            for one in untranslated(language):
                print(
                    f"{json.dumps(one, ensure_ascii=False)}: {json.dumps(one, ensure_ascii=False)}"
                )


if __name__ == "__main__":
    main()

"""The catalogues of sentences: a folder for each language but English, which needs none.

A folder holds YAML files that map an English sentence to the same in its language, both with the
same `{name}` places:

    "{unit} failed": "{unit} feilet"

The files are one catalogue: a sentence may stand in several only with the same translation.
Everything is text, quoted or not. A catalogue is read when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import yaml

from reporter.messages import EN, Catalogue

__all__ = ["LANGUAGES", "CatalogueError", "catalogue", "sentences_of"]

LANGUAGES = ("en", "nb")
"""English and Norwegian (bokmål)."""


class CatalogueError(ValueError):
    """A file of a catalogue is no mapping of sentences, or contradicts another."""


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of one of the `LANGUAGES`; raises `CatalogueError` for a faulty one."""
    if language == EN.language:
        return EN
    return Catalogue(language, sentences_of(resources.files(__name__) / language))


def sentences_of(folder: Traversable) -> dict[str, str]:
    """Return what a language's folder holds, English sentence -> translation.

    Raises `CatalogueError` for a file that is no such mapping, and for a sentence that is
    translated in two ways.
    """
    sentences: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if not file.name.endswith(".yml"):
            continue
        for english, translation in _pairs(file.name, file.read_text(encoding="utf-8")):
            if sentences.setdefault(english, translation) != translation:
                raise CatalogueError(f"{file.name}: translated in two ways: {english!r}")
    return sentences


def _pairs(name: str, content: str) -> Iterator[tuple[str, str]]:
    """Yield sentence and translation as they are written: `no` is a word here, not false."""
    root = yaml.compose(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(root, yaml.MappingNode):
        raise CatalogueError(f"{name}: no mapping of sentences to translations")
    for key, value in root.value:
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            line = key.start_mark.line + 1
            raise CatalogueError(f"{name}, line {line}: no sentence with its translation")
        yield key.value, value.value

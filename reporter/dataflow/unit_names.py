"""Finds the unit that is meant by a name: an entry's source, a consumer, a group.

Sources name themselves as they like (`ai-engine`, `autonomous_trader`, `execution-service` for
quantum-ai-engine.service and so on). A name is only ever matched where exactly one unit fits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from reporter.profile import Profiles

__all__ = ["UnitNames", "prefixes_of", "words_of"]

Words = tuple[str, ...]

_MANY = 3
"""Units that begin alike, for the beginning to be an application's prefix."""

_MOST_TEXT = 200


def words_of(name: str) -> Words:
    """Return the words of a name, lower case.

    >>> words_of("Autonomous_trader.v2")
    ('autonomous', 'trader', 'v2')
    """
    return tuple(word for word in re.split(r"[-_. ]+", name.casefold()[:_MOST_TEXT]) if word)


def prefixes_of(units: Iterable[str], profiles: Profiles) -> frozenset[str]:
    """Return the words with which an application's units begin.

    They are the fixed beginnings of the profiles' unit patterns (`quantum-*`), and a word with
    which at least three units begin.
    """
    said = {
        words[0]
        for profile in profiles
        for pattern in profile.units
        if (words := words_of(re.split(r"[-_][*?\[]", pattern)[0])) and "-" in pattern
    }
    first = Counter(words[0] for unit in set(units) if len(words := _stem(unit)) > 1)
    return frozenset(said | {word for word, count in first.items() if count >= _MANY})


class UnitNames:
    """The names some units go by."""

    def __init__(self, units: Iterable[str], prefixes: frozenset[str]) -> None:
        self._levels: tuple[dict[Words, set[str]], ...] = ({}, {}, {})
        self._short: dict[str, set[Words]] = {}
        for unit in units:
            whole = _stem(unit)
            short = whole[1:] if whole[:1] and whole[0] in prefixes and whole[1:] else whole
            loose = {_bare(whole), _bare(short)}
            for level, forms in enumerate(({whole}, {short}, loose)):
                for form in forms:
                    self._levels[level].setdefault(form, set()).add(unit)
            self._short[unit] = {form for form in (whole, short, *loose) if form}

    def meant(self, name: str) -> str | None:
        """Return the unit a source's name stands for; None if none does, or more than one.

        Case and `-_.` are alike; the application's prefix and an ending `-service` may be missing
        on either side. The nearest form decides: `universe` is quantum-universe.service although
        there is a quantum-universe-service.service.
        """
        words = words_of(name)
        for words_asked, level in (
            (words, self._levels[0]),
            (words, self._levels[1]),
            (_bare(words), self._levels[2]),
        ):
            found = level.get(words_asked, set())
            if found:
                return next(iter(found)) if len(found) == 1 else None
        return None

    def within(self, name: str) -> str | None:
        """Return the unit whose name a part of a group's or consumer's name begins with.

        Parts are what `:` and `/` divide. The longest name decides; where two units fit equally
        well, none is meant.

        >>> names = UnitNames(["q-harvest-brain.service", "q-execution.service"], frozenset("q"))
        >>> names.within("harvest_brain:execution")
        'q-harvest-brain.service'
        """
        parts = [words_of(part) for part in re.split(r"[:/|@#]+", name[:_MOST_TEXT])]
        best: dict[int, set[str]] = {}
        for unit, forms in self._short.items():
            fits = [len(form) for form in forms for part in parts if part[: len(form)] == form]
            if fits:
                best.setdefault(max(fits), set()).add(unit)
        longest = best.get(max(best, default=0), set())
        return next(iter(longest)) if len(longest) == 1 else None


def _stem(unit: str) -> Words:
    return words_of(unit.rpartition(".")[0] or unit)


def _bare(words: Words) -> Words:
    return words[:-1] if len(words) > 1 and words[-1] == "service" else words

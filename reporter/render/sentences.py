"""What templates say: their sentences in the reader's language, their lines as they were made."""

from __future__ import annotations

from collections.abc import Callable

from reporter.messages import Value, text
from reporter.render.terminal import Shown

__all__ = ["Lines", "sentence_in"]


class Lines(str):
    """Text that was made safe and broken into lines already."""

    __slots__ = ()


def sentence_in(shown: Shown) -> Callable[..., str]:
    """Return the `_()` of templates: a sentence with values for its places."""

    def sentence(template: str, **values: Value) -> str:
        return shown(text(template, **values))

    return sentence

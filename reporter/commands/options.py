"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["options_of"]


def options_of(*decorators: Callable[..., Any]) -> Callable[..., Any]:
    """Make one decorator of several, applied in the order they are read."""

    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply

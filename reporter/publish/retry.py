"""Tries again what may go well the next time, with growing pauses."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep
from typing import TypeVar

__all__ = ["ATTEMPTS", "PassingError", "persistently"]

T = TypeVar("T")

ATTEMPTS = 4
_FIRST_S = 0.5
_LONGEST_S = 8.0
_LONGEST_ASKED_S = 30.0


class PassingError(Exception):
    """What failed may go well the next time; `after` are the seconds the other side asks for."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


def persistently(attempt: Callable[[], T]) -> T:
    """Return what the attempt returns: of `ATTEMPTS`, with about 0.5, 1 and 2 s between them.

    Tried again is what raises `PassingError`; the last one is raised. Where the other side says how
    long to wait, that counts, up to 30 s.
    """
    import tenacity  # noqa: PLC0415 - serves only those who publish

    growing = tenacity.wait_exponential(_FIRST_S, _LONGEST_S) + tenacity.wait_random(0, _FIRST_S)

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, PassingError) else None
        return growing(state) if asked is None else min(asked, _LONGEST_ASKED_S)

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=pause,
        retry=tenacity.retry_if_exception_type(PassingError),
        sleep=sleep,
        reraise=True,
    )
    return retrying(attempt)

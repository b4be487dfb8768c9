"""Tracebacks that read the same on every machine."""

from __future__ import annotations

import traceback
from pathlib import Path

__all__ = ["portable_traceback"]


def portable_traceback(error: BaseException) -> str:
    """Return the error and where it came from, without the folder the program lives in.

    The same archive must give the same report on any machine, so only the last two parts of
    each file's path are kept.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [
        f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno} in {frame.name}"
        for frame in frames
    ]
    return f"{type(error).__name__}: {error} ({' < '.join(reversed(places))})"

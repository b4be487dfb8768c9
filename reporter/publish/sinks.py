"""What a sink is, and what its URL says.

A sink takes the files of a report, or its findings as events. It is made from its URL before
anything is collected or judged, so that a wrong URL or a missing package is said at once. A secret
never stands in a URL: it comes from an environment variable named after the host.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit, urlunsplit

from reporter.errors import InputError
from reporter.report import Report

__all__ = [
    "PREFIX",
    "Delivery",
    "Place",
    "Sink",
    "SinkError",
    "not_delivered",
    "place_of",
    "require",
    "secret_of",
]

PREFIX = "TRUTHMAP_PUBLISH"


@dataclass(frozen=True)
class Delivery:
    """What is published: the report, and its files in the formats asked for.

    `files` yields name and content, made anew at each call: a fleet's pages need not be held.
    """

    report: Report
    files: Callable[[], Iterator[tuple[str, bytes]]]


class SinkError(Exception):
    """A sink did not take all it was given: the message says what was not delivered, and why."""


class Sink(Protocol):
    """Where a report goes."""

    name: str
    """What messages call it: its URL without secrets."""

    def send(self, delivery: Delivery) -> str:
        """Deliver, and say in a few words what; raises `SinkError`."""


@dataclass(frozen=True)
class Place:
    """A URL taken apart. `shown` is the URL without its query, as messages have it."""

    url: str
    parts: SplitResult
    shown: str

    @property
    def scheme(self) -> str:
        """The scheme, in small letters."""
        return self.parts.scheme.lower()


def place_of(url: str) -> Place:
    """Take a URL apart; raises `InputError` for one with a password, or that is none."""
    if not url.isprintable() or " " in url:
        raise InputError("--publish: not a URL (spaces or control characters in it)")
    try:
        parts = urlsplit(url)
        password, host, port = parts.password, parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"--publish: not a URL ({error})") from error
    netloc = f"[{host}]" if host and ":" in host else host or parts.netloc.rpartition("@")[2]
    netloc = f"{netloc}:{port}" if port is not None else netloc
    shown = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    if password is not None:
        raise InputError(
            f"--publish {shown}: a password in a URL is seen by others; take it out and set "
            f"{PREFIX}_SECRET_{_variable(parts)}"
        )
    return Place(url, parts, shown)


def secret_of(place: Place, what: str = "SECRET") -> str | None:
    """Return the secret for a place from the environment; None where there is none.

    The variable is `TRUTHMAP_PUBLISH_SECRET_` (or another `what`) and the host, with the port where
    the URL names one: capitals, `-` as `__`, every other sign as `_`. So a secret goes to the host
    it was given for, and to no other.
    """
    return os.environ.get(f"{PREFIX}_{what}_{_variable(place.parts)}") or None


def require(module: str, scheme: str) -> None:
    """Raise `InputError` if a package that a sink is made with is not installed."""
    try:
        __import__(module)
    except ImportError as error:
        raise InputError(
            f"--publish {scheme}: needs {module}, which is not installed: "
            "pip install 'truthmap[publish]'"
        ) from error


def _variable(parts: SplitResult) -> str:
    port = f"_{parts.port}" if parts.port is not None else ""
    host = (parts.hostname or "").replace("-", "__")
    return re.sub(r"[^A-Z0-9_]", "_", f"{host}{port}".upper())


def not_delivered(names: Sequence[str], why: str) -> SinkError:
    """Return the error that names what was not delivered: the first few of many."""
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return SinkError(f"{shown}: {why}")

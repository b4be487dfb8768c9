"""HTTP PUT as a sink: each file to the URL and its name.

A secret from the environment is sent as `Authorization: Bearer`, or a whole header as
`TRUTHMAP_PUBLISH_HEADER_<HOST>='X-Api-Key: ...'`. Redirections are not followed: they would take
the header, and the report, to where nobody said they may go.
"""

from __future__ import annotations

import http.client
import mimetypes
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote, urlunsplit

from reporter.errors import InputError
from reporter.publish.retry import ATTEMPTS, PassingError, persistently
from reporter.publish.sinks import (
    PREFIX,
    Delivery,
    Place,
    SinkError,
    not_delivered,
    require,
    secret_of,
)

__all__ = ["HttpPut"]

_TIMEOUT_S = 30.0
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_TYPES = {
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".prom": "text/plain; version=0.0.4; charset=utf-8",
    ".sarif": "application/sarif+json",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}


class _RefusedError(Exception):
    """The server will not take this file, however often it is asked."""


class HttpPut:
    """Puts the files of a report to a server, each whole."""

    def __init__(self, place: Place) -> None:
        """Take the URL; raises `InputError` where it or its header is of no use."""
        require("tenacity", f"{place.scheme}://")
        if not place.parts.hostname:
            raise InputError(f"--publish {place.shown}: no host in it")
        if place.parts.username is not None:
            raise InputError(
                f"--publish {place.shown}: no user in the URL, but a header: see --help"
            )
        self._place = place
        self._headers = dict(_header(place))
        self.name = place.shown

    def send(self, delivery: Delivery) -> str:
        """Put every file; raises `SinkError` that names those that were not taken.

        A file that is refused stops no other; a server that does not answer stops the rest.
        """
        failed: list[tuple[str, str]] = []
        dead: str | None = None
        count = 0
        for name, content in delivery.files():
            if dead is not None:
                failed.append((name, dead))
                continue
            try:
                persistently(partial(self._put, name, content))
                count += 1
            except _RefusedError as error:
                failed.append((name, str(error)))
            except PassingError as error:
                dead = f"{error} (tried {ATTEMPTS} times)"
                failed.append((name, dead))
        if failed:
            raise _failure(failed)
        return f"files: {count}"

    def _put(self, name: str, content: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - the scheme is http or https
            self._url(name),
            data=content,
            method="PUT",
            headers={"Content-Type": _type(name), "User-Agent": "truthmap", **self._headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - likewise
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise _answered(error) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise _RefusedError(f"its certificate: {error.reason.verify_message}") from None
            raise PassingError(_said(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise PassingError(_said(error)) from None

    def _url(self, name: str) -> str:
        parts = self._place.parts
        path = f"{parts.path.rstrip('/')}/{quote(name)}"
        return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _header(place: Place) -> Iterator[tuple[str, str]]:
    """Yield the header that lets the report in, if there is one."""
    header, secret = secret_of(place, "HEADER"), secret_of(place)
    if header is not None:
        name, colon, value = header.partition(":")
        if not colon or not name.strip() or not _one_line(header):
            raise InputError(
                f"--publish {place.shown}: {PREFIX}_HEADER_... is no header: "
                "give it as `Name: value`, on one line"
            )
        yield name.strip(), value.strip()
    elif secret is not None:
        if not _one_line(secret):
            raise InputError(
                f"--publish {place.shown}: {PREFIX}_SECRET_... holds signs no header may have"
            )
        yield "Authorization", f"Bearer {secret}"


def _one_line(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _answered(error: urllib.error.HTTPError) -> Exception:
    why = f"HTTP {error.code} {error.reason or ''}".rstrip()
    if error.code in _PASSING:
        after = error.headers.get("Retry-After", "") if error.headers else ""
        return PassingError(why, float(after) if after.isascii() and after.isdigit() else None)
    if 300 <= error.code < 400:
        return _RefusedError(f"{why}: redirections are not followed")
    return _RefusedError(why)


def _said(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT_S:.0f} s"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error) or type(error).__name__


def _type(name: str) -> str:
    suffix = f".{name.rpartition('.')[2]}"
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _failure(failed: list[tuple[str, str]]) -> SinkError:
    """Name the files by what was wrong with them."""
    by_reason: dict[str, list[str]] = {}
    for name, why in failed:
        by_reason.setdefault(why, []).append(name)
    return SinkError("; ".join(str(not_delivered(names, why)) for why, names in by_reason.items()))

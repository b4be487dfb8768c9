"""The search for secrets finds them in every form they may leave in, and nothing else."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from tests.leaks import leaks

SECRET = "p/4f9c+w z?&<18b7=e"  # noqa: S105 - made up
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda one: one,
    "base64": base64.b64encode,
    "base64 for URLs, in a word": lambda one: b"x" + base64.urlsafe_b64encode(b"y" + one),
    "in a URL": lambda one: quote(one, safe="").encode(),
    "in a URL's path": lambda one: quote(one).encode(),
    "in a form": lambda one: b"a=%20b&c=" + quote_plus(one).encode(),
    "every sign escaped": lambda one: b"".join(b"%%%02x" % byte for byte in one),
    "in JSON": lambda one: json.dumps({"a": one.decode()}).encode(),
    "in JSON that escapes slashes": lambda one: one.replace(b"/", b"\\/"),
    "in HTML": lambda one: html.escape(one.decode()).encode(),
    "in hex": lambda one: one.hex().encode(),
    "packed": gzip.compress,
    "packed in base64": lambda one: b'{"data":"' + base64.b64encode(zlib.compress(one)) + b'"}',
    "a URL in base64": lambda one: base64.b64encode(b"http://a/" + quote(one, safe="").encode()),
    "its MD5": lambda one: hashlib.md5(one, usedforsecurity=False).hexdigest().encode(),
    "its SHA-256": lambda one: hashlib.sha256(one).hexdigest().encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    content = b"before " + FORMS[form](SECRET.encode()) + b" after"
    content = FORMS[form](SECRET.encode()) if form == "packed" else content
    assert leaks({"there": content}, {"it": SECRET}) == ["it in there"]
    assert leaks({"there": content}, {"it": SECRET[::-1]}) == []

"""What the collector wrote in words is known again, and stays what it was in English."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from reporter.locale import catalogue
from reporter.messages import Text
from reporter.recorded import SENTENCES, recorded

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *(ROOT / "roles" / "collect").rglob("*.py"),
    *(path for path in (ROOT / "reporter").rglob("*.py") if path.name != "recorded.py"),
]

NOAUTH = (
    "127.0.0.1:6379: NOAUTH: the server asks for a password: set probe_redis_username and "
    "probe_redis_password, or probe_redis_credentials"
)


def _written() -> str:
    """Return every text in the collector's source, and in that of what reads archives."""
    found = [
        constant.value
        for path in SOURCES
        for constant in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    ]
    return "\n".join(found)


def test_every_sentence_is_one_the_collector_writes() -> None:
    """One that it no longer writes, or writes otherwise, is not kept."""
    written = _written()
    unknown = [
        part
        for sentence in SENTENCES
        for words in re.split(r"\{\w+\}|[:;]", sentence.template)
        if (part := words.strip(" ,()+")) and part not in written
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("no folder is named", "ingen mappe er oppgitt"),
        ("no file matches /etc/a /etc/b/*", "ingen fil passer til /etc/a /etc/b/*"),
        (
            "stopped after 10 s, the limit of this probe; it hangs in the kernel and was left "
            "behind",
            "stoppet etter 10 s, grensen for denne proben; den henger i kjernen og ble forlatt",
        ),
        (
            "127.0.0.1:6379: it does not answer: no reply within 5 s",
            "127.0.0.1:6379: den svarer ikke: intet svar innen 5 s",
        ),
        (
            NOAUTH,
            "127.0.0.1:6379: NOAUTH: serveren ber om passord: sett probe_redis_username og "
            "probe_redis_password, eller probe_redis_credentials",
        ),
        (
            "its targets come from systemd_units, which was timeout: stopped after 10 s, the "
            "limit of this probe; there may be more targets",
            "målene kommer fra systemd_units, som var tidsavbrudd: stoppet etter 10 s, grensen "
            "for denne proben; det kan finnes flere mål",
        ),
    ],
)
def test_a_known_reason_is_read_in_another_language(said: str, shown: str) -> None:
    """In English it is what was recorded, to the letter."""
    known = recorded(said)
    assert isinstance(known, Text)
    assert str(known) == said
    assert known.render(catalogue("nb")) == shown


@pytest.mark.parametrize(
    "said", ["/etc/shadow: Permission denied", "{no} place {}", "a reason of another version", ""]
)
def test_another_reason_is_shown_as_it_was_recorded(said: str) -> None:
    """What the system says, and what is not known here."""
    assert recorded(said) == said

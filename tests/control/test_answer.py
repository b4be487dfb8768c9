"""Decoding what a host answered, from perfect to hostile."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from truthmap_collector import answer as sender
from truthmap_control import answer, program

RECORD: dict[str, Any] = {
    "id": "host_kernel",
    "probe": "host_kernel",
    "kind": "command",
    "outcome": "collected",
    "stdout": {"data": "Linux"},
    "stderr": {"data": ""},
    "sha256": "0" * 64,
}
ANSWER: dict[str, Any] = {
    "schema": "truthmap/answer/1",
    "collector": {"version": "0.1.0", "hostname": "web1"},
    "started_at": "2026-02-15T10:44:12.123456Z",
    "finished_at": "2026-02-15T10:44:13.123456Z",
    "complete": True,
    "fingerprint_key_id": None,
    "probes": [],
    "evidence": [RECORD] * 300,
}


def framed(content: object = ANSWER) -> str:
    """The answer as the collector frames it."""
    assert isinstance(content, dict)
    return sender.framed(content).decode("ascii")


def packed(data: bytes) -> str:
    """Any bytes in a valid frame."""
    text = base64.b64encode(data).decode("ascii")
    return (
        f"TRUTHMAP-ANSWER/1 {len(text)} {hashlib.sha256(data).hexdigest()}\n{text}\nTRUTHMAP-END\n"
    )


@pytest.mark.parametrize(
    "around",
    [
        lambda text: text,
        lambda text: "Welcome to web1!\n\x1b[31mAll is logged\x1b[0m\n" + text,
        lambda text: "no newline at the motd's end" + text,
        lambda text: text + "logout\nTRUTHMAP-END\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "TRUTHMAP-NO-PYTHON is what others say\n" + text,
        lambda text: f"TRUTHMAP-ANSWER/1 12 {'a' * 64}\nan example\n" + text,
        lambda text: f"TRUTHMAP-ANSWER/1 4 {'a' * 64}\nAAAA\nTRUTHMAP-END\n" + text,
    ],
    ids=["bare", "motd", "same line", "after", "crlf", "no python", "cut copy", "false copy"],
)
def test_noise_around_the_answer_is_skipped(around: Callable[[str], str]) -> None:
    """A message of the day, a logout line or a terminal's line ends do no harm."""
    assert answer.decode(around(framed())) == ANSWER


def _bomb() -> str:
    packer = zlib.compressobj(9)
    block = b" " * (1 << 20)
    count = answer.INFLATED_BYTES // len(block) + 2
    return packed(b"".join(packer.compress(block) for _ in range(count)) + packer.flush())


def _flipped() -> str:
    text = framed()
    at = text.index("\n") + 200
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def _with(**changes: object) -> str:
    return framed({**ANSWER, **changes})


BAD: dict[str, tuple[Callable[[], str], str]] = {
    "nothing": (lambda: "", "answered nothing at all"),
    "blank": (lambda: " \n\n", "answered nothing at all"),
    "foreign": (lambda: "\x1b[2J<html>", r'gave no answer: it wrote "\\x1b\[2J<html>"'),
    "no python": (lambda: f"hi\n{program.NO_PYTHON}\n", r"no Python 3\.6 .* install python3"),
    "old python": (lambda: f"{program.NO_PYTHON} python3\n", "older or broken: python3"),
    "cut": (lambda: framed()[:500], "is cut: .* end mark is missing"),
    "cut in the mark": (lambda: framed()[:-6], "is cut"),
    "cut in the head": (lambda: framed()[:40], "gave no answer"),
    "line lost": (lambda: framed().replace(framed().splitlines()[2] + "\n", ""), "is damaged"),
    "noise inside": (lambda: framed().replace("\n", "\nkernel: oops\n", 2), "is damaged"),
    "flipped": (_flipped, "does not match the hash"),
    "no base64": (lambda: f"TRUTHMAP-ANSWER/1 4 {'0' * 64}\n*()_\nTRUTHMAP-END\n", "is damaged"),
    "no zlib": (lambda: packed(b"hello"), "cannot be inflated"),
    "half zlib": (lambda: packed(zlib.compress(b"{}" * 999)[:20]), "not one whole zlib stream"),
    "two streams": (lambda: packed(zlib.compress(b"{}") * 2), "not one whole zlib stream"),
    "bomb": (_bomb, "inflates to more than 268435456 bytes"),
    "no json": (lambda: packed(zlib.compress(b"{")), "not valid JSON"),
    "no text": (lambda: packed(zlib.compress(b'"\xff"')), "not valid JSON"),
    "deep": (lambda: packed(zlib.compress(b"[" * 200_000)), "nested too deeply"),
    "nan": (lambda: packed(zlib.compress(b'{"a": NaN}')), "NaN is not JSON"),
    "twice": (lambda: packed(zlib.compress(b'{"a": 1, "a": 2}')), "names a key twice"),
    "huge number": (lambda: packed(zlib.compress(b"9" * 9999)), "not valid JSON"),
    "list": (lambda: packed(zlib.compress(b"[]")), "a JSON list, not an object"),
    "version 2": (lambda: framed().replace("ANSWER/1", "ANSWER/2"), "format version 2"),
    "schema": (lambda: _with(schema="truthmap/answer/2"), r"has schema 'truthmap/answer/2'"),
    "other tool": (lambda: packed(zlib.compress(b'{"results": []}')), "has schema None"),
    "no evidence": (lambda: _with(evidence=None), "'evidence' is missing or not a list"),
    "complete 1": (lambda: _with(complete=1), "'complete' is missing or not a bool"),
    "local time": (lambda: _with(started_at="2026-02-15 10:44"), "'started_at' is not a time"),
    "no time": (lambda: _with(finished_at=None), "'finished_at' is not a time"),
    "bad record": (lambda: _with(evidence=[RECORD, {"id": 1}]), "evidence record 1 does not"),
    "bad outcome": (lambda: _with(evidence=[{**RECORD, "outcome": "fine"}]), "record 0 does not"),
}


@pytest.mark.parametrize("case", BAD)
def test_anything_else_is_refused_with_a_reason(case: str) -> None:
    """The reason is one printable line, never long, and says what came."""
    make, expected = BAD[case]
    with pytest.raises(answer.AnswerError, match=expected) as caught:
        answer.decode(make())
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


def test_the_end_of_stderr_is_shown() -> None:
    """Tools say last what is wrong."""
    with pytest.raises(answer.AnswerError, match=r'on stderr \.\.\. ".*sudo: no tty present"$'):
        answer.decode("", "x" * 1000 + "\nsudo: no tty present\n")


def test_every_truncation_is_refused() -> None:
    """Whatever point an answer is cut at, it is never taken for a whole one."""
    text = framed({**ANSWER, "evidence": [RECORD]})
    for length in range(len(text) - 1 - len("\n")):
        with pytest.raises(answer.AnswerError):
            answer.decode(text[:length])


def test_outcomes_are_counted() -> None:
    """The summary a host's result carries."""
    records = [RECORD, {**RECORD, "outcome": "denied"}, RECORD]
    assert answer.outcomes({"evidence": records}) == {"collected": 2, "denied": 1}


def test_it_speaks_the_collectors_schema() -> None:
    """Both sides name the same version."""
    assert sender.SCHEMA == answer.SCHEMA
    assert json.loads(json.dumps(ANSWER)) == ANSWER

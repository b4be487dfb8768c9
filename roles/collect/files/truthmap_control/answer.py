"""What a host answered, decoded: tolerant of noise around the answer, strict about the answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections import Counter
from datetime import datetime
from typing import Any

from .program import NO_PYTHON

__all__ = ["INFLATED_BYTES", "OUTCOMES", "SCHEMA", "AnswerError", "decode", "outcomes"]

SCHEMA = "truthmap/answer/1"
INFLATED_BYTES = 256 * 1024 * 1024
"""No answer is inflated beyond this size."""
OUTCOMES = ("collected", "absent", "denied", "timeout", "error")

_HEADER = re.compile(r"TRUTHMAP-ANSWER/(\d{1,4}) (\d{1,12}) ([0-9a-f]{64})[ \t]*\r?\n")
_END = "TRUTHMAP-END"
_SHOWN_CHARACTERS = 300


class AnswerError(Exception):
    """The host gave no usable answer; the text says what came instead and what to do."""


def decode(stdout: str, stderr: str = "") -> dict[str, Any]:
    """Decode the answer in the output of one host.

    Text before and after the answer (a message of the day, sudo's lecture) is skipped.
    Returns the object of schema `truthmap/answer/1`. Raises AnswerError.
    """
    headers = list(_HEADER.finditer(stdout))
    if not headers:
        raise AnswerError(_no_answer(stdout, stderr))
    problem = ""
    for header in headers:
        try:
            return _decode_one(stdout, header)
        except AnswerError as error:
            problem = problem or str(error)
    raise AnswerError(problem)


def outcomes(answer: dict[str, Any]) -> dict[str, int]:
    """Count the evidence records by outcome."""
    return dict(sorted(Counter(record["outcome"] for record in answer["evidence"]).items()))


def _decode_one(stdout: str, header: re.Match[str]) -> dict[str, Any]:
    version, length, expected_hash = header.groups()
    if version != "1":
        raise AnswerError(
            f"the answer has format version {version}, this Truth Map reads version 1: "
            "read it with the version that wrote the collector"
        )
    end = stdout.find(_END, header.end())
    if end < 0:
        raise AnswerError(
            f"the answer is cut: {len(stdout) - header.end()} of {length} characters came and the "
            "end mark is missing; collect again, the connection may have been lost"
        )
    text = re.sub(r"\s+", "", stdout[header.end() : end])
    if len(text) != int(length):
        raise AnswerError(
            f"the answer is damaged: {len(text)} characters of text where its head says {length}; "
            "something else wrote into it, collect again"
        )
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AnswerError(f"the answer is damaged: {error}; collect again") from error
    if hashlib.sha256(packed).hexdigest() != expected_hash:
        raise AnswerError(
            "the answer is damaged: its content does not match the hash in its head; collect again"
        )
    return _checked(_parsed(_inflated(packed)))


def _inflated(packed: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(packed, INFLATED_BYTES)
    except zlib.error as error:
        raise AnswerError(f"the answer cannot be inflated: {error}; collect again") from error
    if inflater.unconsumed_tail:
        raise AnswerError(
            f"the answer inflates to more than {INFLATED_BYTES} bytes, which no collector of ours "
            "writes: it was refused, look at that host"
        )
    if not inflater.eof or inflater.unused_data:
        raise AnswerError("the answer is not one whole zlib stream; collect again")
    return data


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_without_duplicates, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise AnswerError(f"the answer is not valid JSON: {_printable(what)}") from error


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a key twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _checked(answer: Any) -> dict[str, Any]:
    """Check the shape everything after relies on; field by field checks are the reader's."""
    if not isinstance(answer, dict):
        raise AnswerError(f"the answer is a JSON {type(answer).__name__}, not an object")
    if answer.get("schema") != SCHEMA:
        raise AnswerError(
            f"the answer has schema {_printable(repr(answer.get('schema')))}, expected {SCHEMA!r}: "
            "it was not written by this version's collector"
        )
    shape = {"collector": dict, "complete": bool, "probes": list, "evidence": list}
    for key, kind in shape.items():
        if not isinstance(answer.get(key), kind):
            raise AnswerError(f"the answer's field {key!r} is missing or not a {kind.__name__}")
    for key in ("started_at", "finished_at"):
        _check_time(key, answer.get(key))
    for number, record in enumerate(answer["evidence"]):
        if not isinstance(record, dict) or not _is_record(record):
            raise AnswerError(f"the answer's evidence record {number} does not have its fields")
    return answer


def _check_time(key: str, value: Any) -> None:
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
    except (TypeError, ValueError) as error:
        raise AnswerError(
            f"the answer's field {key!r} is not a time like 2026-02-15T10:44:12.123456Z"
        ) from error


def _is_record(record: dict[str, Any]) -> bool:
    texts = ("id", "probe", "kind", "sha256")
    return (
        all(isinstance(record.get(key), str) for key in texts)
        and record.get("outcome") in OUTCOMES
        and isinstance(record.get("stdout"), dict)
        and isinstance(record.get("stderr"), dict)
    )


def _no_answer(stdout: str, stderr: str) -> str:
    for line in stdout.splitlines():
        if line.startswith(NO_PYTHON):
            old = line[len(NO_PYTHON) :].split()
            seen = f" (older or broken: {_printable(', '.join(old))})" if old else ""
            return (
                f"no Python 3.6 or newer was found on the host{seen}; install python3, or name an "
                "interpreter in ansible_python_interpreter"
            )
    stdout, stderr = stdout.strip(), stderr.strip()
    came = []
    if stdout:
        more = " ..." if len(stdout) > _SHOWN_CHARACTERS else ""
        came.append(f'it wrote "{_printable(stdout)}"{more}')
    if stderr:
        # A traceback and most tools say last what is wrong.
        more = "... " if len(stderr) > _SHOWN_CHARACTERS else ""
        came.append(f'on stderr {more}"{_printable(stderr[-_SHOWN_CHARACTERS:])}"')
    if not came:
        return "the host answered nothing at all; check the login shell and the shell's start files"
    return "the host gave no answer: " + ", ".join(came)


def _printable(text: str) -> str:
    return text[:_SHOWN_CHARACTERS].encode("unicode_escape").decode("ascii")

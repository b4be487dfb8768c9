"""Evidence records and the answer: the stored form, the hash, the frame, the cap."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from typing import Any

import pytest

from truthmap_collector import packing
from truthmap_collector.answer import framed
from truthmap_collector.evidence import digest, record
from truthmap_collector.jobs import Look as RawLook
from truthmap_collector.jobs import plain
from truthmap_collector.masking import Masker
from truthmap_collector.observation import Stream, Verdict
from truthmap_collector.runner import collect, key_id

from .conftest import Look

KEYS = {
    "id", "probe", "parent", "item", "kind", "command", "started_at", "duration_s", "outcome",
    "reason", "exit_code", "signal", "stdout", "stderr", "sha256",
}  # fmt: skip


class Upper(Masker):
    """A masker whose work is easy to see."""

    def text(self, text: str) -> tuple[str, int]:
        return text.upper(), 1


def made(stdout: bytes = b"", *, stream: Stream | None = None, **probe: Any) -> dict[str, Any]:
    declared = {"id": "it", "kind": "command", "args": {"argv": ["x"]}, **probe}
    stream = stream or Stream(stdout, len(stdout))
    look = RawLook(plain(declared), 1.5, 0.25, Verdict("collected"), stream, stream)
    return record(look, Upper([]))


def test_fields(look: Look) -> None:
    """A record has exactly the fields of the format, times in UTC."""
    found = look({"id": "it", "kind": "command", "args": {"argv": ["true"]}})["it"]

    assert set(found) == KEYS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["started_at"])
    assert 0 < found["duration_s"] < 5


def test_hash(look: Look) -> None:
    """The hash is over the canonical JSON of the stored record, so anyone can compute it again."""
    found = look({"id": "it", "kind": "command", "args": {"argv": ["echo", "blåbær"]}})["it"]
    kept = {key: value for key, value in found.items() if key != "sha256"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    assert hashlib.sha256(text.encode()).hexdigest() == found["sha256"]
    assert digest(json.loads(json.dumps(found))) == found["sha256"]
    assert digest({**found, "outcome": "absent"}) != found["sha256"]


def test_mask_none_keeps_both_streams() -> None:
    """With mask: none nothing is masked, on either stream."""
    found = made(b"word\n", mask="none")

    assert (found["stdout"]["data"], found["stdout"]["masked"]) == ("word\n", 0)
    assert found["stderr"]["data"] == "word\n"


def test_stderr_is_free_text() -> None:
    """With any other mask stderr is masked as free text."""
    assert made(b"A=b\n", mask={"properties": ["X"]})["stderr"]["data"] == "A=B\n"
    assert made(b"word\n", mask="text")["stdout"]["data"] == "WORD\n"


def test_commands_are_masked_unless_told_otherwise() -> None:
    """A command's output is free text by default, a file's is not."""
    assert made(b"word")["stdout"]["data"] == "WORD"
    assert made(b"word", kind="file", args={"path": "/x"})["stdout"]["data"] == "word"


def test_bytes_that_must_be_masked() -> None:
    """Output that must be masked is never base64: its odd bytes are escaped and it is masked."""
    stdout = made(b"caf\xe9 word")["stdout"]

    assert (stdout["encoding"], stdout["data"]) == ("utf-8", "CAF\\XE9 WORD")


def test_half_lines_and_half_words_are_not_judged() -> None:
    """The line a cut went through and the word a stop went through are dropped, then masked."""
    cut = Stream(b"cret 123\nwhole line\n", 500, truncated=True)
    stopped = Stream(b"whole line\nthe pass", 19, cut_end=True)

    assert made(stream=cut)["stdout"]["data"] == "WHOLE LINE\n"
    assert made(stream=stopped)["stdout"]["data"] == "WHOLE LINE\nTHE "
    assert made(stream=cut, mask="none")["stdout"]["data"] == "cret 123\nwhole line\n"
    assert made(stream=cut)["stdout"]["size"] == 500


def test_no_lone_surrogates() -> None:
    """Whatever the host says, the answer is valid UTF-8."""

    class Odd(Masker):
        def text(self, text: str) -> tuple[str, int]:
            return "\udcff", 0

    declared = {"id": "it", "kind": "command", "args": {"argv": ["\udcff"]}}
    look = RawLook(plain(declared), 0.0, 0.0, Verdict("error", "\udcff"), Stream(b"x", 1))
    found = record(look, Odd([]))

    json.dumps(found, ensure_ascii=False).encode("utf-8")
    assert found["stdout"]["data"] == "\\udcff"


def unframed(text: bytes) -> dict[str, Any]:
    head, *lines, end = text.decode("ascii").splitlines()
    name, length, sha256 = head.split(" ")
    packed = base64.b64decode("".join(lines), validate=True)
    assert (name, end) == ("TRUTHMAP-ANSWER/1", "TRUTHMAP-END")
    assert len("".join(lines)) == int(length)
    assert hashlib.sha256(packed).hexdigest() == sha256
    assert max(map(len, lines)) <= 76
    answer = json.loads(zlib.decompress(packed))
    assert isinstance(answer, dict)
    return answer


def test_frame() -> None:
    """The frame names the length and the hash of what it holds, in lines of 76 columns."""
    answer = collect({"probes": []})

    assert unframed(framed(answer)) == answer
    assert framed(answer).endswith(b"TRUTHMAP-END\n")


def test_answer() -> None:
    """The answer says who collected, when, with which key, and repeats what was asked."""
    probes = [{"id": "c", "description": "Clock.", "kind": "clock"}]
    answer = collect({"probes": probes, "fingerprint_key": "a key of ours"})

    assert answer["schema"] == "truthmap/answer/1"
    assert set(answer["collector"]) == {
        "version", "python", "interpreter", "user", "uid", "hostname",
    }  # fmt: skip
    assert answer["probes"] == probes
    assert answer["complete"] is True
    assert answer["started_at"] < answer["finished_at"]
    assert answer["fingerprint_key_id"] == key_id("a key of ours")
    assert "a key of ours" not in json.dumps(answer)


def test_key_of_the_run() -> None:
    """Without a key each run has one of its own."""
    assert key_id(None) != key_id(None)
    assert re.fullmatch("[0-9a-f]{8}", key_id("x"))
    assert key_id("x") == key_id("x") != key_id("y")


def noisy(name: str, count: int) -> dict[str, Any]:
    """A probe whose output does not compress."""
    source = f"head -c {count} /dev/urandom | od -An -tx1 -v"
    return {
        "id": name,
        "description": "Noise.",
        "kind": "command",
        "args": {"argv": ["sh", "-c", source]},
        "mask": "none",
    }


def test_cap() -> None:
    """An answer never exceeds its limit: the largest outputs are cut, small ones stay whole."""
    probes = [noisy("large", 200_000), noisy("larger", 300_000), noisy("small", 100)]
    limit = 120_000
    answer = collect({"probes": probes, "limits": {"answer_bytes": limit}})
    found = {record["id"]: record for record in answer["evidence"]}

    size = len(framed(answer))
    assert limit / 3 < size <= limit
    assert not answer["complete"]
    assert tuple(found[name]["stdout"]["truncated"] for name in ("large", "larger", "small")) == (
        True,
        True,
        False,
    )
    assert len(found["large"]["stdout"]["data"]) == len(found["larger"]["stdout"]["data"]) > 10_000
    assert found["larger"]["stdout"]["size"] > 900_000
    assert all(record["sha256"] == digest(record) for record in answer["evidence"])


def test_cap_after_encoding() -> None:
    """What is small enough to hold but not to send is cut, and that is said."""
    probe = noisy("n", 90_000)
    probe["args"] = {"argv": ["head", "-c", "90000", "/dev/urandom"]}
    answer = collect({"probes": [probe], "limits": {"answer_bytes": 100_000}})

    assert len(framed(answer)) <= 100_000
    assert not answer["complete"]
    assert answer["evidence"][0]["stdout"]["truncated"]


def test_masking_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be masked in the host's time is cut, the largest only, and that is said."""
    monkeypatch.setattr(packing, "_MASKED_BYTES_PER_S", 100)
    probes = [
        {
            "id": f"p{size}",
            "description": "Text.",
            "kind": "command",
            "args": {"argv": ["sh", "-c", f"yes no | head -c {size}"]},
            "mask": mask,
        }
        for size, mask in ((30_000, "text"), (9_000, "text"), (90_000, "none"))
    ]
    answer = collect({"probes": probes})
    large, small, unmasked = (record["stdout"] for record in answer["evidence"])

    assert large["truncated"]
    assert 16_000 < len(large["data"]) <= 16_384
    assert not small["truncated"]
    assert not unmasked["truncated"]
    assert not answer["complete"]


def test_answer_within_its_cap_is_whole() -> None:
    """What fits after compression is not cut, however large it was before."""
    probe = {
        "id": "zeros",
        "description": "Zeros.",
        "kind": "command",
        "args": {"argv": ["sh", "-c", "yes 0000000 | head -c 90000"]},
        "mask": "none",
    }
    answer = collect({"probes": [probe], "limits": {"answer_bytes": 100_000}})

    assert answer["complete"]
    assert not answer["evidence"][0]["stdout"]["truncated"]


def test_records_that_do_not_fit() -> None:
    """If not even the records without output fit, that is an error."""
    with pytest.raises(ValueError, match="the records alone take"):
        collect({"probes": [noisy("n", 1000)], "limits": {"answer_bytes": 100}})


def test_random_bytes_survive(look: Look) -> None:
    """Any bytes come home as they were."""
    data = bytes(range(256)) * 12
    escaped = "".join(f"\\{byte:03o}" for byte in data)
    probe = {"id": "it", "kind": "command", "args": {"argv": ["printf", escaped]}, "mask": "none"}
    stdout = look(probe)["it"]["stdout"]

    assert base64.b64decode(stdout["data"]) == data

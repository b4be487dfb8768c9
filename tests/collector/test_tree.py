"""Kind `tree`: real files of real formats, hostile names, bounds, closed folders, secrets."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from truthmap_collector import mounts
from truthmap_collector.model_formats import HEAD_BYTES, TAIL_BYTES, recognised

from .conftest import Look, Record, Records


def tree(*paths: Path, **args: Any) -> dict[str, Any]:
    limits = args.pop("limits", {})
    args = {"paths": [str(path) for path in paths], "duty": 1, **args}
    return {"id": "it", "kind": "tree", "args": args, "limits": limits}


def rows(record: Record) -> dict[str, dict[str, Any]]:
    """The rows by file name; a folder's own by its path."""
    found = [json.loads(line) for line in record["stdout"]["data"].splitlines()]
    return {row.get("root") or Path(row["path"]).name: row for row in found}


def torch_like(path: Path, size: int = 100) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", b"\x00" * size)
    return path.read_bytes()


def test_a_model_file_has_hash_format_and_end(look: Look, tmp_path: Path) -> None:
    content = torch_like(tmp_path / "a.pt")
    record = look(tree(tmp_path))["it"]
    row = rows(record)["a.pt"]
    assert (row["format"], row["end"]) == ("zip", True)
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert record["command"] == f"ls -la {tmp_path} -R"
    assert rows(record)[str(tmp_path)]["outcome"] == "collected"


def test_the_head_of_a_large_file_is_hashed(look: Look, tmp_path: Path) -> None:
    content = torch_like(tmp_path / "a.pt", 300_000)
    row = rows(look(tree(tmp_path, file_bytes=200_000))["it"])["a.pt"]
    assert row["sha256"] is None
    assert row["head_sha256"] == hashlib.sha256(content[:HEAD_BYTES]).hexdigest()
    whole = rows(look(tree(tmp_path))["it"])["a.pt"]
    assert whole["sha256"] == hashlib.sha256(content).hexdigest()


def test_text_that_is_no_model_leaves_no_hash(look: Look, tmp_path: Path) -> None:
    """A short secret could be guessed from its hash."""
    for name, text in (("a.txt", "hunter2\n"), ("b.json", '{"key": "hunter2"}'), ("c.bin", "k")):
        (tmp_path / name).write_text(text)
    for name in ("a.txt", "b.json", "c.bin"):
        row = rows(look(tree(tmp_path))["it"])[name]
        assert (row["sha256"], row["head_sha256"]) == (None, None)


def test_only_names_that_were_asked_for_are_opened(look: Look, tmp_path: Path) -> None:
    torch_like(tmp_path / "a.PT")
    torch_like(tmp_path / "b.xyz")
    found = rows(look(tree(tmp_path, names=["*.pt"]))["it"])
    assert found["a.PT"]["format"] == "zip"
    assert "format" not in found["b.xyz"]


def test_hostile_names_links_and_devices(look: Look, tmp_path: Path) -> None:
    """Names are shown as they are, links with their target, and a fifo is never opened."""
    outside = tmp_path / "outside"
    folder = tmp_path / "models"
    outside.mkdir()
    folder.mkdir()
    torch_like(outside / "secret.pt")
    odd = os.fsencode(folder) + b"/\xff\n\x1b[31m{item}.pt"
    Path(os.fsdecode(odd)).write_bytes(b"PK\x05\x06" + bytes(18))
    (folder / "out").symlink_to(outside)
    (folder / "gone.pt").symlink_to("nothing.pt")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo.pt")
    record = look(tree(folder))["it"]
    found = rows(record)
    assert "secret.pt" not in found
    assert found["\\xff\n\x1b[31m{item}.pt"]["format"] == "zip"
    assert (found["out"]["target"], found["out"]["leads"]) == (str(outside), True)
    assert (found["gone.pt"]["target"], found["gone.pt"]["leads"]) == ("nothing.pt", False)
    assert found["loop"]["leads"] is False
    assert found["fifo.pt"]["type"] == "fifo"


def test_a_folder_that_a_link_leads_to_is_known(look: Look, tmp_path: Path) -> None:
    (tmp_path / "releases" / "7" / "models").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/7")
    plain, linked = tmp_path / "releases" / "7" / "models", tmp_path / "current" / "models"
    found = rows(look(tree(plain, linked))["it"])
    assert "real" not in found[str(plain)]
    assert found[str(linked)]["real"] == str(plain)


def test_a_huge_folder_is_cut_and_says_so(look: Look, tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number}.pt").touch()
    found = rows(look(tree(tmp_path, most=100))["it"])
    assert len(found) == 101
    assert found[str(tmp_path)]["cut"] == "only 100 files are shown"


def test_a_folder_that_may_be_another_hosts_is_listed_and_not_read(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To hash what a network file system shows would fetch all of it."""
    (tmp_path / "a.pt").write_bytes(b"PK\x03\x04")
    monkeypatch.setattr(mounts, "LOCAL_TYPES", frozenset())
    seen = rows(look(tree(tmp_path))["it"])["a.pt"]
    assert "which may be another host's" in seen["unread"]
    assert (seen["size"], seen["format"], seen["sha256"]) == (4, None, None)


def test_depth_is_bounded(look: Look, tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (deep / "x.pt").touch()
    found = rows(look(tree(tmp_path, depth=2))["it"])
    assert found["b"]["error"] == "deeper than was asked for"
    assert "x.pt" in rows(look(tree(tmp_path, depth=4))["it"])


def test_what_the_budget_does_not_reach_says_so(look: Look, tmp_path: Path) -> None:
    torch_like(tmp_path / "small.pt")
    torch_like(tmp_path / "large.pt", 500_000)
    found = rows(look(tree(tmp_path, all_bytes=300_000))["it"])
    assert found["small.pt"]["sha256"]
    assert found["large.pt"]["sha256"] is None
    assert found["large.pt"]["unread"] == "the bytes that may be read were used up"
    late = rows(look(tree(tmp_path, seconds=0.000001))["it"])
    assert late["small.pt"]["unread"] == "the time for reading was over"
    assert late["small.pt"]["size"] > 0


def test_no_folder_one_absent_and_one_that_is_a_file(look: Look, tmp_path: Path) -> None:
    assert look(tree())["it"]["reason"] == "no folder is named"
    missing = look(tree(tmp_path / "x"))["it"]
    assert missing["outcome"] == "absent"
    assert missing["reason"] == f"{tmp_path}/x: No such file or directory"
    (tmp_path / "f").touch()
    assert look(tree(tmp_path / "f"))["it"]["outcome"] == "error"
    both = look(tree(tmp_path, tmp_path / "x"))["it"]
    assert both["outcome"] == "collected"
    assert rows(both)[f"{tmp_path}/x"]["outcome"] == "absent"


def test_without_rights_the_path_is_named(
    look_as_nobody: Callable[..., Records], tmp_path: Path
) -> None:
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o055)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    torch_like(tmp_path / "mine.pt")
    (tmp_path / "mine.pt").chmod(0o600)
    record = look_as_nobody(tree(closed))["it"]
    if os.geteuid() == 0:
        assert record["outcome"] == "denied"
        assert record["reason"] == f"{closed}: Permission denied"
        found = rows(look_as_nobody(tree(tmp_path))["it"])
        assert found["closed"]["error"] == "Permission denied"
        assert found["mine.pt"]["unread"] == "Permission denied"


def hdf5(size: int) -> bytes:
    head = b"\x89HDF\r\n\x1a\n" + bytes([2, 8, 8, 0]) + struct.pack("<QQQQ", 0, 2**64 - 1, size, 48)
    return head + bytes(size - len(head))


def safetensors(size: int) -> bytes:
    tensor = {"dtype": "F32", "shape": [4], "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": {}, "w": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


LIGHTGBM = (
    b"tree\nversion=v4\n\nTree=0\nleaf_value=0.1\n\nend of trees\n\npandas_categorical:null\n"
)
XGBOOST = b'{"learner":{"gradient_booster":{"name":"gbtree"}},"version":[2,0,3]}'


@pytest.mark.parametrize(
    ("content", "name", "cut"),
    [
        (hdf5(4096), "hdf5", 100),
        (safetensors(64), "safetensors", 1),
        (pickle.dumps({"a": [1.5] * 100}), "pickle", 1),
        (XGBOOST, "xgboost", 1),
        (LIGHTGBM, "lightgbm", 38),
    ],
)
def test_whole_and_cut_short(content: bytes, name: str, cut: int) -> None:
    for data, end in ((content, True), (content[:-cut], False)):
        seen = recognised(data[:HEAD_BYTES], data[-TAIL_BYTES:], len(data))
        assert (seen.format, seen.end, seen.opaque) == (name, end, True)


def test_a_pickle_is_never_run(look: Look, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "bang"),)

    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Bomb()))
    assert rows(look(tree(tmp_path))["it"])["a.pkl"]["format"] == "pickle"
    assert not (tmp_path / "bang").exists()


@pytest.mark.parametrize("garbage", [b"\x80", b"PK", b"\x89HDF\r\n\x1a\n", b"\x00" * 9, b"{" * 70])
def test_garbage_is_no_crash(garbage: bytes) -> None:
    for size in range(len(garbage) + 1):
        recognised(garbage[:size], garbage[:size], size)
    huge = struct.pack("<Q", 2**63) + b"{"
    assert recognised(huge, huge, len(huge)).end is False

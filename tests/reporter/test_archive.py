"""Reading archives: whatever cannot be used says what, where and what to do."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from reporter.archive import load
from reporter.errors import InputError
from tests.builders import bundle, record, run_folder, sealed
from tests.schemas import FOLDER, published


def two_hosts(folder: Path) -> Path:
    records = [record("host_kernel", "Linux 6.1.0 x86_64")]
    return run_folder(folder, [bundle(records, host="web1"), bundle(records, host="web2")])


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_a_run_folder_gives_its_hosts(tmp_path: Path) -> None:
    """A complete run loads without a problem."""
    archive = load([two_hosts(tmp_path / "run")])
    assert sorted(archive.bundles) == ["web1", "web2"]
    assert archive.problems == []
    assert archive.complete


def test_folder_tar_and_zst_have_one_digest(tmp_path: Path) -> None:
    """The digest is over the content, not over how it was packed."""
    folder = two_hosts(tmp_path / "run")
    digests = {load([folder]).digest}
    for suffix, mode in ((".tar", "w"), (".tar.gz", "w:gz")):
        path = tmp_path / f"packed{suffix}"
        with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
            tar.add(folder, arcname="some/where")
        digests.add(load([path]).digest)
    path = tmp_path / "packed.tar.zst"
    path.write_bytes(zstandard.compress((tmp_path / "packed.tar").read_bytes()))
    archive = load([path])
    assert sorted(archive.bundles) == ["web1", "web2"]
    assert digests == {archive.digest}


def test_a_single_bundle_is_an_archive(tmp_path: Path) -> None:
    """Plain or compressed, a bundle can be reported by itself."""
    folder = two_hosts(tmp_path / "run")
    packed = tmp_path / "web2.json.zst"
    packed.write_bytes(zstandard.compress((folder / "web2.json").read_bytes()))
    assert sorted(load([folder / "web1.json", packed]).bundles) == ["web1", "web2"]


def test_an_interrupted_run_is_said_and_its_bundles_are_read(tmp_path: Path) -> None:
    """A manifest nobody completed: the whole bundles count, the rest is named."""
    folder = run_folder(
        tmp_path / "run",
        [bundle([record("host_kernel", "Linux")])],
        failed={"web9": ("unreachable", "never asked")},
        complete=False,
    )
    archive = load([folder])
    assert not archive.complete
    assert sorted(archive.bundles) == ["web1"]
    assert archive.unreached["web9"].reason == "the run ended before it was collected"


def test_unreachable_hosts_keep_their_reason(tmp_path: Path) -> None:
    """A host nobody reached is part of the archive."""
    folder = run_folder(tmp_path / "run", [], failed={"web9": ("unreachable", "no route to host")})
    assert load([folder]).unreached["web9"].reason == "no route to host"


GARBAGE: dict[str, tuple[bytes, str]] = {
    "truncated": (b'{"schema": "truthmap/bundle/1", "host": "we', "not valid JSON at line 1"),
    "another version": (b'{"schema": "truthmap/bundle/2"}', "this version reads"),
    "another tool": (b'{"kind": "Pod", "apiVersion": "v1"}', "not a Truth Map bundle"),
    "a list": (b"[1, 2]", "not a Truth Map bundle"),
    "empty": (b"", "not valid JSON"),
    "binary": (b"\xff\xfe\x00\x01", "not UTF-8"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "duplicate keys": (b'{"schema": "x", "schema": "truthmap/bundle/1"}', "stands twice"),
    "not a number": (b'{"schema": NaN}', "no JSON number"),
    "wrong types": (b'{"schema": "truthmap/bundle/1", "host": 3}', "not a valid bundle"),
    "a report": (b'{"schema": "truthmap/report/1"}', "where a bundle should be"),
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage_is_one_line_and_the_good_host_stays(tmp_path: Path, case: str) -> None:
    """What, where, what to do; the host beside it is still read."""
    content, what = GARBAGE[case]
    bad = tmp_path / "bad.json"
    bad.write_bytes(content)
    good = two_hosts(tmp_path / "run") / "web1.json"
    archive = load([bad, good])
    (problem,) = archive.problems
    assert str(problem).startswith(f"{bad}: ")
    assert what in str(problem)
    assert "; " in str(problem)
    assert "\n" not in str(problem)
    assert sorted(archive.bundles) == ["web1"]


def test_a_bundle_the_manifest_does_not_recognise_is_refused(tmp_path: Path) -> None:
    """One changed byte: that host is unusable, the other is reported."""
    folder = two_hosts(tmp_path / "run")
    path = folder / "web1.json"
    path.write_bytes(path.read_bytes().replace(b"6.1.0", b"6.1.1"))
    archive = load([folder])
    assert sorted(archive.bundles) == ["web2"]
    assert "the manifest says" in archive.problems[0].what
    assert archive.unreached["web1"].reason.startswith("bundle unusable")


def test_a_changed_record_is_refused_without_a_manifest_too(tmp_path: Path) -> None:
    """Each record carries its own hash."""
    path = two_hosts(tmp_path / "run") / "web1.json"
    path.write_bytes(path.read_bytes().replace(b"6.1.0", b"6.1.1"))
    archive = load([path])
    assert archive.bundles == {}
    assert "host_kernel does not match its sha256" in archive.problems[0].what


def test_two_records_with_one_id_are_refused(tmp_path: Path) -> None:
    """An id names one record."""
    path = two_hosts(tmp_path / "run") / "web1.json"
    edit(path, lambda data: data["evidence"].append(data["evidence"][0]))
    assert "two records" in load([path]).problems[0].what


def test_a_bundle_of_another_host_is_refused(tmp_path: Path) -> None:
    """A manifest entry that points at somebody else's evidence is unusable."""
    folder = two_hosts(tmp_path / "run")

    def swap(data: dict[str, Any]) -> None:
        data["hosts"]["web1"] = data["hosts"]["web2"]

    edit(folder / "manifest.json", swap)
    assert any("the manifest says web1" in item.what for item in load([folder]).problems)


def test_a_manifest_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    """`../` in a bundle's name is refused."""
    folder = two_hosts(tmp_path / "run")

    def escape(data: dict[str, Any]) -> None:
        data["hosts"]["web1"]["bundle"] = "../web1.json"

    edit(folder / "manifest.json", escape)
    assert any("outside the run" in item.what for item in load([folder]).problems)


def test_a_missing_bundle_is_named(tmp_path: Path) -> None:
    """The manifest names it, the folder lacks it."""
    folder = two_hosts(tmp_path / "run")
    (folder / "web1.json").unlink()
    archive = load([folder])
    assert archive.problems[0].what == "missing"
    assert "web1" in archive.unreached


def test_an_empty_folder_and_a_broken_tar_are_named(tmp_path: Path) -> None:
    """Neither holds an archive, and each says so."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.tar.gz").write_bytes(gzip.compress(b"nonsense")[:-5])
    archive = load([tmp_path / "empty", tmp_path / "broken.tar.gz"])
    assert "no manifest.json" in archive.problems[0].what
    assert "not a readable tar file" in archive.problems[1].what


def test_a_path_that_is_not_there_is_bad_usage(tmp_path: Path) -> None:
    """A typo in a path is the caller's."""
    with pytest.raises(InputError, match="no such file"):
        load([tmp_path / "nowhere"])


def test_tar_members_are_read_never_extracted(tmp_path: Path) -> None:
    """Links and devices are passed over, names with `..` stay names."""
    folder = two_hosts(tmp_path / "run")
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as tar:
        tar.add(folder, arcname="run")
        link = tarfile.TarInfo("run/../../escape.json")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        tar.addfile(link)
        outside = tarfile.TarInfo("../outside.json")
        outside.size = 2
        tar.addfile(outside, io.BytesIO(b"{}"))
    archive = load([path])
    assert sorted(archive.bundles) == ["web1", "web2"]
    assert not (tmp_path.parent / "outside.json").exists()


def test_the_newest_bundle_of_a_host_counts(tmp_path: Path) -> None:
    """Several archives may hold one host; the latest look is reported."""
    old = two_hosts(tmp_path / "old") / "web1.json"
    new = two_hosts(tmp_path / "new") / "web1.json"

    def later(data: dict[str, Any]) -> None:
        data["started_at"] = "2026-02-16T00:00:00Z"
        data["evidence"] = [sealed({**data["evidence"][0], "command": "later"})]

    edit(new, later)
    for paths in ([old, new], [new, old]):
        assert load(paths).bundles["web1"].evidence[0].command == "later"


def test_the_published_schemas_are_those_of_the_code() -> None:
    """schemas/ is written by `make schemas`; a changed format shows in the diff."""
    assert {path.name for path in FOLDER.iterdir()} == set(published())
    for name, schema in published().items():
        assert json.loads((FOLDER / name).read_text()) == schema

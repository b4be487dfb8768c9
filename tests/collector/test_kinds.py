"""The kinds, against real files, folders and programs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from truthmap_collector import host
from truthmap_collector.kinds import processes

from .conftest import Look, Record, Records


def command(*argv: str, **more: Any) -> dict[str, Any]:
    return {"id": "it", "kind": "command", "args": {"argv": list(argv)}, **more}


def file(path: Path | str, **more: Any) -> dict[str, Any]:
    return {"id": "it", "kind": "file", "args": {"path": str(path)}, **more}


def files(*globs: str, most: int = 10, content: bool = True, **more: Any) -> dict[str, Any]:
    args = {"globs": list(globs), "most": most, **({} if content else {"content": False})}
    return {"id": "it", "kind": "files", "args": args, **more}


def listing(path: Path | str, **args: bool | int) -> dict[str, Any]:
    return {"id": "it", "kind": "listing", "args": {"path": str(path), **args}}


def rows(record: Record) -> list[dict[str, Any]]:
    return [json.loads(line) for line in record["stdout"]["data"].splitlines()]


def test_command_that_is_missing(look: Look) -> None:
    """A program that is not there is absent."""
    record = look(command("no-such-program", "-x"))["it"]

    assert record["outcome"] == "absent"
    assert record["reason"] == "no-such-program: No such file or directory"
    assert record["exit_code"] is None


def test_command_below_a_file(look: Look, tmp_path: Path) -> None:
    """A path that leads through a file is absent (ENOTDIR)."""
    (tmp_path / "file").touch()

    assert look(command(f"{tmp_path}/file/program"))["it"]["outcome"] == "absent"


def test_script_without_its_interpreter(look: Look, tmp_path: Path) -> None:
    """A script without its interpreter is absent, and the reason tells it from a missing one."""
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    record = look(command(str(script)))["it"]

    assert record["outcome"] == "absent"
    assert record["reason"] == f"{script} is there, but the interpreter it names is not"


def test_command_that_may_not_be_run(look: Look, tmp_path: Path) -> None:
    """A program without permission to execute is denied."""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o644)

    assert look(command(str(script)))["it"]["outcome"] == "denied"


def test_command_of_no_known_format(look: Look, tmp_path: Path) -> None:
    """A program the kernel cannot load is an error, with the system's words."""
    program = tmp_path / "program"
    program.write_bytes(b"\x00garbage")
    program.chmod(0o755)
    record = look(command(str(program)))["it"]

    assert record["outcome"] == "error"
    assert record["reason"] == f"{program}: Exec format error"


def test_failing_command_is_collected(look: Look) -> None:
    """Whatever the exit code, a command that ran is collected."""
    record = look(command("sh", "-c", "echo no >&2; exit 4"))["it"]

    assert tuple(record[key] for key in ("outcome", "reason", "exit_code", "signal")) == (
        "collected",
        None,
        4,
        None,
    )
    assert record["command"] == "sh -c 'echo no >&2; exit 4'"


def test_command_at_its_timeout(look: Look) -> None:
    """A command at its limit is a timeout that keeps its output and says which limit."""
    record = look(
        command("sh", "-c", "echo partial; sleep 60", mask="none", limits={"timeout_s": 0.5})
    )["it"]

    assert record["outcome"] == "timeout"
    assert record["reason"] == "stopped after 0.5 s, the limit of this probe"
    assert record["signal"] == 9
    assert record["stdout"]["data"] == "partial\n"


def test_output_cap(look: Look) -> None:
    """Of an output beyond the limit the end is kept, with the original size."""
    record = look(
        command("sh", "-c", "seq 100000", mask="none", limits={"bytes": 1000}),
    )["it"]

    assert record["stdout"]["size"] == 588895
    assert record["stdout"]["truncated"]
    assert len(record["stdout"]["data"]) == 1000
    assert record["stdout"]["data"].endswith("99999\n100000\n")


def test_binary_output(look: Look) -> None:
    """Bytes that are no UTF-8 come home unharmed as base64."""
    stdout = look(command("printf", r"\377\000\376", mask="none"))["it"]["stdout"]

    assert (stdout["encoding"], stdout["data"], stdout["size"]) == ("base64", "/wD+", 3)


def test_file(look: Look, tmp_path: Path) -> None:
    """A file's content is stdout."""
    path = tmp_path / "it"
    path.write_text("blåbær\n")
    record = look(file(path))["it"]

    assert record["stdout"] == {
        "encoding": "utf-8",
        "data": "blåbær\n",
        "size": 9,
        "truncated": False,
        "masked": 0,
    }
    assert record["command"] == f"cat {path}"


def test_file_beyond_the_limit(look: Look, tmp_path: Path) -> None:
    """Of a large file the end is read, and the size is the whole file's."""
    path = tmp_path / "it"
    with path.open("wb") as stream:
        stream.truncate(10 * 1024**3)  # sparse: reading it all would take minutes
        stream.seek(0, os.SEEK_END)
        stream.write(b"the end\n")
    stdout = look(file(path, limits={"bytes": 8}))["it"]["stdout"]

    assert stdout["data"] == "the end\n"
    assert stdout["size"] == 10 * 1024**3 + 8
    assert stdout["truncated"]


def test_file_of_proc(look: Look) -> None:
    """A file of /proc, whose size is said to be 0, is read to its end."""
    record = look(file("/proc/self/status"))["it"]

    assert record["stdout"]["data"].startswith("Name:")
    assert not record["stdout"]["truncated"]


def test_access_time_stays(look: Look, tmp_path: Path) -> None:
    """Reading one's own file leaves its access time alone."""
    path = tmp_path / "it"
    path.write_text("x")
    os.utime(path, (1, 1_000_000_000))
    look(file(path))

    assert path.stat().st_atime == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, "socket", "/dev/zero"])
def test_no_regular_file(look: Look, tmp_path: Path, make: Callable[[Path], None] | str) -> None:
    """A fifo, folder, socket or device is an error at once, and is never opened to read."""
    path = tmp_path / "it"
    server = socket.socket(socket.AF_UNIX)
    if make == "socket":
        server.bind(str(path))
    elif isinstance(make, str):
        path.symlink_to(make)
    else:
        make(path)
    record = look(file(path, limits={"timeout_s": 2}))["it"]
    server.close()

    assert record["outcome"] == "error"
    assert "is not a regular file but a" in record["reason"]


def test_missing_file_and_loop(look: Look, tmp_path: Path) -> None:
    """A missing file is absent; a symlink that leads to itself is an error."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    assert look(file(tmp_path / "none"))["it"]["outcome"] == "absent"
    assert look(file(loop))["it"]["outcome"] == "error"


def test_denied_without_root(look_as_nobody: Callable[..., Records], public: Path) -> None:
    """What another user's rights hide is denied: a file, a listing, a program, a pattern."""
    closed = public / "closed"
    closed.mkdir()
    (closed / "it").write_text("x")
    secret = public / "secret"
    secret.write_text("x")
    secret.chmod(0o000)
    closed.chmod(0o000)
    try:
        for probe in (
            file(secret),
            file(closed / "it"),
            listing(closed / "it"),
            command(f"{closed}/it"),
            files(f"{closed}/*"),
            files(f"{public}/c*/it"),
            files(f"{public}/secret"),
        ):
            record = look_as_nobody(probe)["it"]
            assert record["outcome"] == "denied", probe
            assert record["reason"]
    finally:
        closed.chmod(0o700)


def test_files(look: Look, tmp_path: Path) -> None:
    """Each file that matches is one row with metadata and content, in the patterns' order."""
    (tmp_path / "b.conf").write_text("b\n")
    (tmp_path / "a.conf").write_bytes(b"\xff")
    (tmp_path / ".hidden.conf").touch()
    (tmp_path / "z.conf").mkdir()
    record = look(files(f"{tmp_path}/b.*", f"{tmp_path}/*.conf"))["it"]

    assert [(Path(row["path"]).name, row.get("data")) for row in rows(record)] == [
        ("b.conf", "b\n"),
        ("a.conf", "/w=="),
        ("z.conf", None),
    ]
    assert rows(record)[1]["encoding"] == "base64"
    assert rows(record)[0]["mode"] == f"{(tmp_path / 'b.conf').stat().st_mode & 0o7777:04o}"
    assert "not a regular file" in rows(record)[2]["error"]


def test_files_beyond_most(look: Look, tmp_path: Path) -> None:
    """More files than `most`: the output is marked as cut and the rest is named."""
    for name in "abc":
        (tmp_path / name).touch()
    record = look(files(f"{tmp_path}/*", most=2, mask="none"))["it"]

    assert len(rows(record)) == 2
    assert record["stdout"]["truncated"]
    assert record["stderr"]["data"] == f"2 of 3 files read; not read: {tmp_path}/c\n"


def test_files_share_the_limit(look: Look, tmp_path: Path) -> None:
    """A large file beside a small one is cut, the small one is not."""
    (tmp_path / "a").write_text("x" * 100_000)
    (tmp_path / "b").write_text("small")
    record = look(files(f"{tmp_path}/*", limits={"bytes": 4096}))["it"]

    large, small = rows(record)
    assert large["truncated"]
    assert len(large["data"]) < 2048
    assert (small["truncated"], small["data"]) == (False, "small")


def test_files_without_their_content(look: Look, tmp_path: Path) -> None:
    """With content: false a file is not opened; a row says what it is and whether a link leads on.

    A fifo would hang whoever opens it, and a file's text is nowhere in the record.
    """
    (tmp_path / "data").write_text("content")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("data")
    (tmp_path / "lost").symlink_to("nowhere")
    (tmp_path / "round").symlink_to("round")
    before = (tmp_path / "data").stat().st_atime_ns
    record = look(files(f"{tmp_path}/*", content=False))["it"]

    found = {Path(row["path"]).name: row for row in rows(record)}
    assert {name: (row["type"], row["outcome"]) for name, row in found.items()} == {
        "data": ("file", "collected"),
        "fifo": ("fifo", "collected"),
        "folder": ("directory", "collected"),
        "link": ("symlink", "collected"),
        "lost": ("symlink", "absent"),
        "round": ("symlink", "error"),
    }
    assert found["data"]["size"] == 7
    assert (found["link"]["target"], found["link"]["leads_to"]["size"]) == ("data", 7)
    assert "leads_to" not in found["lost"]
    assert "content" not in json.dumps(record)
    assert (tmp_path / "data").stat().st_atime_ns == before
    assert record["command"] == f"ls -lad {tmp_path}/*"


def test_files_without_their_content_that_are_not_there(
    look: Look, look_as_nobody: Callable[..., Records], public: Path
) -> None:
    """Absent, denied and failed are three answers, also where a symlink leads into the dark."""
    closed = public / "closed"
    closed.mkdir()
    (closed / "it").touch()
    (public / "link").symlink_to(closed / "it")
    (public / "round").symlink_to("round")
    closed.chmod(0o000)
    try:
        denied = look_as_nobody(files(f"{closed}/it", content=False))["it"]
        (link,) = rows(look_as_nobody(files(f"{public}/link", content=False))["it"])
    finally:
        closed.chmod(0o700)
    absent = look(files(f"{public}/data/none", f"{public}/*.none", content=False))["it"]
    failed = look(files(f"{public}/round/it", content=False))["it"]

    assert (absent["outcome"], failed["outcome"]) == ("absent", "error")
    assert failed["reason"] == f"{public}/round: Too many levels of symbolic links"
    if os.geteuid() == 0:
        assert (denied["outcome"], denied["reason"]) == ("denied", f"may not be searched: {closed}")
        assert (link["outcome"], link["error"]) == ("denied", "Permission denied")


def test_no_file_matches(look: Look, tmp_path: Path) -> None:
    """A pattern without a match is absent."""
    assert look(files(f"{tmp_path}/*.none"))["it"]["outcome"] == "absent"


def test_listing_of_a_folder(look: Look, tmp_path: Path) -> None:
    """A folder's entries come one a row, symlinks with what they lead to, the folder last."""
    (tmp_path / "a").write_text("12345")
    (tmp_path / "a").chmod(0o4751)
    os.utime(tmp_path / "a", (0, 1_700_000_000))
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "link").symlink_to("a")
    found = rows(look(listing(tmp_path))["it"])

    assert ["a", "dangling", "link", tmp_path.name] == [Path(row["path"]).name for row in found]
    plain, dangling, link, folder = found
    assert (plain["type"], plain["mode"], plain["size"]) == ("file", "4751", 5)
    assert plain["mtime"] == "2023-11-14T22:13:20.000000Z"
    assert plain["owner"] == (tmp_path / "a").owner()
    assert (
        dangling["type"],
        dangling["target"],
        dangling["resolved"],
    ) == ("symlink", "nowhere", None)
    assert link["resolved"]["path"] == str(tmp_path / "a")
    assert folder["type"] == "directory"
    assert folder["parents"][0]["path"] == "/"
    assert folder["parents"][-1]["path"] == str(tmp_path.parent)


def test_listing_without_entries(look: Look, tmp_path: Path) -> None:
    """With entries: false a folder is one row."""
    (tmp_path / "a").touch()

    assert [str(tmp_path)] == [
        row["path"] for row in rows(look(listing(tmp_path, entries=False))["it"])
    ]


def names(record: Record, folder: Path) -> list[str]:
    return [str(Path(row["path"]).relative_to(folder)) for row in rows(record)]


def test_listing_goes_as_deep_as_it_is_told(look: Look, tmp_path: Path) -> None:
    """Folders come after their entries; a symlink to a folder is shown and not followed."""
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a" / "b" / "deep").touch()
    (tmp_path / "a" / "file").touch()
    (tmp_path / "link").symlink_to("a")

    assert names(look(listing(tmp_path, depth=2))["it"], tmp_path) == [
        *("a/b", "a/file", "a", "link", "."),
    ]
    assert names(look(listing(tmp_path, depth=3))["it"], tmp_path) == [
        *("a/b/c", "a/b/deep", "a/b", "a/file", "a", "link", "."),
    ]


def test_listing_of_large_files_only(look: Look, tmp_path: Path) -> None:
    """With least_bytes small files and the folders that were entered are left out."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "large").write_text("x" * 5000)
    (tmp_path / "a" / "small").write_text("x" * 4999)
    (tmp_path / "z").write_text("x" * 5001)
    record = look(listing(tmp_path, depth=2, least_bytes=5000))["it"]

    assert names(record, tmp_path) == ["a/large", "z", "."]
    assert record["command"] == f"find {tmp_path} -xdev -maxdepth 2 -size +4999c -ls"


def test_listing_names_the_folder_it_may_not_enter(
    look_as_nobody: Callable[..., Records], public: Path
) -> None:
    """A closed folder on the way down is a row with the reason, whatever its size."""
    for name in ("closed", "open"):
        (public / name).mkdir()
        (public / name / "it").touch()
    (public / "closed").chmod(0o700)
    public.chmod(0o755)
    record = look_as_nobody(listing(public, depth=2, least_bytes=1_000_000))["it"]

    assert record["outcome"] == "collected"
    assert [(row["path"], row.get("error")) for row in rows(record)] == [
        (f"{public}/closed", "Permission denied"),
        (str(public), None),
    ]


def test_listing_does_not_enter_a_mount(look: Look) -> None:
    """What is mounted below may be a network's: it is named, and left alone."""
    found = {row["path"]: row for row in rows(look(listing("/", depth=2))["it"])}

    assert found["/proc"]["error"] == "a mount, which is not entered"
    assert "/proc/self" not in found


def test_listing_of_names_that_are_no_text(look: Look, tmp_path: Path) -> None:
    """A name that is no UTF-8 is shown with its bytes escaped, and its metadata is found."""
    raw = os.fsencode(tmp_path) + b"/\xff\n"
    Path(os.fsdecode(raw)).write_text("123")
    found = rows(look(listing(tmp_path))["it"])

    assert (f"{tmp_path}/\\xff\n", 3) == (found[0]["path"], found[0]["size"])


def test_listing_shows_the_parent_without_x(
    look_as_nobody: Callable[..., Records], public: Path
) -> None:
    """Where a folder on the way may not be entered, the row of the path's parents says so."""
    folder = public / "folder"
    folder.mkdir()
    (folder / "program").touch()
    folder.chmod(0o644)
    record = look_as_nobody(listing(folder / "program"))["it"]
    folder.chmod(0o755)

    assert record["outcome"] == "denied"
    (row,) = rows(record)
    assert row["type"] is None
    assert ("0644", str(folder)) == (row["parents"][-1]["mode"], row["parents"][-1]["path"])


def test_listing_of_a_missing_path(look: Look, tmp_path: Path) -> None:
    """A missing path is absent, and its parents show where the way ends."""
    record = look(listing(tmp_path / "none" / "program"))["it"]

    assert record["outcome"] == "absent"
    assert "No such file" in rows(record)[0]["parents"][-1]["error"]


def test_listing_over_a_symlinked_folder(look: Look, tmp_path: Path) -> None:
    """The folders a symlink leads through belong to the parents, too."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "it").touch()
    (tmp_path / "way").symlink_to("real")
    (row,) = rows(look(listing(tmp_path / "way" / "it"))["it"])

    assert [str(tmp_path / "way"), str(tmp_path / "real")] == [
        parent["path"] for parent in row["parents"][-2:]
    ]


@pytest.mark.parametrize(
    ("line", "named", "exists"),
    [
        ("#!/bin/sh", "/bin/sh", True),
        ("#! /bin/sh -eu", "/bin/sh", True),
        ("#!/opt/venv/bin/python3", "/opt/venv/bin/python3", False),
        ("#!/bin/sh\r", "/bin/sh\r", False),
        ("#!/usr/bin/env sh", shutil.which("sh", path="/usr/bin:/bin"), True),
        ("#!/usr/bin/env -S A=1 sh -x", shutil.which("sh", path="/usr/bin:/bin"), True),
        ("#!/usr/bin/env no-such-thing", "no-such-thing", False),
        ("#!", "", False),
    ],
)
def test_interpreter(look: Look, tmp_path: Path, line: str, named: str, exists: bool) -> None:
    """A script's row names its interpreter and says whether that is there."""
    script = tmp_path / "script"
    script.write_text(line + "\necho\n")
    (row,) = rows(look(listing(script, interpreter=True))["it"])

    assert named == row["interpreter"]
    assert exists == (row["interpreter_entry"] is not None)


def test_interpreter_is_of_scripts_only(look: Look, tmp_path: Path) -> None:
    """A file that is no script has no interpreter; a symlink's is with what it leads to."""
    (tmp_path / "data").write_bytes(b"\x7fELF")
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "zlink").symlink_to("script")
    data, script, link, _ = rows(look(listing(tmp_path, interpreter=True))["it"])

    assert "interpreter" not in data
    assert script["interpreter_entry"]["type"] in ("file", "symlink")
    assert "interpreter" not in link
    assert link["resolved"]["interpreter"] == "/bin/sh"


def test_filesystems(look: Look) -> None:
    """The root file system is measured as statvfs(2) measures it; /proc is not."""
    record = look({"id": "it", "kind": "filesystems"})["it"]
    found = {row["mount"]: row for row in rows(record)}

    seen = os.statvfs("/")
    measured = next(row for row in found.values() if row["size"] == seen.f_blocks * seen.f_frsize)
    assert measured["skipped"] is None
    assert abs(measured["inodes"] - seen.f_files) <= seen.f_files
    assert (found["/proc"]["skipped"], found["/proc"]["size"]) == ("proc holds no data", None)


def test_clock(look: Look) -> None:
    """The clock's row says whether it is synchronised and how wrong it may be."""
    record = look({"id": "it", "kind": "clock"})["it"]

    assert record["outcome"] == "collected"
    (row,) = rows(record)
    assert isinstance(row["unsynchronised"], bool)
    assert row["unsynchronised"] == bool(row["status"] & 0x40 or row["state"] == 5)
    assert 0 <= row["maxerror_us"] <= 16_000_000
    assert row["time"] > 1_500_000_000


def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a journalctl of ours before the real one; what it says is copied from real ones."""
    program = tmp_path / "journalctl"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setitem(host.ENVIRONMENT, "PATH", f"{tmp_path}:/usr/bin:/bin")


JOURNAL: dict[str, Any] = {
    "id": "it",
    "kind": "journal",
    "args": {"matches": ["UNIT=a.service"], "lines": 5, "since_s": 3600, "fields": ["MESSAGE"]},
}


@pytest.mark.parametrize(
    ("said", "code", "outcome"),
    [
        ("", 0, "collected"),
        (
            "Hint: You are currently not seeing messages from other users and the system.\n"
            "      Users in groups 'adm', 'systemd-journal' can see all messages.\n"
            "      Pass -q to turn off this notice.",
            0,
            "denied",
        ),
        ("No journal files were opened due to insufficient permissions.", 1, "denied"),
        ("No journal files were found.", 0, "absent"),
        ("Failed to add match 'x': Invalid argument", 1, "collected"),
    ],
)
def test_journal_hints(
    look: Look,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: str,
    code: int,
    outcome: str,
) -> None:
    """What journalctl says about not being allowed, or having nothing, is the outcome."""
    lines = "\n".join(f'echo "{line}" >&2' for line in said.splitlines())
    journalctl(tmp_path, monkeypatch, f"{lines}\nexit {code}\n")
    record = look(JOURNAL)["it"]

    assert (outcome, code) == (record["outcome"], record["exit_code"])
    if outcome != "collected":
        assert said.splitlines()[0] in record["reason"]


def test_journal_command(look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal is asked for the newest matching entries, as JSON, with the chosen fields."""
    journalctl(tmp_path, monkeypatch, 'printf "%s " "$@" >&2\n')
    record = look(dict(JOURNAL, mask="none"))["it"]

    expected = (
        "--no-pager --output=json --output-fields=MESSAGE --lines=5 --since=-3600s UNIT=a.service"
    )
    assert expected == record["stderr"]["data"].strip()
    assert "journalctl " + expected == record["command"]


ENTRY = {
    "__REALTIME_TIMESTAMP": "1795345153187100",
    "UNIT": "a.service",
    "N_RESTARTS": "4",
    "_CMDLINE": "/usr/bin/x --password=hunter2hunter2",
    "MESSAGE": "started with password=hunter2hunter2",
}


def test_journal_is_masked_by_field(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default a journal's free texts are masked, its names and counters are not."""
    (tmp_path / "entries").write_text(json.dumps(ENTRY) + "\n")
    journalctl(tmp_path, monkeypatch, f"cat {tmp_path}/entries\n")
    fields = [name for name in ENTRY if not name.startswith("__")]
    record = look(dict(JOURNAL, args=dict(JOURNAL["args"], fields=fields)))["it"]
    (row,) = rows(record)

    assert "hunter2" not in record["stdout"]["data"]
    assert "<masked:" in row["MESSAGE"]
    assert "<masked:" in row["_CMDLINE"]
    hidden = {"MESSAGE": None, "_CMDLINE": None}
    assert {**row, **hidden} == {**ENTRY, **hidden}


def test_files_are_masked_in_their_content(look: Look, tmp_path: Path) -> None:
    """With mask: text the content of files is masked, odd bytes included; their metadata is not."""
    odd = tmp_path / "x9Kq81hdYw2LzQv7 token abc"
    odd.write_bytes(b"password=hunter2hunter2 caf\xe9\n")
    record = look(files(f"{tmp_path}/*", mask="text"))["it"]
    (row,) = rows(record)

    assert ("utf-8", str(odd), 29) == (row["encoding"], row["path"], row["size"])
    assert "hunter2" not in record["stdout"]["data"]
    assert "<masked:" in row["data"]


def process(*pids: int, **args: Any) -> dict[str, Any]:
    return {"id": "it", "kind": "process", "args": {"pids": [str(pid) for pid in pids], **args}}


def test_process(look: Look) -> None:
    """A process's user, program, control group and start; nothing it was given as argument."""
    child = subprocess.Popen(["/usr/bin/env", "SECRET=hunter2", "sleep", "60", "30.25"])
    try:
        wait_for_program(child.pid, "sleep")
        before = time.time()
        record = look(process(os.getpid(), child.pid))["it"]
    finally:
        child.kill()
        child.wait()

    own, found = rows(record)
    assert record["outcome"] == "collected"
    assert record["command"].endswith(f"-p {os.getpid()},{child.pid}")
    assert (own["pid"], own["uid"]) == (os.getpid(), os.geteuid())
    assert found["exe"] == str(Path(shutil.which("sleep") or "").resolve())
    assert found["user"] == host.names_by_id("/etc/passwd").get(os.geteuid())
    assert abs(datetime.fromisoformat(found["started_at"]).timestamp() - before) < 5
    assert set(found) == {"pid", "uid", "user", "started_at", "cgroup", "exe"}
    assert Path(f"/proc/{os.getpid()}/cgroup").read_text().count(own["cgroup"] + "\n")
    assert "hunter2" not in str(record)
    assert "30.25" not in str(record)


def test_process_that_is_gone(look: Look) -> None:
    """A process that ended meanwhile has its row with the error; the others are looked at."""
    child = subprocess.Popen(["true"])
    child.wait()
    record = look(process(child.pid, os.getpid()))["it"]

    gone, own = rows(record)
    assert record["outcome"] == "collected"
    assert gone == {"pid": child.pid, "error": "No such file or directory"}
    assert own["uid"] == os.geteuid()


def test_process_that_was_left_as_a_zombie(look: Look) -> None:
    """A dead process nobody waited for has a user, and no program."""
    child = subprocess.Popen(["true"])
    try:
        wait_for_state(child.pid, "Z")
        (row,) = rows(look(process(child.pid))["it"])
    finally:
        child.wait()

    assert row["uid"] == os.geteuid()
    assert row["exe"] is None
    assert row["exe_error"] in ("No such file or directory", "Permission denied")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a process of another user: run it as root")
def test_process_of_another_user(look_as_nobody: Callable[..., Records]) -> None:
    """Whose it is everyone may see; which program it is, only its owner and root."""
    (row,) = rows(look_as_nobody(process(os.getpid()))["it"])

    assert (row["uid"], row["exe"], row["exe_error"]) == (0, None, "Permission denied")


def everyone(**args: Any) -> dict[str, Any]:
    return {"id": "it", "kind": "process", "args": {"pids": ["all"], "details": True, **args}}


def test_all_processes(look: Look, tmp_path: Path) -> None:
    """Everyone's but the kernel's, the collector's and its commands', with where each works."""
    command = [sys.executable, "-c", "import time; time.sleep(60)", "hunter2"]
    child = subprocess.Popen(command, cwd=tmp_path)
    grandchild = subprocess.Popen(["/usr/bin/env", "sh", "-c", "sleep 60.5; true"], cwd=tmp_path)
    try:
        wait_for_program(grandchild.pid, "sh")
        here = {row["pid"]: row for row in rows(look(everyone())["it"])}
        named = rows(look(process(child.pid, details=True))["it"])
    finally:
        for one in (child, grandchild):
            one.kill()
            one.wait()

    assert 1 in here
    assert os.getpid() not in here
    assert child.pid not in here  # what this process started is taken for a probe's command
    sleeper = next(row for row in here.values() if row["ppid"] == grandchild.pid)
    assert (sleeper["name"], sleeper["cwd"]) == ("sleep", str(tmp_path))
    assert all(row["ppid"] != 2 and row["pid"] != 2 for row in here.values() if row["exe"] is None)
    assert set(sleeper) == {
        *("pid", "uid", "user", "started_at", "cgroup", "exe"),
        *("name", "state", "ppid", "cwd"),
    }
    assert named[0]["cwd"] == str(tmp_path)
    assert "hunter2" not in str(here)


def test_all_processes_are_bounded(look: Look) -> None:
    """The list stops at `most` and says so."""
    record = look(everyone(most=1))["it"]
    assert [row["pid"] for row in rows(record)] == [1]
    assert record["stdout"]["truncated"] is True
    assert "processes looked at" in record["stderr"]["data"]


def test_all_processes_where_they_are_hidden(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """With hidepid=2 even the first process is missing: then no list is the whole one."""
    monkeypatch.setattr(os, "listdir", lambda _: ["77", "self"])
    record = look(everyone())["it"]
    assert record["outcome"] == "denied"
    assert "hidepid" in record["reason"]


def test_a_process_whose_name_would_forge_its_state() -> None:
    """A process may call itself anything, parentheses and line ends included."""
    stat = ["7 (a) Z 1", "b) S 5 7 7 0"]
    assert processes._fields(stat) == ("a) Z 1\nb", ["S", "5", "7", "7", "0"])


def test_process_in_the_control_groups_of_a_container() -> None:
    """Where the whole path begins with the container's own, the units begin below it."""
    assert processes.below("/pod/ab", "/pod/ab/system.slice/x.service") == "/system.slice/x.service"
    assert processes.below("", "/system.slice/x.service") == "/system.slice/x.service"
    assert processes.below("/pod/ab", "/pod/abc/x.service") == "/pod/abc/x.service"
    assert processes.below("/pod/ab", "/pod/ab") == "/"


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (["0::/system.slice/x.service"], "/system.slice/x.service"),
        (["9:name=systemd:/a:b/x.service", "1:cpu,cpuacct:/", "0::/"], "/a:b/x.service"),
        (["4:memory:/pod"], ""),
        ([], ""),
    ],
)
def test_process_in_the_hierarchies_of_both_versions(lines: list[str], path: str) -> None:
    """Systemd's own hierarchy counts: the named one where there is one, else the unified."""
    assert processes._cgroup(lines) == path


def wait_for_program(pid: int, name: str) -> None:
    give_up = time.monotonic() + 5
    while Path(f"/proc/{pid}/comm").read_text().strip() != name and time.monotonic() < give_up:
        time.sleep(0.01)


def wait_for_state(pid: int, state: str) -> None:
    give_up = time.monotonic() + 5
    while f") {state} " not in Path(f"/proc/{pid}/stat").read_text() and time.monotonic() < give_up:
        time.sleep(0.01)

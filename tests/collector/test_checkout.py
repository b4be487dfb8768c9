"""Kind `checkout`, against checkouts that git itself made."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lab.checkouts import make_checkout
from truthmap_collector import checkouts

from .conftest import Look, Records, records

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git makes the checkouts")

FILES = {"a.py": "a = 1\n", "sub/b.py": "b = 1\n", "c.txt": "c\n"}


def probe(*folders: Path, **args: Any) -> dict[str, Any]:
    return {"id": "it", "kind": "checkout", "args": {"folders": [*map(str, folders)], **args}}


def rows(found: Records) -> list[dict[str, Any]]:
    assert found["it"]["outcome"] == "collected", found["it"]["reason"]
    return [json.loads(line) for line in found["it"]["stdout"]["data"].splitlines()]


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@y", "-C", folder, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    remote = "https://deploy:s3cr3t-t0ken@git.example.org/a.git?key=s3cr3t"
    return make_checkout(tmp_path / "app", FILES, remote)


def test_a_clean_checkout(look: Look, checkout: Path) -> None:
    """Found from a folder inside, once; its address without user, password, query."""
    (row,) = rows(look(probe(checkout / "sub", checkout)))
    assert row["path"] == str(checkout)
    assert (row["branch"], row["commit"]) == ("main", git(checkout, "rev-parse", "HEAD"))
    assert row["remotes"] == {"origin": "https://git.example.org/a.git"}
    assert (row["tracked"], row["dirty"], row["complete"]) == (3, 0, True)


GHP = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://user:a/b#c@host/x.git", "<masked:31>"),
        ("https://user:a?b@host/x.git", "<masked:27>"),
        ("https://host/x.git?key=a@b", "<masked:26>"),
        ("https://user:a@b@host/shop/x.git", "https://host/shop/x.git"),
        (f"https://host/{GHP}/app.git", "https://host/<masked:40>/app.git"),
        (f"git@host:{GHP}.git", "host:<masked:40>.git"),
        (f"/srv/git/{GHP}", "/srv/git/<masked:40>"),
        ("git@host:shop/qxz9vk-trader.git", "host:shop/qxz9vk-trader.git"),
    ],
)
def test_an_address_carries_no_secret(look: Look, tmp_path: Path, remote: str, shown: str) -> None:
    """Neither a password with signs of an address in it, nor a token in its path."""
    make_checkout(tmp_path / "qxz9vk-trader", FILES, remote)
    (row,) = rows(look(probe(tmp_path / "qxz9vk-trader")))
    assert row["remotes"] == {"origin": shown}


def test_what_was_changed_is_found_as_git_finds_it(look: Look, checkout: Path) -> None:
    (checkout / "a.py").write_text("a = 22\n")  # another size
    (checkout / "sub/b.py").unlink()
    (checkout / "c.txt").write_text("d\n")  # the same size
    os.utime(checkout / "c.txt", (1, 1))
    (row,) = rows(look(probe(checkout)))
    assert (row["modified"], row["deleted"], row["dirty"]) == (["a.py", "c.txt"], ["sub/b.py"], 3)
    status = git(checkout, "status", "--porcelain").splitlines()
    assert {line.split()[-1] for line in status} == {"a.py", "c.txt", "sub/b.py"}


def test_a_touched_file_is_no_change(look: Look, checkout: Path) -> None:
    os.utime(checkout / "a.py", (1, 1))
    (row,) = rows(look(probe(checkout)))
    assert row["dirty"] == 0


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_every_version_of_the_index(look: Look, checkout: Path, version: str) -> None:
    names = {f"deep/{'x' * number}/f{number}.txt": f"{number}\n" for number in range(1, 30)}
    make = checkout.parent / "other"
    make_checkout(make, names)
    git(make, "update-index", "--index-version", version)
    (make / "deep/x/f1.txt").write_text("changed\n")
    (row,) = rows(look(probe(make)))
    assert (row["tracked"], row["modified"]) == (29, ["deep/x/f1.txt"])


def test_packed_references_detached_heads_worktrees(look: Look, checkout: Path) -> None:
    commit = git(checkout, "rev-parse", "HEAD")
    git(checkout, "pack-refs", "--all")
    (row,) = rows(look(probe(checkout)))
    assert (row["branch"], row["commit"]) == ("main", commit)
    tree = checkout.parent / "tree"
    git(checkout, "worktree", "add", "-q", "-b", "other", str(tree))
    (row,) = rows(look(probe(tree)))
    assert (row["branch"], row["commit"], row["dirty"]) == ("other", commit, 0)
    assert row["remotes"] == {"origin": "https://git.example.org/a.git"}
    git(checkout, "checkout", "-q", "--detach")
    (row,) = rows(look(probe(checkout)))
    assert (row["branch"], row["commit"]) == (None, commit)


def test_git_is_not_run(look: Look, checkout: Path) -> None:
    """A checkout's configuration may name programs that git would start, as root here."""
    mark = checkout.parent / "executed"
    git(checkout, "config", "core.fsmonitor", f"touch {mark}")
    git(checkout, "config", "filter.x.clean", f"touch {mark}")
    (checkout / ".gitattributes").write_text("* filter=x\n")
    os.utime(checkout / "a.py", (1, 1))
    rows(look(probe(checkout)))
    assert not mark.exists()


@pytest.mark.parametrize(
    "index", [b"", b"DIRC", b"DIRC\0\0\0\2\0\0\xff\xff" + b"x" * 99, b"DIRC\0\0\0\4" + b"\xff" * 99]
)
def test_an_index_that_is_none(look: Look, checkout: Path, index: bytes) -> None:
    """Then what was changed is not known; the rest is."""
    (checkout / ".git/index").write_bytes(index)
    (row,) = rows(look(probe(checkout)))
    assert row["dirty"] is None
    assert row["branch"] == "main"
    assert "index" in row["error"]


@pytest.fixture
def shut(public: Path) -> Path:
    """Checkouts for everyone, of which some parts are root's alone."""
    for name in ("git", "index", "folder", "whole"):
        make_checkout(public / name, FILES)
    (public / "git/.git").chmod(0o700)
    (public / "index/.git/index").chmod(0)
    (public / "folder/sub").chmod(0o700)
    (public / "whole").chmod(0o700)
    return public


@pytest.mark.skipif(os.geteuid() != 0, reason="root makes what others may not read")
def test_without_rights_all_else_is_read(
    look_as_nobody: Callable[..., Records], shut: Path
) -> None:
    """What was refused is named with its path; the rest of the checkout is compared."""
    names = ("git", "index", "folder", "whole")
    found = rows(look_as_nobody(probe(*(shut / name / "sub" for name in names))))
    git, index, folder, whole = found
    assert git["error"] == f"{shut}/git/.git/HEAD: Permission denied"
    assert (git["owner"], git["dirty"]) == ("root", None)
    assert index["error"] == f"{shut}/index/.git/index: Permission denied"
    assert (index["branch"], index["dirty"]) == ("main", None)
    assert folder["refused"] == {"sub/b.py": "Permission denied"}
    assert (folder["dirty"], folder["complete"]) == (0, False)
    assert whole == {"folder": f"{shut}/whole/sub", "error": "Permission denied"}
    assert [row["dirty"] for row in rows(records(probe(*(shut / name for name in names))))] == [
        0
    ] * 4


@pytest.mark.skipif(os.geteuid() != 0, reason="root makes what is another's")
def test_a_checkout_of_another_user_is_read(look: Look, checkout: Path) -> None:
    """git itself refuses it: "dubious ownership"."""
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, 1234, 1234, follow_symlinks=False)
    asked = ["git", "-C", str(checkout), "status"]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    refused = subprocess.run(asked, capture_output=True, text=True, check=False, env=environment)
    assert "dubious ownership" in refused.stderr
    (row,) = rows(look(probe(checkout)))
    assert (row["uid"], row["branch"], row["dirty"], row["complete"]) == (1234, "main", 0, True)


def test_a_folder_of_the_system_is_no_gap(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That a service works in /root says nothing of a checkout there."""

    def refuse(folder: str) -> None:
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(checkouts, "find", refuse)
    assert rows(look(probe(Path("/root")))) == []
    (row,) = rows(look(probe(tmp_path, tmp_path)))
    assert row == {"folder": str(tmp_path), "error": "Permission denied"}


def test_what_may_not_be_seen_is_not_called_changed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither deleted nor modified: it was not compared."""
    os.utime(checkout / "a.py", (1, 1))
    (checkout / "c.txt").unlink()
    lstat = os.lstat

    def refuse(path: Any, *args: Any, **more: Any) -> Any:
        if os.fsencode(path).endswith((b"sub/b.py", b"unreadable")):
            raise PermissionError(13, "Permission denied", path)
        return lstat(path, *args, **more)

    monkeypatch.setattr(os, "lstat", refuse)
    monkeypatch.setattr(checkouts, "_blob", lambda *_: refuse("unreadable"))
    found = checkouts.differences(str(checkout), f"{checkout}/.git", lambda: False, 100)
    assert (found.modified, found.deleted, found.complete) == ([], ["c.txt"], False)
    assert found.refused == dict.fromkeys(("a.py", "sub/b.py"), "Permission denied")


def test_declared_folders_are_searched(look: Look, checkout: Path) -> None:
    make_checkout(checkout.parent / "more" / "one", {"x": "x\n"})
    found = rows(look(probe(Path("/proc"), roots=[str(checkout.parent), "/nowhere"])))
    assert [row["path"] for row in found] == [str(checkout)]
    found = rows(look(probe(Path("/proc"), roots=[str(checkout.parent / "more")])))
    assert [row["path"] for row in found] == [str(checkout.parent / "more" / "one")]

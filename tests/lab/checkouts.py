"""A git checkout on a lab host: made here, where git is, and copied with its files' times."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .hosts import LabHost

__all__ = ["install_checkout", "make_checkout"]

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Lab",
    "GIT_AUTHOR_EMAIL": "lab@example.org",
    "GIT_COMMITTER_NAME": "Lab",
    "GIT_COMMITTER_EMAIL": "lab@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def make_checkout(folder: Path, files: Mapping[str, str], remote: str | None = None) -> Path:
    """Make a folder a checkout with one commit of these files (path -> text) on branch main."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _git(folder, "init", "-q", "-b", "main")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "As deployed")
    if remote is not None:
        _git(folder, "remote", "add", "origin", remote)
    return folder


def install_checkout(
    host: LabHost,
    path: str,
    files: Mapping[str, str],
    *,
    owner: str = "root",
    remote: str | None = None,
) -> None:
    """Make a checkout of these files at a path of the host, owned by a user of it."""
    with tempfile.TemporaryDirectory() as made:
        folder = make_checkout(Path(made), files, remote)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            archive.add(folder, arcname=path.lstrip("/"))
    # `podman cp` fails on some archives: it stops reading before the padding at their end.
    unpack = ("exec", "-i", host.container, "tar", "-C", "/", "-xf", "-")
    host.podman(*unpack, stdin=packed.getvalue())
    host.run(f"chown -R {owner}: {path} && chmod 755 {path}")


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, env={**os.environ, **_IDENTITY})

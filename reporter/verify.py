"""Says what an archive holds, once its hashes and schemas have been checked on loading."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.archive import Archive
from reporter.render.terminal import safe

__all__ = ["summary"]


def summary(archive: Archive) -> str:
    """Return a line for each host and one for the whole."""
    return "".join(f"{safe(line)}\n" for line in _lines(archive))


def _lines(archive: Archive) -> Iterator[str]:
    for host in sorted(archive.bundles):
        bundle = archive.bundles[host]
        note = f"; partial: {archive.partial[host]}" if host in archive.partial else ""
        yield f"{host}: {len(bundle.evidence)} records, every hash matches{note}"
    for host in sorted(archive.unreached):
        yield f"{host}: no usable evidence; {archive.unreached[host].reason}"
    state = "complete" if archive.complete else "interrupted: its manifest was never completed"
    yield f"run {archive.run or '(none)'}: {state}; digest {archive.digest}"

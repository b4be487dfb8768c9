"""Reads archives: run folders, single bundles, and tar files of either.

Everything here is hostile until checked: a bundle comes from a host that may be compromised, an
archive from a mail. Sizes are capped before anything is inflated, tar members are read in memory
and never extracted, JSON with duplicate keys is refused (decoders silently keep the last), and
every hash is recomputed. What cannot be used becomes a `Problem` that says what, where and what
to do; the hosts beside it are still read.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from reporter.errors import InputError
from reporter.evidence import (
    BUNDLE_SCHEMA,
    MANIFEST_SCHEMA,
    Bundle,
    HostEntry,
    Manifest,
    record_digest,
)
from reporter.stores import MANIFEST_NAME, FileStore, Store, is_bundle_name, open_store, unpack

__all__ = [
    "Archive",
    "Problem",
    "Unreached",
    "UnusableError",
    "load",
    "parse_bundle",
    "parse_json",
    "parse_manifest",
]


@dataclass(frozen=True)
class Problem:
    """One thing that cannot be used: `where` it is, `what` is wrong, what to do (`advice`)."""

    where: str
    what: str
    advice: str
    host: str | None = None

    def __str__(self) -> str:
        """Return the one line a person reads."""
        return f"{self.where}: {self.what}; {self.advice}"


@dataclass(frozen=True)
class Unreached:
    """A host of the run without usable evidence, and why."""

    host: str
    reason: str


@dataclass
class Archive:
    """What was loaded: the bundles by host (the newest of each), and everything that is missing.

    `complete` is false when some run was interrupted; `digest` is over the content alone, so it
    is the same for a folder and a tar file of it.
    """

    runs: list[str] = field(default_factory=list)
    complete: bool = True
    bundles: dict[str, Bundle] = field(default_factory=dict)
    unreached: dict[str, Unreached] = field(default_factory=dict)
    partial: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    digests: set[str] = field(default_factory=set)

    @property
    def digest(self) -> str:
        """The SHA-256 over the sorted hashes of everything that was read."""
        return hashlib.sha256("\n".join(sorted(self.digests)).encode("ascii")).hexdigest()

    @property
    def run(self) -> str:
        """The ids of the runs, sorted."""
        return ", ".join(sorted(set(self.runs)))


T = TypeVar("T", Manifest, Bundle)


class UnusableError(Exception):
    """A file that cannot be used: what is wrong, and what to do."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice


def load(paths: Sequence[Path]) -> Archive:
    """Read every path into one archive.

    Raises `InputError` only when a path does not exist; all else is in `problems`.
    """
    archive = Archive()
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder; check the path")
        _load_path(path, archive)
    for host in archive.bundles:
        archive.unreached.pop(host, None)
    return archive


def _load_path(path: Path, archive: Archive) -> None:
    try:
        store = open_store(path)
    except ValueError as error:
        archive.problems.append(Problem(str(path), str(error), "give another archive"))
        return
    manifests = store.manifests()
    if manifests:
        for name in manifests:
            _load_run(store, name, archive)
        return
    if isinstance(store, FileStore):
        _load_single(store, archive)
        return
    bundles = [name for name in store.names() if is_bundle_name(name)]
    if not bundles:
        archive.problems.append(
            Problem(
                str(path),
                "no manifest.json and no bundle in it",
                "give the folder of a run (it holds manifest.json), a bundle or a tar of either",
            )
        )
        return
    archive.complete = False
    for name in bundles:
        _load_bundle(store, name, None, archive)


def _load_single(store: FileStore, archive: Archive) -> None:
    (name,) = store.names()
    if name == MANIFEST_NAME or not is_bundle_name(name):
        archive.problems.append(
            Problem(store.where(name), "not a bundle", "give a bundle (.json, .json.zst) or a run")
        )
        return
    _load_bundle(store, name, None, archive)


def _load_run(store: Store, name: str, archive: Archive) -> None:
    where = store.where(name)
    try:
        content = store.read(name)
        manifest = parse_manifest(content)
    except (UnusableError, ValueError, OSError) as error:
        archive.problems.append(_problem(where, error))
        archive.complete = False
        folder = name.rpartition("/")[0]
        for other in store.names():
            if other.rpartition("/")[0] == folder and is_bundle_name(other):
                _load_bundle(store, other, None, archive)
        return
    archive.runs.append(manifest.run)
    archive.digests.add(hashlib.sha256(content).hexdigest())
    archive.complete = archive.complete and manifest.state == "complete"
    folder = name.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    named = set()
    for host, entry in sorted(manifest.hosts.items()):
        if entry.bundle is None:
            _note_unreached(host, entry, manifest, archive)
            continue
        if "/" in entry.bundle:
            archive.problems.append(
                Problem(where, f"bundle of {host} lies outside the run", "check its origin", host)
            )
            continue
        named.add(prefix + entry.bundle)
        if entry.status == "partial":
            archive.partial[host] = entry.reason or "cut short"
        _load_bundle(store, prefix + entry.bundle, entry, archive, host)
    _load_unlisted(store, prefix, named, manifest, archive)


def _load_unlisted(
    store: Store, prefix: str, named: set[str], manifest: Manifest, archive: Archive
) -> None:
    """Read the bundles an interrupted run left before the manifest could name them."""
    for name in store.names():
        folder, _, _ = name.rpartition("/")
        if folder != prefix.rstrip("/") or name in named or not is_bundle_name(name):
            continue
        if manifest.state == "running":
            _load_bundle(store, name, None, archive)
        else:
            archive.problems.append(
                Problem(
                    store.where(name),
                    "a bundle the manifest does not name",
                    "take it out of the run's folder, or report it by itself",
                )
            )


def _note_unreached(host: str, entry: HostEntry, manifest: Manifest, archive: Archive) -> None:
    reason = entry.reason or entry.status
    if entry.status == "pending":
        reason = "the run ended before it was collected"
    archive.unreached.setdefault(host, Unreached(host, reason))


def _load_bundle(
    store: Store, name: str, entry: HostEntry | None, archive: Archive, host: str | None = None
) -> None:
    where = store.where(name)
    try:
        content = store.read(name)
        digest = hashlib.sha256(content).hexdigest()
        _check_digest(digest, entry)
        bundle = parse_bundle(unpack(name, content))
        _check_host(bundle, host)
    except FileNotFoundError:
        problem = Problem(where, "missing", "the manifest names it: fetch it from the original")
        _note_problem(problem, host, archive)
        return
    except (UnusableError, ValueError, OSError) as error:
        _note_problem(_problem(where, error), host, archive)
        return
    archive.digests.add(digest)
    archive.runs.append(bundle.run)
    known = archive.bundles.get(bundle.host)
    if known is None or known.started_at < bundle.started_at:
        archive.bundles[bundle.host] = bundle


def _check_digest(digest: str, entry: HostEntry | None) -> None:
    if entry and entry.sha256 and digest != entry.sha256:
        raise UnusableError(
            f"its sha256 is {digest[:12]}…, the manifest says {entry.sha256[:12]}…",
            "it was changed after collection: fetch the original, or collect again",
        )


def _check_host(bundle: Bundle, host: str | None) -> None:
    if host is not None and bundle.host != host:
        raise UnusableError(
            f"holds the evidence of {bundle.host}, the manifest says {host}",
            "fetch the original, or collect again",
        )


def _note_problem(problem: Problem, host: str | None, archive: Archive) -> None:
    archive.problems.append(problem)
    if host is not None:
        archive.unreached.setdefault(host, Unreached(host, f"bundle unusable: {problem.what}"))


def _problem(where: str, error: Exception) -> Problem:
    if isinstance(error, UnusableError):
        return Problem(where, error.what, error.advice)
    if isinstance(error, OSError):
        return Problem(where, error.strerror or str(error), "check the file and its permissions")
    return Problem(where, str(error), "fetch the original, or collect again")


def parse_manifest(content: bytes) -> Manifest:
    """Check and return a manifest; raises ValueError (or a subclass of Exception) saying why."""
    return _convert(content, Manifest, MANIFEST_SCHEMA, "manifest")


def parse_bundle(content: bytes) -> Bundle:
    """Check and return a bundle: its schema, and the hash of each record."""
    bundle = _convert(content, Bundle, BUNDLE_SCHEMA, "bundle")
    seen = set()
    for record in bundle.evidence:
        if record.id in seen:
            raise UnusableError(f"two records with the id {record.id}", "collect again")
        seen.add(record.id)
        if record_digest(msgspec.to_builtins(record)) != record.sha256:
            raise UnusableError(
                f"record {record.id} does not match its sha256",
                "it was changed after collection: fetch the original, or collect again",
            )
    return bundle


def parse_json(content: bytes, what: str) -> Any:
    """Read hostile JSON; raises `UnusableError` where it is none, or means more than one thing."""
    try:
        return json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise UnusableError("not UTF-8 text", f"give a Truth Map {what}") from error
    except RecursionError as error:
        raise UnusableError("nested too deeply", f"give a Truth Map {what}") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnusableError(
            f"not valid JSON at {place} ({error.msg.lower()}): cut off?",
            "fetch it again, or collect again",
        ) from error


def _convert(content: bytes, kind: type[T], schema: str, what: str) -> T:
    data = parse_json(content, what)
    found = data.get("schema") if isinstance(data, dict) else None
    if found != schema:
        raise _wrong_schema(found, schema, what)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise UnusableError(f"not a valid {what}: {error}", "collect again") from error


def _wrong_schema(found: Any, schema: str, what: str) -> UnusableError:
    family, _, _ = schema.rpartition("/")
    if isinstance(found, str) and found.startswith("truthmap/"):
        if found.rpartition("/")[0] == family:
            return UnusableError(
                f"{what} schema {found!r}, this version reads {schema!r}",
                "report it with the version of Truth Map that wrote it, or a newer one",
            )
        return UnusableError(f"{found!r} where a {what} should be", "give a run or a bundle")
    return UnusableError(
        f"not a Truth Map {what} (no schema {schema!r} in it)",
        "give a run's folder, a bundle or a tar of either",
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise UnusableError(f"the key {twice!r} stands twice in one object", "collect again")
    return result


def _no_constant(name: str) -> Any:
    raise UnusableError(f"{name} is no JSON number", "collect again")

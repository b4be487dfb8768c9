"""For the host nobody may reach: the collector as one file, and its answer made a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

import truthmap_collector
from reporter.errors import InputError
from reporter.locations import content_root
from truthmap_control import answer, archive, probes, program, targets, values

__all__ = ["declared_probes", "import_answers", "script"]

ANSWER_LIMIT = 64 * 1024 * 1024
"""The most an answer's file may hold, in bytes: the collector's own cap is a quarter of it."""


def declared_probes(profiles: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the probes the roles declare, checked, with what `profiles` name for them.

    Raises `InputError` for an unusable one.
    """
    lists: dict[str, Any] = {}
    for defaults in sorted((content_root() / "roles").glob("probe_*/defaults/main.yml")):
        variables = yaml.safe_load(defaults.read_text(encoding="utf-8")) or {}
        for domain, name in probes.variables(variables).items():
            lists[domain] = probes.filled(variables[name], variables)
    try:
        gathered = probes.gather(lists)
        return [
            targets.filled(probe, profiles or {}) for found in gathered.values() for probe in found
        ]
    except (probes.ProbeError, values.SettingError) as error:
        raise InputError(str(error)) from error


def script(profiles: Mapping[str, Any] | None = None) -> str:
    """Return the collector and all probes as one `sh` file, with the collector's own limits."""
    return program.script(program.request(declared_probes(profiles)))


def import_answers(
    answers: Sequence[Path], folder: Path, host: str | None, profiles: Mapping[str, Any]
) -> list[str]:
    """Make a run's folder of answers the collector gave by hand; return the hosts.

    A host is named by `host` (one answer only) or by what it calls itself. Raises `InputError`
    that says which answer is unusable; then nothing is written.
    """
    if host is not None and len(answers) > 1:
        raise InputError("--host names one host: import several answers without it")
    decoded = [_decoded(path) for path in answers]
    names = [host or found["collector"].get("hostname") or path.stem for path, found in decoded]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two answers come from the host {name}: import them one by one")
    started = datetime.now(UTC)
    run = archive.new_run_id(started)
    try:
        archive.open_run(
            folder,
            names,
            collector_version=truthmap_collector.VERSION,
            started_at=started,
            run=run,
        )
        results = {}
        for name, (_, found) in zip(names, decoded, strict=True):
            bundle = archive.bundle(
                found,
                run=run,
                host=name,
                collected_by="hand",
                applications=profiles,
                perturbations=["what its administrator did to run the collector: not known"],
            )
            file, digest = archive.write_bundle(folder, bundle)
            status = "collected" if found["complete"] else "partial"
            reason = None if found["complete"] else archive.CUT_SHORT
            results[name] = {"status": status, "reason": reason, "bundle": file, "sha256": digest}
        archive.complete_run(folder, results, finished_at=datetime.now(UTC))
    except archive.ArchiveError as error:
        raise InputError(str(error)) from error
    return names


def _decoded(path: Path) -> tuple[Path, dict[str, Any]]:
    try:
        with path.open("rb") as file:
            content = file.read(ANSWER_LIMIT + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the file the collector wrote") from error
    if len(content) > ANSWER_LIMIT:
        raise InputError(f"{path}: larger than {ANSWER_LIMIT} bytes: no answer of the collector is")
    try:
        return path, answer.decode(content.decode("ascii", "backslashreplace"))
    except answer.AnswerError as error:
        raise InputError(f"{path}: {error}") from error

"""Files as things: drop-ins, environment files, checkouts, models, crontab entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from reporter.findings import Citation, Missing
from reporter.messages import Text, text
from reporter.models.table import ModelTable
from reporter.parsers.config_files import ConfigFiles, EnvFile, Setting
from reporter.parsers.config_units import EnvUse
from reporter.parsers.cron import Cron
from reporter.parsers.repository_checkouts import Checkout, Checkouts
from reporter.parsers.systemd_units import Units
from reporter.parsers.unit_drop_ins import DropIns
from reporter.profile import Profiles
from reporter.recorded import recorded
from reporter.state.model import Part, Thing, traits_of
from reporter.state.units import command_lines, owner_of

__all__ = ["HIDDEN", "checkouts", "cron_entries", "drop_ins", "env_files", "models"]

HIDDEN = "hidden "
"""How a setting's value begins that stays on the host: its fingerprint follows."""

_NO_UNITS: tuple[str, ...] = ()


def drop_ins(found: DropIns | Missing, units: Units | Missing, profiles: Profiles) -> Part:
    """Return the administrator's drop-ins by path, with their settings as far as these are shown.

    What is masked in a setting may change unseen.
    """
    if isinstance(found, Missing):
        return Part(("drop_in",), gaps=(found,))
    things = []
    for path in sorted({*found.by_path, *found.unread}):
        folder = PurePosixPath(path).parent.name.removesuffix(".d")
        names = _dropped_into(path, folder, units)
        settings = found.by_path.get(path)
        shown = None
        if settings is not None:
            shown = tuple(f"[{one.section}] {one.line}" for one in settings)
        things.append(
            Thing(
                "drop_in",
                path,
                traits_of(settings=shown),
                names,
                _owned_by(names, profiles),
                Citation(found.record, "\n".join((path, *(shown or ())))),
            )
        )
    unread = (
        Missing(found.record, text("{path}: {reason}", path=path, reason=recorded(reason)))
        for path, reason in sorted(found.unread.items())
    )
    return Part(("drop_in",), tuple(things), unshown=tuple(unread))


def _dropped_into(path: str, folder: str, units: Units | Missing) -> tuple[str, ...]:
    """Return the units a drop-in is for: those that say so, else the one its folder names."""
    if isinstance(units, Missing):
        return (folder,)
    using = tuple(unit.name for unit in units if path in (unit.drop_ins or ()))
    return using[:1] if len(using) == 1 else (folder,)


def _owned_by(units: tuple[str, ...], profiles: Profiles) -> str | None:
    """Return the application of a thing by its units; without any, the only one on the host."""
    owners = (owner_of(unit, profiles) for unit in units)
    return next((one for one in owners if one), None) if units else _only(profiles)


def _only(profiles: Profiles) -> str | None:
    names = [profile.name for profile in profiles]
    return names[0] if len(names) == 1 else None


def env_files(
    found: ConfigFiles | Missing,
    declared: ConfigFiles | Missing,
    env_use: EnvUse | Missing,
    profiles: Profiles,
    key_id: str | None,
) -> Part:
    """Return the environment files that are there, by path.

    Trait `settings` has a line a setting, `NAME=value` or `NAME=hidden FINGERPRINT CLASS`, where
    the class is that of its length: a fingerprint can be compared with others under `key_id` alone.
    """
    by_path: dict[str, EnvFile] = {}
    gaps: list[Missing] = []
    for source in (found, declared):
        if isinstance(source, Missing):
            gaps.append(source)
            continue
        for file in source:
            by_path.setdefault(file.path, file)
        for folder in source.folders:
            if folder.error is not None:
                why = text("{path}: {error}", path=folder.path, error=recorded(folder.error))
                gaps.append(Missing(source.record, why))
    users = _users(env_use)
    things = [
        _env_file(file, users.get(file.path, _NO_UNITS), profiles, key_id)
        for file in by_path.values()
        if not file.absent
    ]
    unread = (
        Missing(
            file.record, text("{path}: {error}", path=file.path, error=recorded(file.error or "?"))
        )
        for file in by_path.values()
        if file.unread
    )
    return Part(("env_file",), tuple(things), tuple(gaps), tuple(unread))


def _users(env_use: EnvUse | Missing) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    if not isinstance(env_use, Missing):
        for unit, loaded in sorted(env_use.by_unit.items()):
            for one in loaded:
                found[one.path] = (*found.get(one.path, ()), unit)
    return found


def _env_file(
    file: EnvFile, units: tuple[str, ...], profiles: Profiles, key_id: str | None
) -> Thing:
    traits = traits_of(
        size=file.size,
        modified=file.modified,
        mode=None if file.mode is None else f"{file.mode:04o}",
        owner=file.owner,
        key_id=key_id,
    )
    if file.unread:
        traits["unread"] = file.error or "?"
    else:
        effective = file.effective()
        traits["settings"] = tuple(_setting(effective[name]) for name in sorted(effective))
    return Thing("env_file", file.path, traits, units, _owned_by(units, profiles), file.cite())


def _setting(setting: Setting) -> str:
    if setting.fingerprint is None:
        return f"{setting.name}={setting.value or ''}"
    return f"{setting.name}={HIDDEN}{setting.fingerprint} {setting.length or '?'}"


def checkouts(found: Checkouts | Missing, units: Units | Missing, profiles: Profiles) -> Part:
    """Return the git checkouts that services run from, by path."""
    if isinstance(found, Missing):
        return Part(("checkout",), gaps=(found,))
    unread = (
        Missing(found.record, text("{path}: {reason}", path=one.path, reason=_why(one)))
        for one in found
        if not _whole(one)
    )
    things = (_checkout(one, found, units, profiles) for one in found)
    return Part(("checkout",), tuple(things), unshown=tuple(unread))


def _whole(checkout: Checkout) -> bool:
    return checkout.complete and checkout.error is None and checkout.dirty is not None


def _why(checkout: Checkout) -> Text:
    if checkout.error:
        return text("{error}", error=recorded(checkout.error))
    return text("not all of its files were compared")


def _checkout(
    checkout: Checkout, found: Checkouts, units: Units | Missing, profiles: Profiles
) -> Thing:
    inside = () if isinstance(units, Missing) else tuple(_running_from(checkout, units))
    changed = (*checkout.modified, *(f"{path} (deleted)" for path in checkout.deleted))
    return Thing(
        "checkout",
        checkout.path,
        traits_of(
            commit=checkout.commit,
            branch=checkout.branch,
            remotes=tuple(f"{name} {url}" for name, url in sorted(checkout.remotes.items())),
            dirty=checkout.dirty if _whole(checkout) else None,
            changed_files=tuple(sorted(changed)) if _whole(checkout) else None,
        ),
        inside,
        _owned_by(inside, profiles),
        found.cite(checkout),
    )


def _running_from(checkout: Checkout, units: Units) -> Iterator[str]:
    for unit in units.of("service"):
        words = (word for line in command_lines(unit) or () for word in line.split())
        if any(checkout.holds(path) for path in (unit.working_directory or "", *words)):
            yield unit.name


def models(table: ModelTable, profiles: Profiles) -> Part:
    """Return the model files, by path."""
    inventory = table.inventory
    return Part(
        ("model",),
        tuple(
            Thing(
                "model",
                model.file.path,
                traits_of(
                    sha256=model.file.sha256,
                    head_sha256=model.file.head_sha256,
                    size=model.file.size if model.file.type == "file" else None,
                    modified=model.file.modified,
                    target=model.file.target,
                ),
                application=model.kin.application or _only(profiles),
                cited=model.file.cited,
            )
            for model in inventory.models
        ),
        inventory.gaps,
        tuple(
            Missing(
                model.file.cited.record,
                text("{path}: {reason}", path=model.file.path, reason=recorded(model.file.unread)),
            )
            for model in inventory.models
            if model.file.unread
        ),
    )


def cron_entries(found: Cron | Missing) -> Part:
    """Return the entries of crontabs as `TABLE: SCHEDULE USER COMMAND`, and cron's scripts."""
    if isinstance(found, Missing):
        return Part(("cron",), gaps=(found,))
    things: dict[str, Thing] = {}
    for table in found.tables:
        if table.form == "scripts":
            things[table.path] = Thing("cron", table.path, {}, cited=found.cite(table.line))
        for entry in table.entries:
            name = f"{table.path}: {entry.schedule} {table.user(entry)} {entry.command}"
            things[name] = Thing("cron", name, {}, cited=found.cite(entry.line))
    closed = (
        Missing(found.record, text("{path}: {reason}", path=path, reason=recorded(reason)))
        for path, reason in sorted(found.closed.items())
    )
    return Part(("cron",), tuple(things.values()), tuple(closed))

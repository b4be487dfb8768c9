"""Verdicts on services that are only on disk: no unit in memory, so nothing runs."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext
from reporter.findings import Missing, Severity, Status, Verdict
from reporter.messages import Text, text
from reporter.parsers.systemd_unit_files import UnitFile, UnitFiles
from reporter.parsers.systemd_units import Units
from reporter.rules.service_view import DISABLED, INACTIVE, MASKED
from reporter.rules.unit_relations import not_in_sample

__all__ = ["unloaded"]

_SHOWN = frozenset({"enabled", "enabled-runtime", "disabled", "masked", "masked-runtime"})


def unloaded(host: HostContext, units: Units, unit_files: UnitFiles | Missing) -> Iterator[Verdict]:
    """Yield a verdict on each service that is on disk and not in memory.

    Static and generated units are left out unless an application owns them: nothing enables
    them, so nothing is amiss. So are templates and aliases.
    """
    if isinstance(unit_files, Missing):
        yield from _not_known(host, units, unit_files)
        return
    for file in unit_files:
        owned = host.profiles.owner(file.name) is not None
        if not file.name.endswith(".service") or file.template or file.state == "alias":
            continue
        if units.get(file.name) is None and (owned or file.state in _SHOWN):
            yield _on_disk(host, units, file)
    for name in host.profiles.expected_units():
        template = unit_files.get(name)
        if template and template.template and name.endswith(".service") and not units.get(name):
            yield _never_instantiated(host, units, name, template)


def _on_disk(host: HostContext, units: Units, file: UnitFile) -> Verdict:
    if not units.complete:
        return _verdict(
            host,
            file.name,
            "unknown",
            INACTIVE,
            text(
                "{unit} is on disk ({state}); whether it runs was not seen",
                unit=file.name,
                state=file.state,
            ),
            file=file,
            missing=(not_in_sample(units),),
        )
    expected = file.name in host.profiles.expected_units()
    if file.state.startswith("masked") and expected:
        message = text(
            "{unit} is masked, although its application expects it to run", unit=file.name
        )
        return _verdict(host, file.name, "down", MASKED, message, file=file, severity="P2")
    if file.state.startswith("masked"):
        message = text("{unit} is masked: it was switched off on purpose", unit=file.name)
        return _verdict(host, file.name, "ok", MASKED, message, file=file)
    if expected:
        message = text(
            "{unit} does not run although its application expects it: its unit file ({state}) "
            "is on disk, and nothing has loaded it since boot, or it was stopped and forgotten",
            unit=file.name,
            state=file.state,
        )
        return _verdict(host, file.name, "down", INACTIVE, message, file=file, severity="P2")
    if file.state.startswith("enabled"):
        message = text(
            "{unit} is enabled on disk and not loaded: no unit in memory asks for it",
            unit=file.name,
        )
        return _verdict(host, file.name, "ok", INACTIVE, message, file=file)
    message = text(
        "{unit} is not enabled ({state}) and not loaded: nothing asks for it",
        unit=file.name,
        state=file.state,
    )
    component = DISABLED if file.state == "disabled" else INACTIVE
    return _verdict(host, file.name, "ok", component, message, file=file)


def _never_instantiated(host: HostContext, units: Units, name: str, template: UnitFile) -> Verdict:
    if not units.complete:
        message = text("whether {unit} runs was not seen", unit=name)
        gap = (not_in_sample(units),)
        return _verdict(host, name, "unknown", INACTIVE, message, file=template, missing=gap)
    message = text(
        "{unit} does not run although its application expects it: {template} is on disk, and "
        "nothing has started that instance since boot, or it was stopped and forgotten",
        unit=name,
        template=template.name,
    )
    return _verdict(host, name, "down", INACTIVE, message, file=template, severity="P2")


def _not_known(host: HostContext, units: Units, missing: Missing) -> Iterator[Verdict]:
    """Yield unknown for expected services of which neither memory nor disk tells anything."""
    for name in host.profiles.expected_units():
        if name.endswith(".service") and units.get(name) is None:
            yield _verdict(
                host,
                name,
                "unknown",
                INACTIVE,
                text("{unit} is not in memory; whether it exists on disk was not seen", unit=name),
                missing=(missing,),
            )


def _verdict(
    host: HostContext,
    name: str,
    status: Status,
    component: Text,
    message: Text,
    *,
    file: UnitFile | None = None,
    severity: Severity | None = None,
    missing: tuple[Missing, ...] = (),
) -> Verdict:
    owner = host.profiles.owner(name)
    return Verdict(
        subject=name,
        status=status,
        running="unknown" if status == "unknown" else "no",
        message=message,
        component=component,
        severity=host.profiles.severity(name, severity) if severity else None,
        application=owner.name if owner else None,
        citations=(file.cite(),) if file else (),
        missing=missing,
    )

"""Probe declarations on the control node: gathered from variables, limited by tags, validated."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from truthmap_collector import declaration

__all__ = [
    "TAGS_OF_ANSIBLE",
    "ProbeError",
    "domains",
    "filled",
    "gather",
    "select",
    "selected_domains",
    "variables",
]

_REFERENCE = re.compile(r"^\{\{ (?P<name>probe_[a-z0-9_]+) \}\}$")
_VARIABLE = re.compile(r"^probe_(?P<domain>.+)_probes$")
TAGS_OF_ANSIBLE = frozenset({"all", "always", "never", "tagged", "untagged"})

Probe = dict[str, Any]


class ProbeError(Exception):
    """The declared probes are not usable; the text names the probe and the mistake."""


def variables(names: Iterable[str]) -> dict[str, str]:
    """Find the variables that declare probes: domain to variable name, sorted by domain."""
    found = ((_VARIABLE.match(name), name) for name in names)
    return dict(sorted((match["domain"], name) for match, name in found if match))


def gather(declared: Mapping[str, Any]) -> dict[str, list[Probe]]:
    """Validate all probe lists (domain to list) together.

    Returns domain to its declarations. Raises ProbeError that names every mistake: no list, a
    declaration that is not valid, an id used twice, a `from.probe` nobody declares, a circle.
    """
    for domain, found in sorted(declared.items()):
        if not isinstance(found, list):
            raise ProbeError(f"probe_{domain}_probes is no list of probes")
    errors = declaration.validate(
        [probe for _, found in sorted(declared.items()) for probe in found]
    )
    if errors:
        names = ", ".join(f"probe_{domain}_probes" for domain in sorted(declared))
        raise ProbeError(f"the probes of {names} are not valid: " + "; ".join(errors))
    return {domain: list(found) for domain, found in sorted(declared.items())}


def filled(declared: Any, variables: Mapping[str, Any]) -> Any:
    """Return declarations with `"{{ name }}"` replaced by that variable, without Ansible.

    For a role's own defaults, which say nothing more difficult.
    """
    if isinstance(declared, str):
        found = _REFERENCE.match(declared)
        return variables.get(found["name"], declared) if found else declared
    if isinstance(declared, list):
        return [filled(item, variables) for item in declared]
    if isinstance(declared, dict):
        return {key: filled(item, variables) for key, item in declared.items()}
    return declared


def domains(names: Iterable[str]) -> list[str]:
    """Name the domains that declare probes among these variable names."""
    return list(variables(names))


def selected_domains(
    domains: Collection[str], run_tags: Collection[str], skip_tags: Collection[str] = ()
) -> list[str]:
    """Choose domains by Ansible's --tags and --skip-tags; all, if no tag names a domain."""
    wanted = set(run_tags) - TAGS_OF_ANSIBLE
    named = wanted & set(domains)
    if "all" in run_tags or not named:
        named = set(domains)
    return sorted(named - set(skip_tags))


def select(gathered: Mapping[str, list[Probe]], chosen: Collection[str]) -> list[Probe]:
    """List the probes of the chosen domains, and those of other domains they derive from."""
    by_id = {probe["id"]: probe for probes in gathered.values() for probe in probes}
    wanted = [probe["id"] for domain in chosen for probe in gathered[domain]]
    needed = set()
    while wanted:
        probe_id = wanted.pop()
        if probe_id not in needed:
            needed.add(probe_id)
            wanted += _parents(by_id[probe_id])
    return [probe for probe_id, probe in by_id.items() if probe_id in needed]


def _parents(probe: Probe) -> list[str]:
    source = probe.get("from")
    return [source["probe"]] if source else []

"""Finds the parsers and rules: whatever the modules of three packages declare.

Adding a domain adds a module; no list is edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TypeVar

from reporter import fleet as fleet_package
from reporter import parsers as parser_package
from reporter import rules as rule_package
from reporter.engine import Rule
from reporter.facts import Parser
from reporter.fleet.engine import FleetRule

__all__ = ["fleet_rules", "parsers", "rules"]

T = TypeVar("T")


@cache
def parsers() -> dict[str, Parser]:
    """Return every declared parser by the name of its fact."""
    found: dict[str, Parser] = {}
    for parser in _declared(parser_package, Parser):
        if parser.name in found:
            raise TypeError(f"two parsers for the fact {parser.name}")
        found[parser.name] = parser
    return found


@cache
def rules() -> tuple[Rule, ...]:
    """Return every declared rule, ordered by id; its facts are known to exist."""
    found: dict[str, Rule] = {}
    known = parsers()
    for declared in _declared(rule_package, Rule):
        if declared.id in found:
            raise TypeError(f"two rules with the id {declared.id}")
        for name in declared.facts:
            if name not in known:
                raise TypeError(f"rule {declared.id} asks for the fact {name}: no parser gives it")
        found[declared.id] = declared
    return tuple(found[key] for key in sorted(found))


@cache
def fleet_rules() -> tuple[FleetRule, ...]:
    """Return every declared rule of the fleet, ordered by id."""
    known = {declared.id for declared in rules()}
    found: dict[str, FleetRule] = {}
    for declared in _declared(fleet_package, FleetRule):
        if declared.id in known or found.setdefault(declared.id, declared) is not declared:
            raise TypeError(f"two rules with the id {declared.id}")
    return tuple(found[key] for key in sorted(found))


def _declared(package: ModuleType, kind: type[T]) -> Iterator[T]:
    for module in pkgutil.iter_modules(package.__path__):
        names = vars(importlib.import_module(f"{package.__name__}.{module.name}"))
        yield from (value for _, value in sorted(names.items()) if isinstance(value, kind))

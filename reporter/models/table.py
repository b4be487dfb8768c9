"""The table of models of one host: folders, families, files, and what units say they loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

from reporter.engine import HostContext
from reporter.facts import FactStore
from reporter.models.inventory import Inventory, inventory_of
from reporter.models.loads import UnitLoads, loads_of

__all__ = ["ModelTable", "model_table"]

_NOTHING = Inventory(named=(), found=(), models=(), gaps=(), asked=False)


@dataclass(frozen=True)
class ModelTable:
    """What is known of a host's models; `now` is the time of collection, epoch seconds."""

    inventory: Inventory = _NOTHING
    loads: tuple[UnitLoads, ...] = field(default=())
    now: float = 0.0

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.inventory.models and not self.loads


def model_table(host: HostContext, facts: FactStore) -> ModelTable:
    """Return the table out of a host's facts."""
    inventory = inventory_of(
        host.profiles, facts.get("model_folders"), facts.get("model_folders_found")
    )
    loads = loads_of(host.profiles, inventory, facts.get("journal_counts"), facts.get("units"))
    return ModelTable(inventory, tuple(loads), host.collected_at)

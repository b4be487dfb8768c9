"""What the dataflow is found in: the facts of one host, as far as they are there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from reporter.dataflow.code import NO_CODE, Code
from reporter.dataflow.surveys import Surveys
from reporter.dataflow.unit_names import UnitNames, prefixes_of
from reporter.engine import HostContext
from reporter.facts import Each
from reporter.findings import Missing
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.sockets_open import Sockets
from reporter.parsers.sockets_processes import Processes
from reporter.parsers.systemd_unit_files import UnitFiles
from reporter.parsers.systemd_units import Unit, Units
from reporter.rules.redis_view import servers

__all__ = ["NOT_ASKED", "Observed", "surveys_of"]

NOT_ASKED = Missing("", text("not looked at"))

_OPERATORS = ("redis_named", "redis_remote")


def surveys_of(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Surveys:
    """Join what the probes brought of the host's servers."""
    found = servers(redis_listeners, redis_servers, redis_named, redis_remote)
    gaps = [
        *_gaps_of_listeners(redis_listeners, redis_servers),
        *_gaps_of_named(host, (redis_named, redis_remote)),
        *(server.missing for server in found if server.missing),
        *(
            Missing(survey.record, _incomplete(survey))
            for survey in (server.survey for server in found)
            if survey is not None and not survey.complete
        ),
    ]
    return Surveys(found, tuple(dict.fromkeys(gaps)))


def _gaps_of_listeners(
    listeners: RedisListeners | Missing, surveyed: Each[Survey] | Missing
) -> Iterator[Missing]:
    if isinstance(listeners, Missing):
        yield listeners
    elif not listeners.complete:
        yield Missing(
            listeners.record, text("not every listener was read, so some servers are not known")
        )
    if isinstance(surveyed, Missing):
        yield surveyed
    elif surveyed.shortfall is not None:
        yield surveyed.shortfall


def _gaps_of_named(
    host: HostContext, facts: tuple[Each[Survey] | Missing, ...]
) -> Iterator[Missing]:
    """Yield what is missing of the servers an operator named, where any was named."""
    asked = {str(probe.get("id")) for probe in host.bundle.probes}
    for name, fact in zip(_OPERATORS, facts, strict=True):
        if isinstance(fact, Missing):
            if name in asked:
                yield fact
        elif fact.shortfall is not None:
            yield fact.shortfall


def _incomplete(survey: Survey) -> Text:
    if survey.stopped is not None:
        return text("its survey did not reach its end: {why}", why=survey.stopped)
    stopped = next((db for db in survey.databases if not db.scan_complete), None)
    if stopped is None or stopped.stopped is None:
        return text("not every database was scanned")
    return text(
        "database {number} was not scanned to its end: {why}",
        number=stopped.number,
        why=stopped.stopped,
    )


@dataclass(frozen=True)
class Observed:
    """The facts; one that is not there says why."""

    host: HostContext
    surveys: Surveys
    sockets: Sockets | Missing = NOT_ASKED
    processes: Processes | Missing = NOT_ASKED
    units: Units | Missing = NOT_ASKED
    unit_files: UnitFiles | Missing = NOT_ASKED
    code: Code = NO_CODE

    @cached_property
    def names(self) -> UnitNames:
        """The names of the host's services, in memory or on disk, as far as they are known."""
        return UnitNames(self._services, self.prefixes)

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """The words with which the application's units begin."""
        return prefixes_of(self._services, self.host.profiles)

    def unit(self, name: str) -> Unit | None:
        """Return the unit of that name, None if it is not in memory or not known."""
        return None if isinstance(self.units, Missing) else self.units.get(name)

    @cached_property
    def _services(self) -> tuple[str, ...]:
        found = set()
        if not isinstance(self.units, Missing):
            loaded = self.units.of("service")
            found |= {one.name for one in loaded if one.load_state in {"loaded", "masked"}}
        if not isinstance(self.unit_files, Missing):
            services = (one for one in self.unit_files if one.name.endswith(".service"))
            found |= {one.name for one in services if not one.template and one.state != "alias"}
        return tuple(sorted(found))

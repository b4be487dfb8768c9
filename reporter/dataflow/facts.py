"""The dataflow out of a host's facts, for what is no rule."""

from __future__ import annotations

from reporter.dataflow.code import code_of
from reporter.dataflow.flow import Flow
from reporter.dataflow.observed import Observed, surveys_of
from reporter.engine import HostContext
from reporter.facts import FactStore

__all__ = ["observed_flow"]


def observed_flow(host: HostContext, facts: FactStore) -> Flow:
    """Return the dataflow of the host."""
    surveys = surveys_of(
        host,
        facts.get("redis_listeners"),
        facts.get("redis_servers"),
        facts.get("redis_named"),
        facts.get("redis_remote"),
    )
    return Flow(
        Observed(
            host=host,
            surveys=surveys,
            sockets=facts.get("sockets"),
            processes=facts.get("socket_processes"),
            units=facts.get("units"),
            unit_files=facts.get("unit_files"),
            code=code_of(
                host,
                facts.get("source_scan"),
                facts.get("units"),
                facts.get("unit_env_files"),
                facts.get("env_files"),
            ),
        )
    )

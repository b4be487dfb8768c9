"""The state of a host, out of its facts."""

from __future__ import annotations

from reporter.dataflow.flow import Flow
from reporter.engine import HostContext
from reporter.facts import FactStore
from reporter.models.table import ModelTable
from reporter.state.files import checkouts, cron_entries, drop_ins, env_files, models
from reporter.state.model import HostState
from reporter.state.network import containers, listeners, sites
from reporter.state.redis import servers, streams
from reporter.state.system import file_systems, host_itself
from reporter.state.units import units

__all__ = ["state_of"]


def state_of(
    context: HostContext, facts: FactStore, flow: Flow, model_table: ModelTable
) -> HostState:
    """Return what is there on the host, as far as its evidence shows it."""
    profiles = context.profiles
    loaded = facts.get("units")
    env_use = facts.get("unit_env_files")
    return HostState.of_parts(
        (
            host_itself(
                facts.get("os_release"),
                facts.get("kernel"),
                facts.get("cpus"),
                facts.get("virtualization"),
                facts.get("systemd_version"),
                loaded,
            ),
            file_systems(facts.get("filesystems")),
            units(loaded, facts.get("unit_files"), facts.get("timers"), env_use, profiles),
            drop_ins(facts.get("drop_ins"), loaded, profiles),
            listeners(context, facts.get("sockets"), facts.get("socket_processes")),
            checkouts(facts.get("checkouts"), loaded, profiles),
            env_files(
                facts.get("env_files"),
                facts.get("declared_env_files"),
                env_use,
                profiles,
                context.bundle.fingerprint_key_id,
            ),
            models(model_table, profiles),
            cron_entries(facts.get("cron")),
            containers(facts.get("containers")),
            *(sites(facts.get(name)) for name in ("nginx", "caddy", "haproxy")),
            servers(flow),
            streams(flow),
        )
    )

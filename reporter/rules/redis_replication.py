"""Rule on replication: replicas that lost their primary, primaries whose replicas lag."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.rules.redis_view import ASKED, FOUND, SERVER, Fault, answered, view_of
from reporter.rules.times import span

__all__ = ["redis_replication"]

BROKEN_S = 60
"""A link that was lost for no longer may be about to come back: repl-timeout is 60 s."""

LAG_S = 10
"""min-replicas-max-lag's default: the age of the last word from a replica that counts as good."""

_REPLICA = re.compile(r"slave\d{1,6}")
_PRIMARY = re.compile(r"master\d{1,6}")
_MASTERDOWN = "MASTERDOWN"


@rule(
    section="redis",
    component=SERVER,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P1",
    if_ignored=text("a failover loses what the replica does not have"),
)
def redis_replication(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Whether a Redis replica follows its primary, and a primary's replicas follow it.

    Means, each that holds:

        a replica whose link is down and which answers no reads (MASTERDOWN)    P1
        a replica whose link has been down for a minute or more                 P2
        a replica whose link is down for less, or that copies its primary       P3
        (a link that was never up is down since the replica's start)
        a primary with a replica last heard of more than 10 s ago               P2
        a primary with a replica that still copies                              P3
        a Sentinel that holds a primary for down                                P1

    Why: a replica without its primary serves what was true once, and is no reserve.

    Evidence: INFO's section Replication (and Sentinel), and commands refused with MASTERDOWN.

    Limits: a primary does not say how many replicas it had before: one that is gone altogether
    leaves no trace there. Redis Cluster's own state is not in INFO.

    Source: Redis documentation of INFO and of replication; redis.conf repl-timeout,
    replica-serve-stale-data, min-replicas-max-lag.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server, survey in answered(view, text("whether its replication works is not known")):
        if isinstance(survey, Verdict):
            yield survey
            continue
        sentinel = survey.info.get("redis_mode") == "sentinel"
        if not sentinel and survey.info.get("role") not in {"master", "slave"}:
            gap = Missing(survey.record, text("its INFO does not name its role"))
            yield view.unknown(server, text("whether its replication works is not known"), gap)
            continue
        fields = [name for name in survey.info if _REPLICA.fullmatch(name)]
        fields += [name for name in survey.info if _PRIMARY.fullmatch(name)]
        yield view.judged(
            server,
            _sentinel(survey) if sentinel else _faults(survey),
            _state(survey),
            details=_details(survey),
            citations=(survey.cite_info(*_FIELDS, *fields),),
        )


_FIELDS = (
    "role",
    "master_host",
    "master_port",
    "master_link_status",
    "master_link_down_since_seconds",
    "master_sync_in_progress",
    "connected_slaves",
    "sentinel_masters",
)


def _faults(survey: Survey) -> Iterator[Fault]:
    if survey.info.get("role") == "slave":
        yield from _replica(survey)
    for name, values in _listed(survey, _REPLICA):
        lag = values.get("lag", "")
        if values.get("state") != "online":
            yield Fault("P3", text("its replica {replica} still copies", replica=_place(values)))
        elif lag.isdecimal() and int(lag[:9]) > LAG_S:
            yield Fault(
                "P2",
                text(
                    "its replica {replica} was last heard of {lag} ago ({name})",
                    replica=_place(values),
                    lag=span(int(lag[:9])),
                    name=name,
                ),
            )


def _replica(survey: Survey) -> Iterator[Fault]:
    if survey.info.get("master_link_status") == "up":
        return
    primary = _primary(survey)
    down = survey.number("master_link_down_since_seconds")
    since = text("{time}", time=span(down)) if down is not None and down >= 0 else text("never up")
    if _refuses_reads(survey):
        yield Fault(
            "P1",
            text("a replica that lost its primary {primary} and answers no reads", primary=primary),
        )
    elif survey.info.get("master_sync_in_progress") == "1":
        yield Fault("P3", text("a replica that copies its primary {primary}", primary=primary))
    else:
        without = survey.number("uptime_in_seconds") if down is None or down < 0 else down
        lost = without is None or without >= BROKEN_S
        yield Fault(
            "P2" if lost else "P3",
            text(
                "a replica whose link to its primary {primary} is down ({since}): what it holds "
                "grows old",
                primary=primary,
                since=since,
            ),
        )


def _refuses_reads(survey: Survey) -> bool:
    refused = [*survey.refused, *(one for stream in survey.streams for one in stream.refused)]
    return _MASTERDOWN in str(survey.stopped or "") or any(
        one.code == _MASTERDOWN for one in refused
    )


def _sentinel(survey: Survey) -> Iterator[Fault]:
    for _, values in _listed(survey, _PRIMARY):
        if values.get("status") != "ok":
            yield Fault(
                "P1",
                text(
                    "it holds the primary {name} at {address} for down ({status})",
                    name=values.get("name", "?"),
                    address=values.get("address", "?"),
                    status=values.get("status", "?"),
                ),
            )


def _state(survey: Survey) -> Text:
    if survey.info.get("redis_mode") == "sentinel":
        return text("every primary it watches is up")
    if survey.info.get("role") == "slave":
        return text("a replica that follows {primary}", primary=_primary(survey))
    replicas = survey.number("connected_slaves")
    if not replicas:
        return text("a primary without replicas")
    return text("a primary whose replicas follow it: {count}", count=replicas)


def _details(survey: Survey) -> Iterator[Text]:
    state = survey.info.get("master_failover_state", "no-failover")
    if state != "no-failover":
        yield text("a failover is under way: {state}", state=state)
    if survey.info.get("cluster_enabled") == "1":
        yield text("it is part of a Redis Cluster, whose state INFO does not show")


def _primary(survey: Survey) -> str:
    return f"{survey.info.get('master_host', '?')}:{survey.info.get('master_port', '?')}"


def _listed(survey: Survey, names: re.Pattern[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Read INFO's lists: `slave0:ip=10.0.0.2,port=6379,state=online,offset=14,lag=1`."""
    for name, value in survey.info.items():
        if names.fullmatch(name) and "=" in value:
            pairs = (word.partition("=") for word in value.split(","))
            yield name, {key: said for key, _, said in pairs}


def _place(values: dict[str, str]) -> str:
    return f"{values.get('ip', '?')}:{values.get('port', '?')}"

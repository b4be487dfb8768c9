"""Rule on a Redis server's memory: its limit, what it evicts, how much is wasted."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Severity, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.rules.host_figures import size
from reporter.rules.redis_view import ASKED, FOUND, SERVER, Fault, answered, view_of

__all__ = ["redis_memory"]

FULL = 0.99
NEAR = 0.90
"""Shares of maxmemory; Redis itself refuses at 100 %, and the next entry may be large."""

OF_HOST: tuple[tuple[float, Severity], ...] = ((0.90, "P2"), (0.75, "P3"))
"""Shares of the host's memory that a server without a smaller limit has taken."""

FRAGMENTED = 1.5
FRAGMENTED_BYTES = 256 * 1024**2
"""Redis's own guide calls 1.5 high; below this size the ratio says nothing."""

SWAPPED = 0.8
SWAPPED_BYTES = 64 * 1024**2

_FIELDS = (
    "used_memory",
    "used_memory_rss",
    "total_system_memory",
    "maxmemory",
    "maxmemory_policy",
    "mem_fragmentation_ratio",
    "mem_fragmentation_bytes",
    "evicted_keys",
    "errorstat_OOM",
)


@rule(
    section="redis",
    component=SERVER,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P1",
    if_ignored=text("writes fail, or data is thrown away"),
)
def redis_memory(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Whether a Redis server has the memory it needs, and what it does when it has not.

    Means, each that holds:

        99 % of maxmemory or more, and nothing it may evict      P1: it refuses writes, or will
        90 % of maxmemory or more, nothing it may evict, and     P1
        it has refused writes since its start (OOM)
        90 % of maxmemory or more, and nothing it may evict      P2
        it evicts any key (allkeys-*), has done so, and holds    P2: whole streams may go
        streams
        it has 90 % of the host's memory, and no limit below     P2
        it has 75 % of the host's memory, and no limit below     P3
        fragmentation of 1.5 or more, and of 256 MiB or more     P3
        less than 80 % of what it uses is in memory, of 64 MiB   P3: the rest was swapped out
        or more

    Nothing it may evict: the policy is noeviction, or volatile-* while no key expires. Eviction
    without streams is what a cache is for, and ok. No limit at all is said, and is a fault only
    with the host's memory taken.

    Why: a full server refuses every XADD with OOM, or throws away what nobody has read yet.

    Evidence: INFO's section Memory, evicted_keys of its section Stats at the survey's beginning
    and end, errorstat_OOM (6.2 and later).

    Limits: evicted_keys counts since the start or CONFIG RESETSTAT. The host's memory is the
    kernel's: the limit of a container or of the unit (MemoryMax=) is not seen here. A replica by
    default leaves evicting to its primary, so its own limit is not held against it.

    Source: Redis documentation of INFO, of key eviction and of memory optimisation; redis.conf
    maxmemory, maxmemory-policy, replica-ignore-maxmemory.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server, survey in answered(view, text("its use of memory is not known")):
        if isinstance(survey, Verdict):
            yield survey
        elif survey.number("used_memory") is None or survey.number("maxmemory") is None:
            if survey.info.get("redis_mode") != "sentinel":
                gap = Missing(survey.record, text("its INFO does not say"))
                yield view.unknown(server, text("its use of memory is not known"), gap)
        else:
            yield view.judged(
                server,
                _faults(survey),
                _state(survey),
                details=_details(survey),
                citations=(survey.cite_info(*_FIELDS),),
            )


def _faults(survey: Survey) -> Iterator[Fault]:
    yield from _limit(survey)
    yield from _evicting(survey)
    yield from _of_host(survey)
    yield from _wasted(survey)


def _limit(survey: Survey) -> Iterator[Fault]:
    share = _share(survey)
    if share is None or share < NEAR or _evicts(survey) or survey.info.get("role") == "slave":
        return
    refused = survey.errors("OOM") or 0
    yield Fault(
        "P1" if refused or share >= FULL else "P2",
        text(
            "{percent} % of its limit of {limit} is used, it may evict nothing ({policy}), and has "
            "refused writes: {refused}"
            if refused
            else "{percent} % of its limit of {limit} is used, and it may evict nothing "
            "({policy}): at 100 % it refuses writes",
            refused=refused,
            percent=int(100 * share),
            limit=size(survey.number("maxmemory") or 0),
            policy=_policy(survey),
        ),
    )


def _evicting(survey: Survey) -> Iterator[Fault]:
    evicted = survey.later("evicted_keys") or survey.number("evicted_keys")
    if evicted and survey.streams and _policy(survey).startswith("allkeys"):
        grown = evicted - (survey.number("evicted_keys") or 0)
        yield Fault(
            "P2",
            text(
                "it evicts any key when full ({policy}), whole streams too: {evicted} keys since "
                "its start, {grown} of them during the survey",
                policy=_policy(survey),
                evicted=evicted,
                grown=grown,
            ),
        )


def _of_host(survey: Survey) -> Iterator[Fault]:
    rss, total = survey.number("used_memory_rss"), survey.number("total_system_memory")
    limit = survey.number("maxmemory") or 0
    if not rss or not total or 0 < limit < OF_HOST[-1][0] * total:
        return
    severity = next((found for share, found in OF_HOST if rss >= share * total), None)
    if severity:
        yield Fault(
            severity,
            text(
                "it has {percent} % of the host's {total}, and no limit below that",
                percent=100 * rss // total,
                total=size(total),
            ),
        )


def _wasted(survey: Survey) -> Iterator[Fault]:
    used, rss = survey.number("used_memory") or 0, survey.number("used_memory_rss") or 0
    ratio, wasted = _ratio(survey), survey.number("mem_fragmentation_bytes") or 0
    if ratio is not None and ratio >= FRAGMENTED and wasted >= FRAGMENTED_BYTES:
        yield Fault(
            "P3",
            text(
                "fragmentation {ratio}: {wasted} are taken and not used",
                ratio=ratio,
                wasted=size(wasted),
            ),
        )
    if rss and used >= SWAPPED_BYTES and rss < SWAPPED * used:
        yield Fault(
            "P3",
            text(
                "only {rss} of the {used} it uses are in memory: the rest was swapped out",
                rss=size(rss),
                used=size(used),
            ),
        )


def _state(survey: Survey) -> Text:
    used, limit = survey.number("used_memory") or 0, survey.number("maxmemory")
    share = _share(survey)
    if share is None:
        return text("{used} used, no limit", used=size(used))
    return text(
        "{used} used, {percent} % of its limit of {limit}, then {policy}",
        used=size(used),
        percent=int(100 * share),
        limit=size(limit or 0),
        policy=_policy(survey),
    )


def _details(survey: Survey) -> Iterator[Text]:
    evicted = survey.later("evicted_keys") or survey.number("evicted_keys")
    if survey.errors("OOM"):
        yield text(
            "writes refused for want of memory since its start: {count}",
            count=survey.errors("OOM") or 0,
        )
    if evicted:
        yield text("keys evicted since its start: {count}", count=evicted)
    if not survey.number("maxmemory"):
        yield text("without a limit it may take all of the host's memory")
    if survey.info.get("role") == "slave":
        yield text("a replica by default ignores its limit and leaves evicting to its primary")


def _share(survey: Survey) -> float | None:
    """Return how much of the limit is used, as Redis counts it; None without a limit."""
    limit = survey.number("maxmemory")
    if not limit:
        return None
    used = (survey.number("used_memory") or 0) - (survey.number("mem_not_counted_for_evict") or 0)
    return max(0, used) / limit


def _policy(survey: Survey) -> str:
    return survey.info.get("maxmemory_policy", "?")


def _evicts(survey: Survey) -> bool:
    policy = _policy(survey)
    if policy.startswith("volatile"):
        return any(db.expires for db in survey.databases)
    return policy.startswith("allkeys")


def _ratio(survey: Survey) -> float | None:
    try:
        return float(survey.info.get("mem_fragmentation_ratio", ""))
    except ValueError:
        return None

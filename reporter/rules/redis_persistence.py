"""Rule on whether what a Redis server holds would survive its end."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.rules.redis_view import ASKED, FOUND, SERVER, Fault, answered, view_of
from reporter.rules.times import at, span

__all__ = ["redis_persistence"]

UNSAVED_S = 3600.0
"""Redis 7 saves any change within an hour by default, Redis 6 within 15 minutes."""

_START_S = 5.0
"""rdb_last_save_time is set at the start, which uptime_in_seconds gives to a second or two."""

_FIELDS = (
    "rdb_last_bgsave_status",
    "rdb_last_save_time",
    "rdb_changes_since_last_save",
    "rdb_bgsave_in_progress",
    "aof_enabled",
    "aof_last_write_status",
    "aof_last_bgrewrite_status",
    "uptime_in_seconds",
    "errorstat_MISCONF",
)


@rule(
    section="redis",
    component=SERVER,
    needs=(),
    uses=FOUND,
    if_asked=ASKED,
    worst="P1",
    if_ignored=text("a restart loses what came since the last save"),
)
def redis_persistence(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """Whether what a Redis server holds is on disk, or would be lost with it.

    Means, each that holds:

        the last write to the append-only file failed         P1: the server refuses writes
        the last background save failed, no append-only file  P1: by default the server refuses
                                                              writes until one succeeds
        the last background save failed, append-only file on  P2
        the last rewrite of the append-only file failed       P2: it grows without bound
        changes unsaved for more than an hour, although the   P2: saving has stopped, or the save
        server saved before, no append-only file              points are not reached
        never saved in more than an hour since its start,     P3: it lives in memory alone
        no append-only file, keys that do not expire

    The last may be by choice (a cache, `save ""`): only CONFIG GET would tell, which a survey with
    least privilege does not ask; where all keys expire it is taken for a cache and is ok. Otherwise
    ok, with the time of the last save and what changed since.

    Why: streams that live in memory alone are gone with a restart, and a server that cannot save
    refuses the writes of every producer.

    Evidence: INFO's section Persistence, errorstat_MISCONF (6.2 and later): writes refused because
    saving fails.

    Limits: whether the file can be loaded again, and whether backups are made of it, is not seen. A
    save that a replica's synchronisation caused counts as a save. stop-writes-on-bgsave-error and
    appendfsync are not known without CONFIG.

    Source: Redis documentation of INFO and of persistence; redis.conf save,
    stop-writes-on-bgsave-error, appendonly.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server, survey in answered(view, text("whether it saves what it holds is not known")):
        if isinstance(survey, Verdict):
            yield survey
        elif survey.info.get("redis_mode") == "sentinel":
            continue
        elif survey.number("rdb_last_save_time") is None or "aof_enabled" not in survey.info:
            gap = Missing(survey.record, text("its INFO does not say"))
            yield view.unknown(server, text("whether it saves what it holds is not known"), gap)
        else:
            yield view.judged(
                server,
                _faults(survey),
                _state(survey),
                details=_details(survey),
                citations=(survey.cite_info(*_FIELDS),),
            )


def _faults(survey: Survey) -> Iterator[Fault]:
    aof = _aof(survey)
    if _failed(survey, "aof_last_write_status") and aof:
        yield Fault(
            "P1", text("the last write to its append-only file failed, so it refuses writes")
        )
    if _failed(survey, "rdb_last_bgsave_status"):
        since = text("the last save that succeeded: {at}", at=_last_save(survey))
        yield Fault(
            "P2" if aof else "P1",
            text(
                "the last background save failed; the append-only file is written; {since}"
                if aof
                else "the last background save failed, and by default it refuses writes until one "
                "succeeds; {since}",
                since=since,
            ),
        )
    if _failed(survey, "aof_last_bgrewrite_status") and aof:
        yield Fault("P2", text("the last rewrite of its append-only file failed, so it only grows"))
    yield from _unsaved(survey)


def _unsaved(survey: Survey) -> Iterator[Fault]:
    changes = survey.number("rdb_changes_since_last_save")
    age, up = _age(survey), survey.number("uptime_in_seconds")
    if _aof(survey) or not changes or age <= UNSAVED_S or up is None:
        return
    if _failed(survey, "rdb_last_bgsave_status") or _saving(survey):
        return
    if _saved_since_start(survey, age, up):
        yield Fault(
            "P2",
            text(
                "not saved for {age}, changes since: {changes}, and no append-only file",
                age=span(age),
                changes=changes,
            ),
        )
    elif any(db.keys > db.expires for db in survey.databases):
        yield Fault(
            "P3",
            text(
                "never saved in the {up} since its start, changes since: {changes}, and no "
                "append-only file: a restart loses them; by choice or not, only CONFIG tells",
                up=span(up),
                changes=changes,
            ),
        )


def _saved_since_start(survey: Survey, age: float, up: int) -> bool:
    saves = survey.number("rdb_saves")  # since 7.0
    return bool(saves) if saves is not None else age < up - _START_S


def _state(survey: Survey) -> Text:
    age, up = _age(survey), survey.number("uptime_in_seconds")
    changes = survey.number("rdb_changes_since_last_save")
    values = {
        "aof": text("append-only file on") if _aof(survey) else text("no append-only file"),
        "changes": "?" if changes is None else changes,
        "at": _last_save(survey),
    }
    if up is not None and not _saved_since_start(survey, age, up):
        return text("not saved since its start at {at}, changes since: {changes}, {aof}", **values)
    return text("last saved {at}, changes since: {changes}, {aof}", **values)


def _details(survey: Survey) -> Iterator[Text]:
    if _saving(survey):
        yield text("a background save is under way")
    if survey.info.get("aof_rewrite_in_progress") == "1":
        yield text("a rewrite of the append-only file is under way")
    if survey.errors("MISCONF"):
        yield text(
            "writes refused because saving failed, since its start: {count}",
            count=survey.errors("MISCONF") or 0,
        )
    if survey.info.get("role") == "slave":
        yield text("it is a replica: its primary may save all the same")


def _aof(survey: Survey) -> bool:
    return survey.info.get("aof_enabled") == "1"


def _saving(survey: Survey) -> bool:
    return survey.info.get("rdb_bgsave_in_progress") == "1"


def _failed(survey: Survey, field: str) -> bool:
    return survey.info.get(field, "ok") != "ok"


def _age(survey: Survey) -> float:
    """Return how long ago the last save was: both times are the server's host's own clock."""
    return max(0.0, _now(survey) - (survey.number("rdb_last_save_time") or 0))


def _now(survey: Survey) -> float:
    told = survey.number("server_time_usec")  # since 7.0
    return survey.asked_at if told is None else told / 1e6


def _last_save(survey: Survey) -> str:
    return at(survey.number("rdb_last_save_time") or 0)

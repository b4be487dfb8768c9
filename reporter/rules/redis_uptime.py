"""Rule on Redis servers that restarted while their host did not."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Value, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Survey
from reporter.parsers.systemd_units import Units
from reporter.rules.redis_view import ASKED, FOUND, SERVER, Server, View, answered, view_of
from reporter.rules.times import at, span

__all__ = ["redis_uptime"]

LATELY_S = 86400.0
WITH_BOOT_S = 600.0
"""A server that started within ten minutes of systemd came with the boot."""


@rule(
    section="redis",
    component=SERVER,
    needs=(),
    uses=(*FOUND, "units"),
    if_asked=ASKED,
    worst="P3",
    if_ignored=text("what was not saved before the restart is gone"),
)
def redis_uptime(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
    units: Units | Missing,
) -> Iterator[Verdict]:
    """Whether a Redis server restarted lately while its host did not.

    Means: degraded (P3) where the server has run for less than a day, and systemd started more than
    ten minutes before it; ok where it came with the boot, or has run for longer; unknown where it
    started lately and the host's own start is not known. Of a server asked from the control node
    the uptime is shown and not judged: its host is not seen.

    Why: a restart cuts every client off and loses what was not saved; when nobody meant it, it is
    the end of a crash, of a lack of memory, or of an upgrade at a bad hour.

    Evidence: uptime_in_seconds of INFO, systemd_units (the moment systemd started, which in a
    container is the container's own).

    Limits: why it restarted is not in INFO; a deliberate restart looks the same. A server that was
    started late for the first time counts as restarted.

    Source: Redis documentation of INFO; org.freedesktop.systemd1(5) UserspaceTimestamp.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server, survey in answered(view, text("since when it runs is not known")):
        if isinstance(survey, Verdict):
            yield survey
            continue
        up = survey.number("uptime_in_seconds")
        if up is None:
            gap = Missing(survey.record, text("its INFO does not say"))
            yield view.unknown(server, text("since when it runs is not known"), gap)
        else:
            yield _judged(view, server, survey, up, units)


def _start_of(units: Units | Missing) -> tuple[Citation, ...]:
    first = None if isinstance(units, Missing) else units.by_name.get("init.scope")
    return () if first is None else (first.cite("Id", "ActiveEnterTimestamp"),)


def _judged(view: View, server: Server, survey: Survey, up: int, units: Units | Missing) -> Verdict:
    started = survey.asked_at - up
    values: dict[str, Value] = {"server": server.endpoint, "up": span(up), "at": at(started)}
    cited: tuple[Citation, ...] = (survey.cite_info("uptime_in_seconds", "run_id"),)
    runs = text("{server}: up {up}, since {at}", **values)
    if server.remote or up >= LATELY_S:
        return view.verdict(server, "ok", runs, citations=cited)
    began = None if isinstance(units, Missing) else units.booted_at
    if began is None:
        why = text("the moment systemd started is not shown")
        gap = units if isinstance(units, Missing) else Missing(units.record, why)
        return view.verdict(
            server,
            "unknown",
            text(
                "{server}: up {up}, since {at}; whether the host started with it is not known "
                "({reason})",
                reason=gap.reason,
                **values,
            ),
            citations=cited,
            missing=(gap,),
        )
    cited += _start_of(units)
    if started <= began + WITH_BOOT_S:
        return view.verdict(server, "ok", text("{runs}, with the host", runs=runs), citations=cited)
    return view.verdict(
        server,
        "degraded",
        text(
            "{server}: started {at}, {up} ago, while its host has been up for {host}",
            host=span(survey.asked_at - began),
            **values,
        ),
        severity="P3",
        citations=cited,
    )

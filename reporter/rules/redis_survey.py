"""Rule on the survey itself: what it left behind in a Redis server, and what it was refused."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.redis_listeners import RedisListeners
from reporter.parsers.redis_types import Refusal, Survey
from reporter.recorded import recorded
from reporter.rules.redis_view import ASKED, FOUND, SERVER, Server, View, answered, view_of

__all__ = ["redis_survey"]

_COUNTERS = (
    "keyspace_hits",
    "keyspace_misses",
    "expired_keys",
    "total_commands_processed",
    "acl_access_denied_cmd",
    "acl_access_denied_key",
)

_TELLS = {
    "SCAN": text("which streams there are"),
    "SELECT": text("what a database holds"),
    "CLIENT LIST": text("who is connected"),
    "ACL WHOAMI": text("who the survey was to the server"),
    "XINFO STREAM": text("how long streams are, and when something was last added"),
    "XINFO GROUPS": text("which consumer groups streams have"),
    "XINFO CONSUMERS": text("which consumers groups have"),
    "XPENDING": text("since when entries wait for their acknowledgement"),
    "XREVRANGE": text("who claims to have written, and when"),
}
"""What remains unknown without a command's answer."""

_MINOR = ("SLOWLOG LEN", "CLIENT ID", "CLIENT NO-TOUCH", "CLIENT SETNAME")
"""Commands without whose answer nothing of the bus remains unknown."""

_NO_COMMAND = re.compile(r"NOPERM .*'([a-z0-9|._-]+)' command")
_NO_KEY = re.compile(r"NOPERM .*\bkeys?\b")

_VANISHED = "no such key"
_LINES = 20


@rule(section="redis", component=SERVER, needs=(), uses=FOUND, if_asked=ASKED)
def redis_survey(
    host: HostContext,
    redis_listeners: RedisListeners | Missing,
    redis_servers: Each[Survey] | Missing,
    redis_named: Each[Survey] | Missing,
    redis_remote: Each[Survey] | Missing,
) -> Iterator[Verdict]:
    """What looking at a Redis server changed there, and which questions it refused.

    Means: ok with what its counters gained between the survey's first look and its last: keyspace
    hits and misses, keys that expired (SCAN meets them), commands. These are upper bounds: what
    every other client did meanwhile is in them. Commands that were refused give an unknown finding
    that names them, what remains unknown without them and which rights its user lacks, or a mere
    detail where they tell nothing of the bus (SLOWLOG LEN, CLIENT ID, CLIENT NO-TOUCH); each NOPERM
    is an entry in the server's ACL LOG.

    Why: an audit says what it touched; and what was not permitted to be seen is not absent.

    Evidence: INFO at the survey's beginning and end, every refused command.

    Limits: the survey's own connection and commands are in total_connections_received and in the
    statistics of commands; a command that takes more than 10 ms enters the slow log.

    Source: Redis documentation of INFO, SCAN, ACL LOG.
    """
    view = view_of(host, redis_listeners, redis_servers, redis_named, redis_remote)
    for server, survey in answered(view, text("what the survey changed there is not known")):
        if isinstance(survey, Verdict):
            yield survey
            continue
        yield _traces(view, server, survey)
        yield from _refused(view, server, survey)


def _traces(view: View, server: Server, survey: Survey) -> Verdict:
    gained = {name: _gained(survey, name) for name in _COUNTERS}
    if survey.ended_at is None or gained["total_commands_processed"] is None:
        gap = Missing(survey.record, survey.stopped or text("its second INFO does not say"))
        return view.unknown(server, text("what the survey changed there is not known"), gap)
    return view.verdict(
        server,
        "ok",
        text(
            "{server}: looked at for {time}; its counters gained meanwhile, other clients' doing "
            "included: keyspace hits {hits}, misses {misses}, expired keys {expired}, commands "
            "{commands}",
            server=server.endpoint,
            time=f"{survey.ended_at - survey.asked_at:.2f} s",
            hits=_shown(gained["keyspace_hits"]),
            misses=_shown(gained["keyspace_misses"]),
            expired=_shown(gained["expired_keys"]),
            commands=_shown(gained["total_commands_processed"]),
        ),
        details=(*_scans(survey), *_minor(survey)),
        citations=(survey.cite_info(*_COUNTERS),),
    )


def _gained(survey: Survey, name: str) -> int | None:
    first, last = survey.number(name), survey.later(name)
    return None if first is None or last is None or last < first else last - first


def _shown(gained: int | None) -> int | str:
    return "?" if gained is None else gained


def _scans(survey: Survey) -> Iterator[Text]:
    for db in survey.databases:
        if db.scan_calls is not None and db.scan_slowest_ms is not None:
            yield text(
                "db{number}: scanned in {calls} calls, the slowest {slowest} ms",
                number=db.number,
                calls=db.scan_calls,
                slowest=f"{db.scan_slowest_ms:.1f}",
            )


def _minor(survey: Survey) -> Iterator[Text]:
    refused = [one for one in _refusals(survey) if _command(one.command) in _MINOR]
    if refused:
        names = dict.fromkeys(_command(one.command) for one in refused)
        yield text("refused as well: {commands}", commands=", ".join(names))
        yield from _lacking(survey, refused)


def _lacking(survey: Survey, refusals: Iterable[Refusal]) -> Iterator[Text]:
    rights = [right for one in refusals for right in _rights(one)]
    if rights:
        yield text(
            "rights that the user {user} lacks for it: {rights}",
            user=survey.user or text("of the survey"),
            rights=" ".join(dict.fromkeys(rights)),
        )


def _rights(refusal: Refusal) -> Iterator[str]:
    """Yield what ACL SETUSER would have to be told for the command to be answered."""
    command = _NO_COMMAND.match(refusal.error)
    if command:
        yield f"+{command[1]}"
    elif _NO_KEY.match(refusal.error):
        yield "%R~*"


def _refusals(survey: Survey) -> Iterator[Refusal]:
    about = (one for stream in survey.streams for one in stream.refused)
    for one in (*survey.refused, *about):
        if not one.skipped and _VANISHED not in one.error:
            yield one


def _refused(view: View, server: Server, survey: Survey) -> Iterator[Verdict]:
    refusals = [one for one in _refusals(survey) if _command(one.command) not in _MINOR]
    if not refusals:
        return
    names = Counter(_command(one.command) for one in refusals)
    gaps = [Missing(survey.record, _why(name, count, refusals)) for name, count in names.items()]
    denied = sum(one.code == "NOPERM" for one in refusals)
    yield view.verdict(
        server,
        "unknown",
        text(
            "{server}: refused: {commands}; so it is not known {unknown}",
            server=server.endpoint,
            commands=", ".join(names),
            unknown=_joined(_TELLS[name] for name in names if name in _TELLS),
        ),
        about="refused",
        details=(
            *_lacking(survey, refusals),
            *(
                [text("entries in its ACL LOG by these refusals, at most: {n}", n=denied)]
                * (denied > 0)
            ),
        ),
        citations=(survey.cite(*_lines(survey)),),
        missing=gaps,
    )


def _command(command: tuple[str, ...]) -> str:
    """Return a command without its arguments."""
    both = " ".join(command[:2])
    return (
        both
        if both in (*_TELLS, *_MINOR) or command[0] in {"CLIENT", "ACL", "XINFO"}
        else command[0]
    )


def _why(name: str, count: int, refusals: Iterable[Refusal]) -> Text:
    first = next(one for one in refusals if _command(one.command) == name)
    return text(
        "{command}, {count} times: {error}", command=name, count=count, error=recorded(first.error)
    )


def _joined(parts: Iterable[Text]) -> Text:
    found: Text | None = None
    for part in parts:
        found = part if found is None else text("{one}; {other}", one=found, other=part)
    return found or text("what they would have told")


def _lines(survey: Survey) -> list[str]:
    about = (line for stream in survey.streams for line in stream.lines)
    return [line for line in (*survey.lines.values(), *about) if '"error"' in line][:_LINES]

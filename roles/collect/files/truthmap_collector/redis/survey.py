"""The survey of one server: which commands, in which order, under which limits.

It only reads, and asks so that others hardly notice: INFO first, SCAN in steps of about two
milliseconds, few commands at once, and after each a rest as long as the server was busy. It never
asks KEYS, MONITOR or XINFO STREAM FULL. A second pass at the end shows what moved meanwhile.

Sources: https://redis.io/docs/latest/commands/ (scan, xinfo-stream, xinfo-groups, client-list).
"""

import time
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from truthmap_collector.observation import COLLECTED, ERROR, TIMEOUT, Verdict
from truthmap_collector.redis import refusals, replies
from truthmap_collector.redis.conversation import Ask, Conversation, StoppedError, plain
from truthmap_collector.redis.entries import Allowed, reduced
from truthmap_collector.redis.scanning import scan
from truthmap_collector.redis.transport import BrokenError, ErrorReply, Reply, Transport, weight
from truthmap_collector.turn import Turn

__all__ = ["Limits", "survey"]

_AT_ONCE = 8  # streams whose commands go out together
_FIRST_PASS, _SECOND_PASS, _SCAN = 0.75, 0.92, 0.6  # shares of the time, and of a database's
# Streams may stand in a small database beside a large cache. What a database leaves is the others'.
_LEAST_SHARE = 0.5  # of an equal one
_ENTRIES_BYTES = 262144  # of the entries asked for of one stream, by the size of its last one
_USERS_SINCE = [6, 0]
_NO_TOUCH_SINCE = [7, 2]


class Limits(NamedTuple):
    """How much is asked. What is beyond a limit gives a row that says so.

    `entries` of a stream, `streams` of a database, `groups` of a stream whose consumers are
    listed, `consumers` of a group, `clients` of a server; `duty` is the share of time the server
    may be busy for us.
    """

    entries: int = 5
    streams: int = 5000
    groups: int = 100
    consumers: int = 1000
    clients: int = 2000
    duty: float = 0.5

    @classmethod
    def of(cls, args: Dict[str, Any]) -> "Limits":
        """Return the limits of a probe's arguments, ours where it names none."""
        return cls(**{name: args[name] for name in cls._fields if name in args})


class Identity(NamedTuple):
    """Who we are to the server: the user, None for the default one, and if a password let us in.

    `asked` is whether the server would not answer without one.
    """

    user: Optional[str] = None
    authenticated: bool = False
    asked: bool = False


_NOBODY = Identity()


def survey(
    transport: Transport, args: Dict[str, Any], turn: Turn, we: Identity = _NOBODY
) -> Verdict:
    """Ask a server to which we are connected and authenticated; write a row for each reply.

    `args` are those of kind `redis`. The first row says whether a password was asked for and let us
    in: a server that takes anybody is a finding. What was got before the survey had to
    stop stays written.
    """
    limits = Limits.of(args)
    talk = Conversation(transport, turn, limits.duty)
    try:
        _Survey(talk, limits, Allowed.of(args), we).run()
    except StoppedError as stop:
        return stop.verdict
    except BrokenError as broken:
        if broken.outcome == TIMEOUT and not broken.reason:
            return turn.timed_out()
        return Verdict(broken.outcome, "{}, asked {}".format(broken.reason, talk.last))
    return Verdict(COLLECTED)


class _Stream(NamedTuple):
    """A stream that answered: its key, its groups' number, the bytes of its larger entry."""

    key: bytes
    groups: int
    entry_bytes: int


class _Survey:
    """One survey, from INFO to INFO."""

    def __init__(self, talk: Conversation, limits: Limits, allowed: Allowed, we: Identity) -> None:
        self._talk = talk
        self._we = we
        self._limits = limits
        self._allowed = allowed
        self._own: Optional[int] = None
        self._version = [0, 0]
        self._db = 0
        self._met: Dict[int, List[_Stream]] = {}

    def run(self) -> None:
        """Ask everything. Raises BrokenError, StoppedError."""
        info = self._begin()
        self._clients(info, "begin")
        holding = sorted(replies.databases(info).items())
        for place, (db, keys) in enumerate(holding):
            now = time.monotonic()
            rest = [count for _, count in holding[place:]]
            share = max(keys / max(sum(rest), 1), _LEAST_SHARE / len(rest))
            span = (self._talk.until(_FIRST_PASS) - now) * share
            if self._select(db):
                self._database(db, now + span * _SCAN, now + span)
        for db, met in self._met.items():
            if self._select(db):
                self._second_pass(db, met)
        self._clients(info, "end")
        self._talk.say(["INFO"], replies.words, sample="end")

    def _begin(self) -> str:
        we = self._we
        more = {"sample": "begin", "authenticated": we.authenticated, "asked": we.asked}
        (info,) = self._talk.ask([Ask(["INFO"], plain(replies.words), more)])
        if isinstance(info, ErrorReply):
            raise StoppedError(refusals.of_first_command(info, self._we.user))
        if not isinstance(info, bytes):
            raise StoppedError(Verdict(ERROR, "its reply to INFO has not the shape it should have"))
        told = replies.words(info)
        if "\nloading:1" in told:
            raise StoppedError(refusals.final(ErrorReply("LOADING")))
        self._version = replies.version(told) or self._version
        serves = "\nredis_mode:sentinel" not in told  # a sentinel knows few commands
        if serves and self._version >= _USERS_SINCE:
            self._talk.say(["ACL", "WHOAMI"], replies.words)
        self._own = self._talk.say(["CLIENT", "ID"], replies.number)
        if serves and self._version >= _NO_TOUCH_SINCE:
            self._talk.say(["CLIENT", "NO-TOUCH", "on"], replies.words)
        if serves:
            self._talk.say(["SLOWLOG", "LEN"], replies.number)
        return told

    def _clients(self, info: str, sample: str) -> None:
        """List the clients, unless there are so many that listing them would take long."""
        ask = Ask(
            ["CLIENT", "LIST"],
            plain(lambda reply: replies.clients(reply, self._own)),
            {"sample": sample},
        )
        connected = replies.connected(info)
        if connected > self._limits.clients:
            self._talk.skip([ask], "{} clients, limit {}".format(connected, self._limits.clients))
        else:
            self._talk.ask([ask])

    def _select(self, db: int) -> bool:
        """Go to a database; a refusal is a row."""
        if db == self._db:
            return True
        (reply,) = self._talk.raw([["SELECT", str(db)]])
        if isinstance(reply, ErrorReply):
            ask = Ask(["SELECT", str(db)], plain(replies.words), {"db": db})
            self._talk.write(ask, {"error": str(reply)})
            self._talk.check(reply)
            return False
        self._db = db
        return True

    def _database(self, db: int, scan_until: float, until: float) -> None:
        by_type = self._version >= _USERS_SINCE
        keys = scan(self._talk, db, by_type, scan_until, self._limits.streams)
        for asked in _few(keys):
            short = self._talk.short_of(until)
            streams = [_xinfo_stream(key, db, "begin") for key in asked]
            if short:
                self._talk.skip(streams, short)
                continue
            answers = self._talk.ask(streams)
            met = [
                stream
                for key, reply in zip(asked, answers)
                for stream in [_met(key, reply)]
                if stream is not None
            ]
            self._met.setdefault(db, []).extend(met)
            self._details(db, met)

    def _details(self, db: int, met: Sequence[_Stream]) -> None:
        """Ask for a few streams' entries and groups, then for the groups' consumers."""
        together = []
        for stream in met:
            ask = self._xrevrange(stream, db)
            if stream.entry_bytes * self._limits.entries > _ENTRIES_BYTES // _AT_ONCE:
                self._talk.ask([ask])
            else:
                together.append(ask)
        self._talk.ask(together)
        self._groups(db, met, "begin")

    def _groups(self, db: int, met: Sequence[_Stream], sample: str) -> None:
        asked = [stream for stream in met if stream.groups]
        few = [stream for stream in asked if stream.groups <= self._limits.consumers]
        for stream in asked:
            if stream not in few:
                reason = "{} groups, limit {}".format(stream.groups, self._limits.consumers)
                self._talk.skip([_xinfo_groups(stream.key, db, sample)], reason)
        answers = self._talk.ask([_xinfo_groups(stream.key, db, sample) for stream in few])
        if sample == "begin":
            for stream, reply in zip(few, answers):
                for asks in _few(list(self._consumers(stream.key, db, reply))):
                    self._talk.ask(asks)

    def _consumers(self, key: bytes, db: int, reply: Reply) -> Iterator[Ask]:
        """Yield what to ask about a stream's groups; write what is beyond a limit."""
        for place, (name, count) in enumerate(replies.group_sizes(reply)):
            more = {"db": db}
            asks = [
                Ask(["XINFO", "CONSUMERS", key, name], plain(replies.consumers), more),
                Ask(["XPENDING", key, name], plain(replies.pending), more),
            ]
            if place >= self._limits.groups:
                self._talk.skip(asks, "group {}, limit {}".format(place + 1, self._limits.groups))
            elif count > self._limits.consumers:
                reason = "{} consumers, limit {}".format(count, self._limits.consumers)
                self._talk.skip(asks, reason)
            else:
                yield from asks

    def _xrevrange(self, stream: _Stream, db: int) -> Ask:
        """Ask for the newest entries, fewer where the last one is large, never none."""
        fitting = _ENTRIES_BYTES // max(stream.entry_bytes, 1)
        count = max(min(self._limits.entries, fitting), 1)

        def shape(reply: Reply) -> Dict[str, Any]:
            return reduced(reply, self._allowed)

        return Ask(["XREVRANGE", stream.key, "+", "-", "COUNT", str(count)], shape, {"db": db})

    def _second_pass(self, db: int, met: Sequence[_Stream]) -> None:
        until = self._talk.until(_SECOND_PASS)
        for few in _few(met):
            streams = [_xinfo_stream(stream.key, db, "end") for stream in few]
            short = self._talk.short_of(until)
            if short:
                self._talk.skip(streams, short)
                continue
            self._talk.ask(streams)
            self._groups(db, few, "end")


def _xinfo_stream(key: bytes, db: int, sample: str) -> Ask:
    return Ask(["XINFO", "STREAM", key], plain(replies.stream), {"db": db, "sample": sample})


def _xinfo_groups(key: bytes, db: int, sample: str) -> Ask:
    return Ask(["XINFO", "GROUPS", key], plain(replies.groups), {"db": db, "sample": sample})


def _met(key: bytes, reply: Reply) -> Optional[_Stream]:
    """Return a stream that answered; None for an error, or a reply that makes no sense."""
    if isinstance(reply, ErrorReply):
        return None
    try:
        replies.stream(reply)
        told = replies.fields(reply)
    except replies.ShapeError:
        return None
    groups = told.get("groups")
    entries = [weight(told.get(name)) for name in ("first-entry", "last-entry")]
    return _Stream(key, groups if isinstance(groups, int) else 0, max(entries))


def _few(whole: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(whole), _AT_ONCE):
        yield whole[start : start + _AT_ONCE]

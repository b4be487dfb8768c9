"""A server on this host: connecting, logging in, surveying."""

import errno
import socket
import time
from typing import Any, Dict, NamedTuple, Optional

from truthmap_collector.observation import (
    ABSENT,
    DENIED,
    ERROR,
    TIMEOUT,
    Verdict,
    from_os_error,
)
from truthmap_collector.redis import owner, refusals, resp
from truthmap_collector.redis.credentials import Login, login_for
from truthmap_collector.redis.survey import Identity, survey
from truthmap_collector.redis.transport import BrokenError, ErrorReply, Reply, Transport
from truthmap_collector.turn import Turn

__all__ = ["log_in", "look", "surveyed"]

_CONNECT_S = 3.0
_PATIENCE_S = 5.0


def look(args: Dict[str, Any], turn: Turn) -> Verdict:
    """Survey the server at `endpoint`."""
    endpoint = args["endpoint"]
    try:
        where = resp.address(endpoint)
    except ValueError as error:
        return Verdict(ERROR, str(error))
    wait_s = min(_CONNECT_S, turn.deadline - time.monotonic())
    try:
        link = resp.connect(where, max(wait_s, 0.1))
    except socket.timeout:
        return Verdict(TIMEOUT, "{}: no connection within {:g} s".format(endpoint, _CONNECT_S))
    except OSError as error:
        return _not_connected(error, endpoint)
    client = resp.Client(link, turn.deadline, _PATIENCE_S)
    try:
        return surveyed(client, endpoint, args, turn, _login(endpoint, args, turn, link))
    finally:
        client.close()


def _login(endpoint: str, args: Dict[str, Any], turn: Turn, link: socket.socket) -> Login:
    """Return what to say to the server; what is meant for all is for the system's servers."""
    login = login_for(endpoint, turn)
    if login.password is None or login.own or args.get("named"):
        return login
    reason = owner.doubt(link)
    return login if reason is None else Login(withheld=reason)


def surveyed(
    client: Transport, place: str, args: Dict[str, Any], turn: Turn, login: Login
) -> Verdict:
    """Log in and survey over an open connection. `place` is what reasons call the server."""
    try:
        entry = _enter(client, login)
    except BrokenError as broken:
        if broken.outcome == TIMEOUT and not broken.reason:
            return turn.timed_out()
        return Verdict(broken.outcome, "{}: {}".format(place, login.without(broken.reason)))
    if entry.refused is not None:
        reason = login.without(entry.refused.reason or "")
        return entry.refused._replace(reason="{}: {}".format(place, reason))
    user = login.username if entry.authenticated else None
    verdict = survey(client, args, turn, Identity(user, entry.authenticated, entry.asked))
    if verdict.outcome == DENIED and login.withheld:
        reason = refusals.WITHHELD.format(login.withheld)
        return verdict._replace(reason="{}: {}".format(place, reason))
    if verdict.reason is None or verdict == turn.timed_out():
        return verdict
    return verdict._replace(reason="{}: {}".format(place, login.without(verdict.reason)))


def log_in(client: Transport, login: Login) -> Optional[Verdict]:
    """Say who we are, if the server asks; return a verdict if it refuses."""
    refused = _enter(client, login).refused
    return refused and refused._replace(reason=login.without(refused.reason or ""))


class _Entry(NamedTuple):
    """How we got in: whether a password was asked for, and given; a verdict if we did not."""

    asked: bool = False
    authenticated: bool = False
    refused: Optional[Verdict] = None


def _enter(client: Transport, login: Login) -> _Entry:
    """Log in where the server does not answer without it.

    A password goes to no program that has not asked for one: what listens may only call itself a
    server. Where the default user needs none but may not even ask INFO, the named one is needed.
    """
    if login.password is None:
        return _Entry()
    (met,) = client.ask([["INFO", "server"]])
    if not isinstance(met, ErrorReply) or refusals.is_final(met):
        return _Entry()
    asked = refusals.asks_for_password(met)
    if not asked and not (login.username and refusals.lacks_rights(met)):
        return _Entry(refused=refusals.of_first_command(met))
    reply = _say_who(client, login)
    if not isinstance(reply, ErrorReply) or refusals.needs_no_password(reply):
        return _Entry(asked, not isinstance(reply, ErrorReply))
    return _Entry(asked, refused=refusals.of_login(reply, login.username, asked))


def _say_who(client: Transport, login: Login) -> Reply:
    """Return the server's reply to AUTH; before Redis 6 that takes the password alone."""
    user = [login.username] if login.username else []
    (reply,) = client.ask([["AUTH"] + user + [login.password or ""]])
    if user and isinstance(reply, ErrorReply) and refusals.knows_no_users(reply):
        (reply,) = client.ask([["AUTH", login.password or ""]])
    return reply


def _not_connected(error: OSError, endpoint: str) -> Verdict:
    verdict = from_os_error(error, endpoint)
    if error.errno == errno.ECONNREFUSED:
        return verdict._replace(outcome=ABSENT)
    return verdict

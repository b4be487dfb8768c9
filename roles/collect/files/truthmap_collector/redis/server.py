"""A server on this host: connecting, logging in, surveying."""

import errno
import socket
import time
from typing import Any, Dict, Optional

from truthmap_collector.observation import ABSENT, ERROR, TIMEOUT, Verdict, from_os_error
from truthmap_collector.redis import refusals, resp
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
        return surveyed(client, endpoint, args, turn, login_for(endpoint, turn))
    finally:
        client.close()


def surveyed(
    client: Transport, place: str, args: Dict[str, Any], turn: Turn, login: Login
) -> Verdict:
    """Log in and survey over an open connection. `place` is what reasons call the server."""
    try:
        reply = _say_who(client, login)
    except BrokenError as broken:
        if broken.outcome == TIMEOUT and not broken.reason:
            return turn.timed_out()
        return Verdict(broken.outcome, "{}: {}".format(place, login.without(broken.reason)))
    refused = _refusal(reply, login)
    if refused is not None:
        return refused._replace(reason="{}: {}".format(place, refused.reason))
    authenticated = reply is not None and not isinstance(reply, ErrorReply)
    verdict = survey(client, args, turn, Identity(login.username, authenticated))
    if verdict.reason is None or verdict == turn.timed_out():
        return verdict
    return verdict._replace(reason="{}: {}".format(place, login.without(verdict.reason)))


def log_in(client: Transport, login: Login) -> Optional[Verdict]:
    """Say who we are, if there is anything to say; return a verdict if the server refuses.

    A server that has no password is content with any: it is asked without one. Before Redis 6
    there are no users, and AUTH takes the password alone.
    """
    return _refusal(_say_who(client, login), login)


def _say_who(client: Transport, login: Login) -> Reply:
    """Return the server's reply to AUTH; None where there is nothing to say."""
    if login.password is None:
        return None
    user = [login.username] if login.username else []
    (reply,) = client.ask([["AUTH"] + user + [login.password]])
    if user and isinstance(reply, ErrorReply) and refusals.knows_no_users(reply):
        (reply,) = client.ask([["AUTH", login.password]])
    return reply


def _refusal(reply: Reply, login: Login) -> Optional[Verdict]:
    if not isinstance(reply, ErrorReply) or refusals.needs_no_password(reply):
        return None
    return refusals.wrong_password(reply, login.username)


def _not_connected(error: OSError, endpoint: str) -> Verdict:
    verdict = from_os_error(error, endpoint)
    if error.errno == errno.ECONNREFUSED:
        return verdict._replace(outcome=ABSENT)
    return verdict

"""Redis servers asked from the control node: the collector's own survey, connected by redis-py.

redis-py makes the connection (TCP, TLS, unix socket); what is sent and how answers are read is the
same code as on a host, with the same bounds. Nothing is printed or logged.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shlex
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from truthmap_collector.observation import ABSENT, DENIED, ERROR, TIMEOUT, Verdict, refusal
from truthmap_collector.redis import refusals, resp, server
from truthmap_collector.redis.credentials import Login
from truthmap_collector.redis.transport import BrokenError, Command, ErrorReply, Reply, text
from truthmap_collector.turn import Turn

from .redis_endpoints import Endpoint, shown

__all__ = ["Target", "by_hand", "look", "not_found", "targets"]

_CONNECT_S = 5.0
_PATIENCE_S = 10.0
_OLDEST = 5
_INSTALL = (
    "redis-py {what} on the control node: install redis 5.0 or newer for its Python "
    "(pip install 'truthmap[redis]', or add redis to the execution environment)"
)

# Without a handler Python prints a library's warnings to stderr.
logging.getLogger("redis").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Target:
    """One server to survey: where it is, or the verdict that stands in its place."""

    endpoint: Endpoint
    host: str = ""
    port: int = 0
    verdict: Verdict | None = None

    @property
    def place(self) -> str:
        """What errors call it."""
        return self.endpoint.unix or shown(self.host, self.port)


class _NotReachedError(Exception):
    """No connection, or none that is of use; `verdict` says why."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def targets(endpoint: Endpoint, deadline: float) -> dict[str, Target]:
    """Return what to survey by item: NAME, or NAME/host:port for each primary of a cluster.

    Asks the sentinels or the cluster where that is needed, until `deadline` (monotonic seconds). A
    failure is a target with a verdict.
    """
    try:
        if endpoint.sentinel is not None:
            host, port = _primary(endpoint, deadline)
            return {endpoint.name: Target(endpoint, host, port)}
        if endpoint.cluster:
            return {
                f"{endpoint.name}/{shown(host, port)}": Target(endpoint, host, port)
                for host, port in _primaries(endpoint, deadline)
            }
    except _NotReachedError as error:
        return {endpoint.name: Target(endpoint, verdict=error.verdict)}
    return {endpoint.name: Target(endpoint, endpoint.host, endpoint.port)}


def look(args: dict[str, Any], turn: Turn) -> Verdict:
    """Survey the target of the turn's secret whose name is `endpoint`."""
    target: Target = turn.secret[args["endpoint"]]
    if target.verdict is not None:
        return target.verdict
    login = Login(target.endpoint.username or None, target.endpoint.password or None)
    try:
        with _connected(target.endpoint, target.host, target.port, turn.deadline) as link:
            client = resp.Client(link, turn.deadline, _PATIENCE_S)
            return server.surveyed(client, target.place, args, turn, login)
    except _NotReachedError as error:
        return error.verdict


def by_hand(target: Target) -> str:
    """Return the redis-cli that shows the first reply; it names no user and no password."""
    endpoint = target.endpoint
    words = ["redis-cli"]
    tail = ["INFO"]
    if endpoint.unix:
        words += ["-s", endpoint.unix]
    elif endpoint.sentinel is not None and not target.host:
        host, port = endpoint.sentinel.nodes[0]
        words += ["-h", host, "-p", str(port)]
        tail = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", endpoint.sentinel.service]
    else:
        words += ["-h", target.host or endpoint.host, "-p", str(target.port or endpoint.port)]
    if endpoint.tls:
        words.append("--tls")
        words += [] if endpoint.verify else ["--insecure"]
        for option, path in (
            ("cacert", endpoint.ca),
            ("cert", endpoint.cert),
            ("key", endpoint.key),
        ):
            words += [f"--{option}", path] if path else []
    return " ".join(shlex.quote(word) for word in words + tail)


def _primary(endpoint: Endpoint, deadline: float) -> tuple[str, int]:
    """Ask the sentinels one after the other for the service's primary."""
    assert endpoint.sentinel is not None  # noqa: S101 - the caller's condition, for the checker
    sentinel = endpoint.sentinel
    login = Login(sentinel.username or None, sentinel.password or None)
    command = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinel.service]
    failed = []
    for host, port in sentinel.nodes:
        place = shown(host, port)
        try:
            reply = _asked(endpoint, host, port, login, command, deadline)
        except _NotReachedError as error:
            failed.append(error.verdict)
            continue
        if isinstance(reply, list) and len(reply) == 2:
            with contextlib.suppress(ValueError):
                return text(reply[0]), int(reply[1])
        failed.append(Verdict(ABSENT, f"{place}: no service is called {sentinel.service} there"))
    reasons = "; ".join(verdict.reason or "" for verdict in failed)
    outcome = failed[0].outcome if len({verdict.outcome for verdict in failed}) == 1 else ERROR
    raise _NotReachedError(Verdict(outcome, f"no sentinel names a primary: {reasons}"))


def _primaries(endpoint: Endpoint, deadline: float) -> list[tuple[str, int]]:
    """Ask a cluster's node for all primaries, by CLUSTER SLOTS: [from, to, [host, port, ...], ...].

    A node that does not know its own address leaves it empty.
    """
    login = Login(endpoint.username or None, endpoint.password or None)
    place = shown(endpoint.host, endpoint.port)
    reply = _asked(endpoint, endpoint.host, endpoint.port, login, ["CLUSTER", "SLOTS"], deadline)
    try:
        found = {(text(slot[2][0] or b"") or endpoint.host, int(slot[2][1])) for slot in reply}
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        reason = f"{place}: what it says of the cluster's slots cannot be read"
        raise _NotReachedError(Verdict(ERROR, reason)) from error
    if not found:
        raise _NotReachedError(Verdict(ERROR, f"{place}: the cluster serves no slot"))
    return sorted(found)


def _asked(
    endpoint: Endpoint, host: str, port: int, login: Login, command: Command, deadline: float
) -> Reply:
    """Return a node's reply to one command. Raises _NotReachedError for an error reply, too."""
    place = shown(host, port)
    with _connected(endpoint, host, port, deadline) as link:
        client = resp.Client(link, deadline, _PATIENCE_S)
        try:
            refused = server.log_in(client, login)
            if refused is not None:
                raise _NotReachedError(refused._replace(reason=f"{place}: {refused.reason}"))
            (reply,) = client.ask([command])
        except BrokenError as broken:
            reason = login.without(broken.reason) or "no time was left"
            raise _NotReachedError(Verdict(broken.outcome, f"{place}: {reason}")) from broken
    if isinstance(reply, ErrorReply):
        verdict = refusals.of_first_command(reply)
        if verdict.outcome != DENIED:
            name = " ".join(text(word) for word in command[:2])
            verdict = Verdict(ERROR, f"{name} was refused: {login.without(reply)}", free_text=True)
        raise _NotReachedError(verdict._replace(reason=f"{place}: {verdict.reason}"))
    return reply


@contextlib.contextmanager
def _connected(
    endpoint: Endpoint, host: str, port: int, deadline: float
) -> Iterator[socket.socket]:
    """Connect by redis-py and hand over the socket. Raises _NotReachedError."""
    place = endpoint.unix or shown(host, port)
    try:
        import redis  # noqa: PLC0415 - optional, and only needed where a server is asked
    except ImportError as error:
        said = _INSTALL.format(what="is not installed")
        raise _NotReachedError(Verdict(ERROR, said)) from error
    if int(redis.__version__.partition(".")[0]) < _OLDEST:
        said = _INSTALL.format(what=f"is too old ({redis.__version__})")
        raise _NotReachedError(Verdict(ERROR, said))
    for name in ("ca", "cert", "key"):
        path = getattr(endpoint, name)
        if path and not os.access(path, os.R_OK):
            reason = f"{place}: {name}: {path} cannot be read on the control node"
            raise _NotReachedError(Verdict(ERROR, reason))
    wait_s = max(min(_CONNECT_S, deadline - time.monotonic()), 0.1)
    connection = _connection(redis, endpoint, host, port, wait_s)
    try:
        connection.connect()
    except redis.RedisError as error:
        raise _NotReachedError(_verdict(error, endpoint, place, wait_s)) from error
    except (OSError, ValueError) as error:
        raise _NotReachedError(_verdict(error, endpoint, place, wait_s)) from error
    try:
        yield connection._sock
    finally:
        connection.disconnect()


def _connection(redis: Any, endpoint: Endpoint, host: str, port: int, wait_s: float) -> Any:
    """Return redis-py's connection, told to say nothing to the server of its own accord."""
    common: dict[str, Any] = {
        "socket_connect_timeout": wait_s,
        "socket_timeout": wait_s,
        "protocol": 2,
        "redis_connect_func": lambda connection: None,
    }
    if endpoint.unix:
        return redis.UnixDomainSocketConnection(path=endpoint.unix, **common)
    if not endpoint.tls:
        return redis.Connection(host=host, port=port, **common)
    return redis.SSLConnection(
        host=host,
        port=port,
        ssl_cert_reqs="required" if endpoint.verify else "none",
        ssl_check_hostname=endpoint.verify,
        ssl_ca_certs=endpoint.ca or None,
        ssl_certfile=endpoint.cert or None,
        ssl_keyfile=endpoint.key or None,
        **common,
    )


def _verdict(error: BaseException, endpoint: Endpoint, place: str, wait_s: float) -> Verdict:
    """Say why there is no connection, by the system's own error beneath redis-py's."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, (OSError, socket.timeout)):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, socket.timeout) or "Timeout" in type(error).__name__:
        said = "no TLS connection within {:g} s: it may speak none"
        said = said if endpoint.tls else "no connection within {:g} s"
        return Verdict(TIMEOUT, f"{place}: {said.format(wait_s)}")
    if isinstance(cause, ssl.SSLCertVerificationError):
        said = f"its certificate is not accepted ({cause.verify_message})"
        return Verdict(ERROR, f"{place}: {said}: check ca, or set verify: false")
    if isinstance(cause, ssl.SSLError):
        return Verdict(ERROR, f"{place}: no TLS ({cause.reason}): it may speak none")
    if isinstance(cause, socket.gaierror):
        return Verdict(ERROR, f"{place}: the name is not known to the control node")
    if isinstance(cause, OSError):
        absent = (errno.ECONNREFUSED, errno.ENOENT, errno.ENOTDIR)
        denied = (errno.EACCES, errno.EPERM)
        outcome = ABSENT if cause.errno in absent else DENIED if cause.errno in denied else ERROR
        return Verdict(outcome, f"{place}: {refusal(cause)}")
    return Verdict(ERROR, f"{place}: no connection: {error}", free_text=True)


def not_found(endpoint: Endpoint) -> dict[str, Target]:
    """Return the target of an endpoint whose servers could not be found out in time."""
    reason = "the time to find out where its servers are was over"
    return {endpoint.name: Target(endpoint, verdict=Verdict(TIMEOUT, reason))}

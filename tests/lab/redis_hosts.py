"""Hosts whose Redis is reached in a way of its own, all with the same small population.

On each of them `lab-redis` is redis-cli with every right, whatever the server asks for.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .access import Access
from .hosts import LabHost, Recipe
from .populations import SHARED_REDIS, load_population, populate, settings

__all__ = [
    "LEAST_PRIVILEGE",
    "MORE",
    "NARROW_SURVEYOR",
    "SECOND_PORT",
    "SOCKET",
    "SURVEYOR",
    "acl_recipe",
    "load_shared_population",
    "password_recipe",
    "shared_recipe",
    "socket_recipe",
    "tls_recipe",
]

SURVEYOR = "truthmap"
"""ACL user of the host with ACLs: LEAST_PRIVILEGE and MORE, and the lab's Redis password."""

NARROW_SURVEYOR = "truthmap-narrow"
"""The same with LEAST_PRIVILEGE alone: it sees database 0 only, and no slow log."""

LEAST_PRIVILEGE = (
    "-@all +hello +auth +ping +info +dbsize +scan +type +xinfo|stream +xinfo|groups"
    " +xinfo|consumers +xlen +xrange +xrevrange +xpending +client|list +client|id"
    " +client|setname +acl|whoami %R~*"
)
"""What a survey needs of Redis 7.0; 7.2 adds CLIENT NO-TOUCH."""

MORE = "+select +slowlog|len"

SOCKET = "/run/redis/redis.sock"
SECOND_PORT = 6390
"""Where the second instance of the host with a unix socket listens."""

_HERE = Path(__file__).parent
_SERVICE = _HERE / "programs" / "service.py"
_INSTALLED = "/opt/shop/service.py"
_SETTINGS = "/opt/shop/settings.json"
_COMMAND = "/usr/local/sbin/lab-redis"
_PASSWORD = "/etc/redis-lab-password"  # noqa: S105 - the file with it
_TLS = "/etc/redis/tls"
_APPLICATION = "application"


@dataclass(frozen=True)
class _Server:
    """How the server is told to be reached, and how one reaches it then."""

    lines: tuple[str, ...] = ()
    """What is added to its configuration."""
    command: str = "redis-cli"
    password: str = ""
    client: dict[str, Any] = field(default_factory=dict)
    """Arguments of redis-py's `Redis`, for the units."""


def shared_recipe(suite: str) -> Recipe:
    """An open server on the usual port, with the shared population."""
    return _recipe(suite, _set_up_shared)


def acl_recipe(suite: str = "bookworm") -> Recipe:
    """No default user, an application with all rights, and SURVEYOR."""
    return _recipe(suite, _set_up_acl)


def password_recipe(suite: str = "bookworm") -> Recipe:
    """A server with `requirepass`: the lab's Redis password."""
    return _recipe(suite, _set_up_password)


def socket_recipe(suite: str = "bookworm") -> Recipe:
    """A server on SOCKET alone, and a second one, `redis-server@second.service`, on TCP."""
    return _recipe(suite, _set_up_socket)


def tls_recipe(suite: str = "bookworm") -> Recipe:
    """A server on all addresses that speaks TLS only and asks for the lab's Redis password.

    From the control node it is at 127.0.0.1, port `host.published_port(6379)`; its certificate is
    signed by `lab.access.authority.certificate`.
    """
    return _recipe(suite, _set_up_tls, published=(6379,))


def load_shared_population(host: LabHost) -> None:
    """Load the shared population into an open server, its units included; may be repeated."""
    _bring_about(host, _Server())


def _recipe(
    suite: str, setup: Callable[[LabHost], None], published: tuple[int, ...] = ()
) -> Recipe:
    sources = [Path(__file__), _HERE / "populations.py", SHARED_REDIS, _SERVICE]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    return Recipe(suite, setup=setup, version=version, published=published)


def _set_up_shared(host: LabHost) -> None:
    load_shared_population(host)


def _set_up_acl(host: LabHost) -> None:
    password, surveyors = secrets.token_urlsafe(18), _access(host).redis_password
    major = int(host.run("redis-server --version").stdout.partition("v=")[2].partition(".")[0])
    rights = LEAST_PRIVILEGE
    if major < 7:  # without subcommands of its own, and without rights to read keys only
        rights = rights.replace("%R~*", "~*")
    if major > 7:
        rights = rights.replace(" %R", " +client|no-touch %R")
    server = _Server(
        lines=(
            "user default off",
            f"user {_APPLICATION} on >{password} ~* +@all",
            f"user {SURVEYOR} on >{surveyors} {rights} {MORE}",
            f"user {NARROW_SURVEYOR} on >{surveyors} {rights}",
        ),
        command=f"redis-cli --user {_APPLICATION}",
        password=password,
        client={"host": "127.0.0.1", "username": _APPLICATION, "password": password},
    )
    _bring_about(host, server)


def _set_up_password(host: LabHost) -> None:
    password = _access(host).redis_password
    server = _Server(
        lines=(f"requirepass {password}",),
        password=password,
        client={"host": "127.0.0.1", "password": password},
    )
    _bring_about(host, server)


def _set_up_socket(host: LabHost) -> None:
    server = _Server(
        lines=("port 0", f"unixsocket {SOCKET}", "unixsocketperm 770"),
        command=f"redis-cli -s {SOCKET}",
        client={"unix_socket_path": SOCKET},
    )
    _bring_about(host, server)
    own = (
        f"port {SECOND_PORT}",
        "dbfilename second.rdb",
        "logfile /var/log/redis/second.log",
        "pidfile /run/redis-second/redis-server.pid",
        'unixsocket ""',
    )
    second = "/etc/redis/redis-second.conf"
    host.run(
        f"cp -p /etc/redis/redis.conf {second} && cat >> {second} <<'END'\n"
        + "\n".join(own)
        + "\nEND\nsystemctl --quiet enable --now redis-server@second"
    )
    host.run(f"redis-cli -p {SECOND_PORT} XADD queue:jobs '*' source queue-feeder job 1")
    host.run(f"redis-cli -p {SECOND_PORT} XGROUP CREATE queue:jobs runners 0")


def _set_up_tls(host: LabHost) -> None:
    access = _access(host)
    key, certificate = access.authority.issue(host.name)
    files = {
        "ca.crt": access.authority.certificate.read_text(),
        "redis.crt": certificate,
        "redis.key": key,
    }
    host.put_files({f"{_TLS}/{name}": (text, 0o640) for name, text in files.items()})
    # The units' account must read what it trusts.
    host.run(
        f"chown -R redis:redis {_TLS} && chmod 755 /etc/redis {_TLS} && chmod 644 {_TLS}/*.crt"
    )
    server = _Server(
        lines=(
            "bind 0.0.0.0",
            "protected-mode no",
            "port 0",
            "tls-port 6379",
            f"tls-cert-file {_TLS}/redis.crt",
            f"tls-key-file {_TLS}/redis.key",
            f"tls-ca-cert-file {_TLS}/ca.crt",
            "tls-auth-clients no",
            f"requirepass {access.redis_password}",
        ),
        command=f"redis-cli --tls --cacert {_TLS}/ca.crt",
        password=access.redis_password,
        client={
            "host": "localhost",
            "ssl": True,
            "ssl_ca_certs": f"{_TLS}/ca.crt",
            "password": access.redis_password,
        },
    )
    _bring_about(host, server)


def _bring_about(host: LabHost, server: _Server) -> None:
    """Configure the server, load the population, start the units that use it."""
    population = load_population(SHARED_REDIS)
    units = " ".join(population.units)
    host.run("id shop 2>/dev/null || useradd --system --groups redis shop")
    host.run(f"systemctl stop {units}", check=False)
    command = f'exec {server.command} "$@"\n'
    if server.password:
        command = f'REDISCLI_AUTH="$(cat {_PASSWORD})"\nexport REDISCLI_AUTH\n{command}'
    client = settings(population, **(server.client or {"host": "127.0.0.1"}))
    host.put_files(
        {
            _PASSWORD: (server.password, 0o600),
            _COMMAND: (f"#!/bin/sh\n{command}", 0o700),
            _INSTALLED: (_SERVICE.read_text(), 0o644),
            _SETTINGS: (client, 0o640),
            **{
                f"/etc/systemd/system/{one}.service": (_unit(one), 0o644)
                for one in population.units
            },
        }
    )
    host.run(f"chgrp shop {_SETTINGS}")
    if server.lines:
        added = "\n".join(server.lines)
        host.run(
            f"cat >> /etc/redis/redis.conf <<'END'\n{added}\nEND\nsystemctl restart redis-server"
        )
    populate(host, population, command=_COMMAND)
    host.run(f"systemctl daemon-reload && systemctl --quiet enable --now {units}")


def _unit(name: str) -> str:
    return (
        f"[Unit]\nDescription=Shop: {name.removeprefix('shop-')}\n"
        "After=network.target redis-server.service\n\n"
        "[Service]\nUser=shop\n"
        f"ExecStart=/usr/bin/python3 -E {_INSTALLED} {name} --settings={_SETTINGS}\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )


def _access(host: LabHost) -> Access:
    """The passwords and the authority of the lab that the host belongs to."""
    return Access(host.ssh_config.parent)

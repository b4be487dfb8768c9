"""Secrets of every kind on a host of the application Depot, each where a probe looks.

Of each it is known how it is seen on the host, and what in the archive shows that the very place
was read. `tests/fleet/test_other_secrets.py` looks for them everywhere else.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from .depot_faults import drop_in, on_the_bus
from .depot_layout import APP, BUS, CONF, CURRENT, MODELS, RELEASE, SHARED, bus_password, secret
from .hosts import LabHost

__all__ = ["SECRETS", "Secret", "plant"]

UNITS = "/etc/systemd/system"
SOURCE = f"{RELEASE}/src/depot"


@dataclass(frozen=True)
class Secret:
    """One secret: its value, a file that holds it, and what proves that a probe read that.

    `record` is the beginning of a record's id, `shown` a text that stands in it only for that
    place. `command` prints what holds the secret where that is no file; `written` is how it is
    written there, if otherwise.
    """

    value: str
    file: str
    record: str
    shown: str
    command: str = ""
    written: str = ""

    @property
    def proof(self) -> str:
        """A shell line that succeeds where the secret is on the host."""
        shown = self.command or f"cat {shlex.quote(self.file)}"
        return f"{shown} | grep -q -F -e {shlex.quote(self.written or self.value)}"


def _line(number: int) -> str:
    """Return a line of a private key."""
    return "MIIE" + hashlib.sha512(f"depot key {number}".encode()).hexdigest()[:60]


_URL = secret("database", "p/{}+?&")
_KEY_FILE = f"{CONF}/common.conf.key"
_BANNER = f"{SHARED}/banner.txt"
_CLAIM = secret("claim", "eyJhbGciOiJIUzI1NiJ9.{}.c2ln")

SECRETS: Mapping[str, Secret] = {
    "an API key under a harmless name": Secret(
        secret("greeting", "sk-live-{}"),
        f"{CONF}/scales.conf",
        "config_env_files",
        '"key":"GREETING"',
    ),
    "a password that looks like a number": Secret(
        "48151623421742", f"{CONF}/scales.conf", "config_env_files", '"key":"PIN_CODE"'
    ),
    "a token that is the name of a setting": Secret(
        secret("name", "Xq9{}"), f"{CONF}/scales.conf", "config_env_files", '"key":null'
    ),
    "a password in a URL": Secret(
        _URL,
        f"{CONF}/scales.conf",
        "config_env_files",
        '"key":"DATABASE_URL"',
        written=quote(_URL, safe=""),
    ),
    "the first line of a private key": Secret(
        _line(1), _KEY_FILE, "config_env_files", f'"file":"{_KEY_FILE}"'
    ),
    "the last line of a private key": Secret(
        _line(20), _KEY_FILE, "config_env_files", f'"file":"{_KEY_FILE}"'
    ),
    "a private key beside the models": Secret(
        _line(30), f"{MODELS}/signing.pem", "models_directories", f'"path":"{MODELS}/signing.pem"'
    ),
    "a token in a model's metadata": Secret(
        secret("metadata", "hf_{}"),
        f"{MODELS}/volume/vol_meta.json",
        "models_directories",
        f'"path":"{MODELS}/volume/vol_meta.json"',
    ),
    "a token after an option": Secret(
        secret("option"),
        f"{UNITS}/depot-audit.service.d/fault.conf",
        "systemd_units",
        "-m depot.idle audit --api-token=<masked:",
    ),
    "a password after a short option": Secret(
        secret("short"),
        f"{UNITS}/depot-gateway.service.d/secret.conf",
        "systemd_units",
        "/usr/bin/true -k <masked:",
    ),
    "a token without an option": Secret(
        secret("bare", "ghp_{}"),
        f"{UNITS}/depot-gateway.service.d/secret.conf",
        "systemd_units",
        "/usr/bin/true -k <masked:",
    ),
    "a password in Environment=": Secret(
        secret("environment", "Tr0ub4dor-{}"),
        f"{UNITS}/depot-gateway.service.d/secret.conf",
        "systemd_drop_ins",
        "depot-gateway.service.d/secret.conf",
    ),
    "a key in a unit's description": Secret(
        secret("description", "key-{}"),
        f"{UNITS}/depot-status.service.d/secret.conf",
        "systemd_units",
        "Description=Depot status, broker key <masked:",
    ),
    "a token where the journal names a lane": Secret(
        secret("lane", "Zk{}"),
        "",
        "journal_patterns",
        "<masked:30>",
        command="journalctl --all -u depot-pricing",
    ),
    "a token in a line of a model": Secret(
        secret("line"), _BANNER, "journal_patterns", "<masked:", command=f"cat {_BANNER}"
    ),
    "a password among the last words of a service": Secret(
        secret("printer"),
        "",
        "journal_failing[depot-labels.service]",
        "printer login failed, password <masked:",
        command="journalctl --all -u depot-labels",
    ),
    "a bearer token among them": Secret(
        _CLAIM,
        "",
        "journal_failing[depot-labels.service]",
        "Authorization: <masked:",
        command="journalctl --all -u depot-labels",
    ),
    "a key in the code": Secret(
        secret("broker", "sk-live-{}"),
        f"{SOURCE}/topics.py",
        "repository_source",
        f'"path":"{CURRENT}/src/depot/topics.py"',
    ),
    "a password in a default in the code": Secret(
        secret("default"),
        f"{SOURCE}/wire.py",
        "repository_source",
        f'"path":"{CURRENT}/src/depot/wire.py"',
    ),
    "a token the code takes for a stream": Secret(
        secret("dead-letter", "tok-{}"),
        f"{SOURCE}/gateway.py",
        "repository_source",
        f'"path":"{CURRENT}/src/depot/gateway.py"',
    ),
    "a token in the remote of a checkout": Secret(
        secret("remote", "glpat-{}"),
        f"{RELEASE}/.git/config",
        "repository_checkouts",
        "git.example.org",
    ),
    "a password in an inventory": Secret(
        secret("note"), f"{RELEASE}/ops/landscape.json", "repository_inventories", "landscape.json"
    ),
    "a token in an inventory's state": Secret(
        secret("state", "t-{}"),
        f"{RELEASE}/ops/landscape.json",
        "repository_inventories",
        "should_be",
    ),
    "a password in a comment of an inventory": Secret(
        secret("comment"), f"{SHARED}/catalogue.yml", "repository_inventories", "catalogue.yml"
    ),
    "a value in an entry": Secret(
        secret("entry", "acct-{}"),
        "",
        f"redis_servers[127.0.0.1:{BUS}]",
        '"memo"',
        command=on_the_bus("XRANGE parcels.recalls - +", show=True),
    ),
    "a token in an entry's type": Secret(
        secret("type", "Evt{}"),
        "",
        f"redis_servers[127.0.0.1:{BUS}]",
        '"type", "event", "<masked:',
        command=on_the_bus("XRANGE parcels.recalls - +", show=True),
    ),
    "a token that is the name of a field": Secret(
        secret("field", "f{}"),
        "",
        f"redis_servers[127.0.0.1:{BUS}]",
        '"memo"',
        command=on_the_bus("XRANGE parcels.recalls - +", show=True),
    ),
    "a token in a key's name": Secret(
        secret("key", "session:{}"),
        "",
        f"redis_servers[127.0.0.1:{BUS}]",
        '"SCAN"',
        command=on_the_bus("KEYS session:*", show=True),
    ),
    "the password of the application's Redis": Secret(
        bus_password(), "/etc/depot-redis/bus.conf", f"redis_servers[127.0.0.1:{BUS}]", '"INFO"'
    ),
    "a password in a crontab's setting": Secret(
        secret("cron-setting"), "/etc/cron.d/depot", "cron_entries", "/etc/cron.d/depot"
    ),
    "a password in a job of cron": Secret(
        secret("cron"), "/etc/cron.d/depot", "cron_entries", "depot.job tidy --password <masked:"
    ),
    "a token in a header of the web server": Secret(
        secret("header"),
        "/etc/nginx/conf.d/depot.conf",
        "edge_nginx",
        "/etc/nginx/conf.d/depot.conf",
    ),
    "a password in a URL of the web server": Secret(
        secret("upstream"),
        "/etc/nginx/conf.d/depot.conf",
        "edge_nginx",
        "/etc/nginx/conf.d/depot.conf",
    ),
    "a token in a script of logrotate": Secret(
        secret("rotation"),
        "/etc/logrotate.d/depot",
        "logging_rotation_config",
        "/var/log/depot/*.log",
    ),
    "an argument of a process": Secret(
        secret("argument"),
        "",
        "processes_all",
        f'"cwd":"{RELEASE}"',
        command="cat /proc/[0-9]*/cmdline",
    ),
}
"""By what it is."""


def _value(name: str) -> str:
    return SECRETS[name].value


def _files() -> Mapping[str, tuple[str, int]]:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    key = "\n".join([begin, *map(_line, range(1, 21)), end, ""])
    settings = {
        "GREETING": _value("an API key under a harmless name"),
        "PIN_CODE": _value("a password that looks like a number"),
        _value("a token that is the name of a setting"): "1",
        "DATABASE_URL": f"postgres://depot:{quote(_URL, safe='')}@db.example.org/ledger",
    }
    short, bare = _value("a password after a short option"), _value("a token without an option")
    password = _value("a password in Environment=")
    return {
        f"{CONF}/scales.conf": ("".join(f"{k}={v}\n" for k, v in settings.items()), 0o640),
        _KEY_FILE: (key, 0o600),
        f"{MODELS}/signing.pem": (f"{begin}\n{_line(30)}\n{end}\n", 0o644),
        f"{MODELS}/volume/vol_meta.json": (json.dumps({"hub": secret("metadata", "hf_{}")}), 0o644),
        _BANNER: (
            f"model=eta lane={_value('a token where the journal names a lane')} ready in 3 ms\n"
            f"model=eta lane=north ready, api_key={_value('a token in a line of a model')}\n",
            0o644,
        ),
        **{
            path: (text, 0o644)
            for path, text in {
                **drop_in(
                    "depot-gateway.service",
                    f'Environment="BROKER_PASSWORD={password}"\n'
                    f"ExecStartPre=/usr/bin/true -k {short} {bare}",
                    file="secret",
                ),
                **drop_in(
                    "depot-status.service",
                    "Description=Depot status, broker key "
                    + _value("a key in a unit's description"),
                    "Unit",
                    "secret",
                ),
                **drop_in(
                    "depot-pricing.service",
                    f"ExecStartPre=/usr/bin/cat {_BANNER}",
                    file="secret",
                ),
            }.items()
        },
    }


def _commands() -> list[str]:
    """What puts secrets into files and servers that are there."""
    header, upstream = secret("header"), secret("upstream")
    remote = f"https://depot:{secret('remote', 'glpat-{}')}@git.example.org/parcels/depot.git"
    entry = (
        f"XADD parcels.recalls * origin depot-intake memo {secret('entry', 'acct-{}')}"
        f" event {secret('type', 'Evt{}')} {secret('field', 'f{}')} 1"
    )
    return [
        f"sed -i 's,url = .*,url = {remote},' {APP}/releases/*/.git/config",
        f"sed -i '1i BROKER={secret('cron-setting')}' /etc/cron.d/depot",
        f"sed -i 's,tidy,tidy --password {secret('cron')},' /etc/cron.d/depot",
        "sed -i 's,location / {,&\\n        proxy_set_header Authorization"
        f' "Bearer {header}";,\' /etc/nginx/conf.d/depot.conf',
        f"sed -i '/server_name/a set $broker http://depot:{upstream}@127.0.0.1/;'"
        " /etc/nginx/conf.d/depot.conf",
        "sed -i 's,missingok,&\\n    postrotate\\n        curl -H X-Key:"
        f"{secret('rotation')} http://127.0.0.1:7405/\\n    endscript,' /etc/logrotate.d/depot",
        on_the_bus(f"{entry}\nSET {secret('key', 'session:{}')} 1"),
    ]


def plant(host: LabHost) -> None:
    """Put them all there; what the faults restart later brings into play the rest."""
    host.put_files(_files())
    host.run("set -e\n" + "\n".join(_commands()))

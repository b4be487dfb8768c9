"""What goes wrong on a host of the application Depot: each fault is brought about for real.

What each of them must be found as stands in `tests/fleet/test_other_application.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from .checkouts import install_checkout
from .depot_layout import (
    APP,
    BUS,
    CONF,
    CURRENT,
    MIRROR,
    MODELS,
    PYTHON,
    RELEASE,
    REMOTE,
    SHARED,
    bus_password,
    secret,
    unit,
)
from .hosts import LabHost

__all__ = ["FAULTS", "Fault", "on_the_bus", "plant"]

UNITS = "/etc/systemd/system"


@dataclass(frozen=True)
class Fault:
    """One thing that went wrong: files are written, by path, then come commands, units are
    started anew, and once all other faults are there, the `late` commands.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    commands: str = ""
    restart: str = ""
    late: str = ""


def on_the_bus(commands: str, port: int = BUS, database: int = 2, *, show: bool = False) -> str:
    """Return the shell line that gives commands, one a line, to a Redis of the application.

    What it answers is left out, unless it is to be shown.
    """
    login = f"REDISCLI_AUTH={bus_password()} " if port in (BUS, MIRROR) else ""
    client = f"{login}redis-cli -e -p {port} -n {database if login else 0}"
    told = "".join(f"{line}\\n" for line in commands.splitlines())
    return f"printf '{told}' | {client}{'' if show else ' > /dev/null'}"


def drop_in(name: str, lines: str, section: str = "Service", file: str = "fault") -> dict[str, str]:
    """Return a drop-in of a unit."""
    return {f"{UNITS}/{name}.d/{file}.conf": f"[{section}]\n{lines}\n"}


def starts(name: str, command: str, lines: str = "") -> dict[str, str]:
    """Return a drop-in that has a service start another command."""
    return drop_in(f"{name}.service", f"{lines}\nExecStart=\nExecStart={command}".strip())


def added(name: str, *lines: str) -> dict[str, str]:
    """Return a service that was not there before."""
    return {f"{UNITS}/{name}.service": unit(name.removeprefix("depot-"), lines)}


_PRINT = f"""\
#!/bin/sh
echo 'printer login failed, password {secret("printer")}' >&2
echo 'POST /labels Authorization: Bearer {secret("claim", "eyJhbGciOiJIUzI1NiJ9.{}.c2ln")}' >&2
exit 3
"""
_OLD_MS = int((time.time() - 9 * 86400) * 1000)
_SINCE_LONG = "45 days ago"

SERVICES: Mapping[str, Fault] = {
    "a service that crashes at its start, again and again": Fault(
        {
            f"{APP}/bin/print-labels": _PRINT,
            **starts("depot-labels", f"{APP}/bin/print-labels", "Restart=always\nRestartSec=20"),
            **drop_in("depot-labels.service", "StartLimitIntervalSec=0", "Unit", "limit"),
        },
        restart="depot-labels",
    ),
    "a critical service that somebody stopped": Fault(commands="systemctl stop depot-dispatch"),
    "an expected service that was killed": Fault(
        commands="systemctl kill --signal=KILL depot-returns"
    ),
    "an expected service that does not exist": Fault(
        commands=f"systemctl --quiet disable --now depot.watch; rm {UNITS}/depot.watch.service"
    ),
    "one of two instances that was stopped": Fault(commands="systemctl stop parcel-lane@2"),
    "a service that wants one that does not exist": Fault(
        drop_in("depot-audit.service", "Wants=depot-broker.service", "Unit", "wants"),
        restart="depot-audit",
    ),
    "a link to a unit that is gone": Fault(
        commands=f"ln -s {UNITS}/depot-robot.service {UNITS}/multi-user.target.wants/"
    ),
    "a running service that nothing starts at boot": Fault(
        commands="systemctl --quiet disable depot-scales"
    ),
    "a service that was switched off, and runs on": Fault(
        commands=f"rm {UNITS}/depot-beacon.service; ln -s /dev/null {UNITS}/depot-beacon.service"
    ),
    "a service whose program does not exist": Fault(
        added("depot-tools", f"ExecStart={PYTHON} {CURRENT}/tools/export.py"),
        "systemctl --quiet enable depot-tools",
        restart="depot-tools",
    ),
    "a socket that could not be opened": Fault(
        drop_in("depot-mail.socket", "ListenStream=\nListenStream=7400", "Socket"),
        restart="depot-mail.socket",
    ),
    "a service that runs as root, at a port open to all": Fault(
        starts("depot-printer", f"{PYTHON} -m depot.listen 0.0.0.0 7420", "User=root"),
        restart="depot-printer",
    ),
    "two services that do the same": Fault(
        added("depot-gauge-old", f"ExecStart={APP}/bin/gauged infinity"),
        restart="depot-gauge-old",
        commands="systemctl --quiet enable depot-gauge-old",
    ),
    "a drop-in that takes back what another says": Fault(
        {
            **drop_in("depot-cache.service", "Nice=5", file="10-nice"),
            **drop_in("depot-cache.service", "Nice=-5", file="20-quick"),
        }
    ),
    "a unit file that hides the distribution's": Fault(
        commands=f"cp /usr/lib/systemd/system/cron.service {UNITS}/"
    ),
    "a unit file that was changed and not loaded": Fault(
        late=f"sleep 1.1; touch {UNITS}/depot-billing.service"
    ),
    "a process that no service holds": Fault(
        late=f"su deploy -s /bin/sh -c 'cd {CURRENT} && setsid {PYTHON} -m depot.idle replay"
        f" {secret('argument')}"
        " > /dev/null 2>&1 &'"
    ),
    "a program that was replaced while it runs": Fault(
        late=f"cp {APP}/bin/gauged {APP}/bin/fresh && mv {APP}/bin/fresh {APP}/bin/gauged"
    ),
    "a child nobody waits for": Fault(
        added("depot-feeder", "ExecStart=/bin/sh -c 'sleep 1 & exec sleep infinity'"),
        "systemctl --quiet enable depot-feeder",
        restart="depot-feeder",
    ),
}

TIMERS: Mapping[str, Fault] = {
    "a timer that somebody stopped": Fault(commands="systemctl stop depot-nightly.timer"),
    "a timer that ran out": Fault(
        drop_in("depot-yearly.timer", "OnCalendar=\nOnUnitActiveSec=1h", "Timer"),
        restart="depot-yearly.timer",
    ),
    "a timer whose job fails": Fault(
        starts("depot-invoice", "/usr/bin/false"), late="systemctl start depot-invoice || true"
    ),
    "a cron job whose program is gone": Fault(
        {"/etc/cron.d/depot-stock": f"5 4 * * * depot {APP}/bin/count-stock --all\n"}
    ),
    "a crontab that cron does not read": Fault(
        {"/etc/cron.d/depot.weekly": f"5 5 * * 1 depot {PYTHON} -m depot.job weekly\n"}
    ),
}

STREAMS: Mapping[str, Fault] = {
    "a consumer that hangs": Fault(
        {f"{CONF}/customs.conf": "CUSTOMS_PIPE=/run/depot-customs-pipe\n"},
        "mkfifo -m 622 /run/depot-customs-pipe",
        restart="depot-customs",
    ),
    "a group whose consumer is gone": Fault(
        commands=on_the_bus(
            "XGROUP CREATE parcels.sorted audit 0\n"
            "XREADGROUP GROUP audit audit-1 COUNT 5 STREAMS parcels.sorted >"
        )
    ),
    "a stream without a reader": Fault(
        commands="systemctl --quiet disable --now depot-ledger\n"
        + on_the_bus("XGROUP DESTROY parcels.weights ledger")
    ),
    "a group at a stream nothing ever came into": Fault(
        added("depot-claims", f"ExecStart={PYTHON} -m depot.claims"),
        "systemctl --quiet enable depot-claims\n"
        + on_the_bus("XGROUP CREATE parcels.claims claims 0 MKSTREAM"),
        restart="depot-claims",
    ),
    "a stream nobody writes any longer": Fault(
        commands="systemctl --quiet disable --now depot-manifest; systemctl stop depot-billing\n"
        + on_the_bus(
            "DEL parcels.manifests\n"
            f"XADD parcels.manifests {_OLD_MS}-0 origin depot-manifest parcel 3\n"
            "XGROUP CREATE parcels.manifests archive $"
        ),
        restart="depot-billing",
    ),
}

REDIS: Mapping[str, Fault] = {
    "a server that is open to all": Fault(
        commands=on_the_bus("CONFIG SET protected-mode no\nCONFIG SET bind 0.0.0.0", 7380)
    ),
    "a server that cannot save": Fault(
        commands=f"chown root: {SHARED}/redis/cache && chmod 555 {SHARED}/redis/cache\n"
        + on_the_bus("SET kept 1\nBGSAVE", 7380)
    ),
    "a server with no place for more clients": Fault(
        added(
            "depot-leak",
            f"ExecStart={PYTHON} -c 'import socket, time;"
            ' kept = [socket.create_connection(("127.0.0.1", 7380)) for _ in range(36)];'
            " time.sleep(1e6)'",
        ),
        on_the_bus("CONFIG SET maxclients 40", 7380) + "\nsystemctl --quiet enable depot-leak",
        restart="depot-leak",
    ),
    "a server with no memory left": Fault(
        late=on_the_bus(
            "CONFIG SET stop-writes-on-bgsave-error no\nCONFIG SET maxmemory-policy noeviction",
            7380,
        )
        + "\nused=$(redis-cli -p 7380 INFO memory | sed -n 's/^used_memory:\\([0-9]*\\).*/\\1/p')\n"
        "redis-cli -p 7380 CONFIG SET maxmemory $((used + 200000)) > /dev/null\n"
        "for n in 1 2 3 4 5 6 7 8 9; do\n"
        "  head -c 50000 /dev/zero | tr '\\0' x | redis-cli -p 7380 -x SET big:$n > /dev/null\n"
        "done"
    ),
    "a replica that its primary turns away": Fault(
        commands=on_the_bus("CONFIG SET masterauth outdated", MIRROR, 0)
        + "\n"
        + on_the_bus("CLIENT KILL TYPE replica")
    ),
}

MODEL_FILES: Mapping[str, Fault] = {
    "an empty model": Fault(commands=f": > {MODELS}/volume/vol_south.safetensors"),
    "a model that was cut short": Fault(
        commands=f"truncate --size=-40 {MODELS}/volume/vol_north.safetensors"
    ),
    "a family of models that is old": Fault(
        commands=f"touch --date='{_SINCE_LONG}' {MODELS}/eta/*.onnx"
    ),
    "a family of models that is gone": Fault(commands=f"rm {MODELS}/routing/*.cbm"),
    "a link to a model that is gone": Fault(
        commands=f"ln -sf eta-east.onnx {MODELS}/eta/eta-latest.onnx"
    ),
    "a model that anybody may write": Fault(commands=f"chmod 666 {MODELS}/eta/eta-north.onnx"),
    "a version that is a copy of another": Fault(
        commands=f"cp -p {MODELS}/eta/eta-south.onnx {MODELS}/eta/eta-west.onnx"
    ),
    "a service that makes do without its models": Fault(restart="depot-pricing"),
    "a folder of models that is gone": Fault(commands=f"rm -r {SHARED}/spare-models"),
}

CONFIGURATION: Mapping[str, Fault] = {
    "an environment file that is missing": Fault(
        drop_in("depot-notify.service", f"EnvironmentFile={CONF}/notify-keys.conf"),
        restart="depot-notify",
    ),
    "one setting with two values": Fault(
        {
            f"{CONF}/billing.conf": "RATE_LIMIT=80\nCURRENCY=EUR\n",
        }
    ),
    "a service in production and in a trial": Fault(
        {
            f"{CONF}/sandbox.conf": "CARRIER_MODE=sandbox\n",
            **drop_in("depot-printer-queue.service", f"EnvironmentFile={CONF}/sandbox.conf"),
        },
        restart="depot-printer-queue",
    ),
    "a secret that production has from the trial": Fault(
        commands=f"for file in sandbox billing; do\n"
        f"  echo 'CARRIER_TOKEN={secret('carrier')}' >> {CONF}/$file.conf\ndone"
    ),
    "a secret that everybody may read": Fault(commands=f"chmod 644 {CONF}/billing.conf"),
    "a copy of an environment file": Fault(
        commands=f"cp -p {CONF}/common.conf {CONF}/common.conf.bak"
    ),
    "an environment file nobody loads": Fault(
        {f"{CONF}/carrier.env": "CARRIER_URL=http://127.0.0.1:7405/\n"}
    ),
    "a setting that a later file overrides": Fault(
        {
            f"{CONF}/gateway-extra.conf": "LOG_LEVEL=DEBUG\n",
            **drop_in("depot-gateway.service", f"EnvironmentFile={CONF}/gateway-extra.conf"),
        }
    ),
    "a line that systemd leaves out": Fault(
        {f"{CONF}/pricing.conf": f"MODEL_DIR={CURRENT}/models\nexport MAX_AGE_DAYS=30\n"}
    ),
    "a secret on a command line": Fault(
        starts("depot-audit", f"{PYTHON} -m depot.idle audit --api-token={secret('option')}"),
        restart="depot-audit",
    ),
}

_CATALOGUE = f"""\
# The robot's login: ops, {secret("comment")}
as_of: 2025-11-02
units:
  depot-billing: {{state: running}}
  depot-dispatch: {{state: running}}
  depot-robot: {{state: running}}
  depot-trial: {{state: stopped}}
"""

REPOSITORY: Mapping[str, Fault] = {
    "code that was changed on the host": Fault(
        late=f"sleep 1.1; echo '# quick fix' >> {RELEASE}/src/depot/gateway.py"
    ),
    "a service that still runs the release before": Fault(
        starts(
            "depot-export",
            "/usr/bin/python3 -m depot.idle export",
            f"WorkingDirectory={APP}/releases/41/src",
        ),
        restart="depot-export",
    ),
    "an inventory that is not true": Fault({f"{SHARED}/catalogue.yml": _CATALOGUE}),
}

NETWORK: Mapping[str, Fault] = {
    "a port that closed, with a site that leads to it": Fault(
        starts("depot-status", f"{PYTHON} -m depot.listen 127.0.0.1 7406"),
        restart="depot-status",
    ),
    "a listener that nobody wrote down": Fault(
        added("depot-debug", f"ExecStart={PYTHON} -m depot.listen 0.0.0.0 7421"),
        "systemctl --quiet enable depot-debug",
        restart="depot-debug",
    ),
    "a leftover that the web server loads": Fault(
        commands="cp /etc/nginx/conf.d/depot.conf /etc/nginx/sites-enabled/depot.bak &&"
        " sed -i 's/upstream gateway/upstream old/;s,//gateway,//old,'"
        " /etc/nginx/sites-enabled/depot.bak && systemctl reload nginx",
    ),
    "a site that was changed and not loaded": Fault(
        late="sleep 1.1; echo '# to do' >> /etc/nginx/conf.d/depot.conf"
    ),
}

HOST: Mapping[str, Fault] = {
    "a file system that is full": Fault(
        commands="fallocate -l $(($(stat -f -c '%a * %S' /dev/shm) - 300000)) /dev/shm/depot-cache"
    ),
    "a reboot that is due": Fault({"/run/reboot-required": "*** System restart required ***\n"}),
    "a log that grows": Fault(commands="fallocate -l 120M /var/log/depot/scan.out"),
    "logs that nobody rotates": Fault(commands="systemctl --quiet disable --now logrotate.timer"),
    "a service that says more than the journal takes": Fault(
        added(
            "depot-chatter",
            "LogRateLimitIntervalSec=2s",
            "LogRateLimitBurst=20",
            "ExecStart=/bin/sh -c 'seq 400; while sleep 3; do echo still here; done'",
        ),
        "systemctl --quiet enable depot-chatter",
        restart="depot-chatter",
    ),
}

FAULTS: Mapping[str, Fault] = {
    **SERVICES,
    **TIMERS,
    **STREAMS,
    **REDIS,
    **MODEL_FILES,
    **CONFIGURATION,
    **REPOSITORY,
    **NETWORK,
    **HOST,
}
"""By what it is called."""


def plant(host: LabHost) -> None:
    """Do all of it to a sound host."""
    before = {"src/depot/__init__.py": "", **_old_code()}
    install_checkout(host, f"{APP}/releases/41", before, owner="depot", remote=REMOTE)
    faults = FAULTS.values()
    host.put_files(
        {path: (text, _mode(path)) for fault in faults for path, text in fault.files.items()}
    )
    host.run(f"chgrp depot {CONF}/*")
    reload = "systemctl daemon-reload"
    _all(host, [reload, *(fault.commands for fault in faults), reload])
    for name in sorted({name for fault in faults for name in fault.restart.split()}):
        host.run(f"systemctl restart {name}", check=False)
    _all(host, [fault.late for fault in faults])


def _mode(path: str) -> int:
    return 0o640 if path.startswith(CONF) else 0o755 if "/bin/" in path else 0o644


def _all(host: LabHost, commands: list[str]) -> None:
    host.run("set -e\n" + "\n".join(command for command in commands if command))


def _old_code() -> dict[str, str]:
    return {
        "src/depot/running.py": "def say(line):\n    print(line, flush=True)\n",
        "src/depot/idle.py": "import sys\nimport threading\n\nfrom .running import say\n\n"
        'if __name__ == "__main__":\n    say(sys.argv[1])\n    threading.Event().wait()\n',
        "release.json": json.dumps({"release": 41}),
    }

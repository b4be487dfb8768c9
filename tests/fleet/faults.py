"""Faults of the host of `tests.lab.press_hosts`: how each is brought about, shows, and is mended.

Commands are lines of a shell on the host. A fault has come about when `shown` succeeds, and is
gone when `mended` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.lab.press_hosts import CATALOGUE_ENTRY, CONF, MODELS, REPOSITORY

__all__ = ["FAULTS", "Fault"]

Changes = Mapping[tuple[str, str], str]
"""Kind and name of a thing -> how it changed."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and all that a look must say of it, and nothing else.

    `findings` are those that must change for the worse, by id, with how; `changes` what else must
    be told. `cause` is that of all findings but of those in `sums`, which are made of others.
    Mended, the same is told backwards: a thing that was added was removed; `after` is what is
    told besides, or otherwise, because mending it took a restart. `perhaps` are findings that
    depend on how long the host has been up.
    """

    inject: str
    shown: str
    repair: str
    mended: str
    findings: Mapping[str, str] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    cause: str | None = None
    sums: frozenset[str] = frozenset()
    after: Changes = field(default_factory=dict)
    perhaps: frozenset[str] = frozenset()


def is_(unit: str, state: str) -> str:
    """Return the line that succeeds when a unit is in a state, as systemd calls it."""
    return f'test "$(systemctl show --value -p ActiveState {unit})" = {state}'


def port(number: int, count: int = 1) -> str:
    """Return the line that succeeds when as many listen on a port."""
    return f'test "$(ss -Hltn sport = :{number} | wc -l)" = {count}'


def fresh(stream: str, within_s: float = 2) -> str:
    """Return the line that succeeds when a stream has an event that is so new."""
    return f"{_age(stream)} -lt {int(within_s * 1000)}"


def stale(stream: str, after_s: float) -> str:
    """Return the line that succeeds when a stream's last event is so old."""
    return f"{_age(stream)} -gt {int(after_s * 1000)}"


def _age(stream: str) -> str:
    last = f"redis-cli XINFO STREAM {stream} | grep -A1 last-generated-id | tail -1 | cut -d- -f1"
    return f"test $(( $(date +%s%3N) - $({last}) ))"


FLOWS = " && ".join(fresh(f"press:{name}") for name in ("orders", "pages", "printed"))
OK = "true"

FAULTS: Mapping[str, Fault] = {
    "a service killed": Fault(
        inject="systemctl kill --signal=KILL press-desk",
        shown=is_("press-desk", "failed"),
        repair="systemctl start press-desk",
        mended=port(7503),
    ),
    "a program removed": Fault(
        inject="mv /opt/press/bin/gauged /root/gauged; systemctl restart press-gauge || true",
        shown='test "$(systemctl show --value -p NRestarts press-gauge)" -ge 3',
        repair="mv /root/gauged /opt/press/bin/gauged; systemctl restart press-gauge",
        mended=is_("press-gauge", "active"),
    ),
    "a crash that systemd mended": Fault(
        inject="systemctl kill --signal=KILL press-gauge",
        shown=is_("press-gauge", "active")
        + ' && test "$(systemctl show --value -p NRestarts press-gauge)" = 1',
        repair=OK,
        mended=OK,
    ),
    "a port closed": Fault(
        inject="systemctl kill --signal=USR1 press-intake",
        shown=port(7501, 0),
        repair="systemctl restart press-intake",
        mended=f"{port(7501)} && {FLOWS}",
    ),
    "a group's consumer stopped": Fault(
        inject="systemctl stop press-audit",
        shown=f"{is_('press-audit', 'inactive')} && "
        "test $(redis-cli XINFO CONSUMERS press:orders audit | grep -A1 idle | tail -1) -gt 62000",
        repair="systemctl start press-audit",
        mended="redis-cli XINFO GROUPS press:orders | head -12 | grep -A1 lag | tail -1 | grep -qw 0",
    ),
    "a stream trimmed to nothing": Fault(
        inject="redis-cli XTRIM press:catalogue MAXLEN 0 > /dev/null",
        shown="redis-cli XLEN press:catalogue | grep -qx 0",
        repair=CATALOGUE_ENTRY,
        mended="redis-cli XLEN press:catalogue | grep -qx 1",
    ),
    "a setting changed": Fault(
        inject=f"sed -i s/BATCH_SIZE=20/BATCH_SIZE=50/ {CONF}/intake.env",
        shown=OK,
        repair=f"sed -i s/BATCH_SIZE=50/BATCH_SIZE=20/ {CONF}/intake.env",
        mended=OK,
    ),
    "a secret changed": Fault(
        inject=f"cp -p {CONF}/billing.env /root/ && sed -i s/=tok-./=tok-x/ {CONF}/billing.env",
        shown=OK,
        repair=f"cp -p /root/billing.env {CONF}/",
        mended=OK,
    ),
    "a model deleted": Fault(
        inject=f"mv {MODELS}/layout-a4.bin /root/",
        shown=OK,
        repair=f"mv /root/layout-a4.bin {MODELS}/",
        mended=OK,
    ),
    "a model emptied": Fault(
        inject=f"cp -p {MODELS}/layout-a5.bin /root/ && : > {MODELS}/layout-a5.bin",
        shown=OK,
        repair=f"cp -p /root/layout-a5.bin {MODELS}/",
        mended=OK,
    ),
    "a timer stopped": Fault(
        inject="systemctl stop press-backup.timer",
        shown=is_("press-backup.timer", "inactive"),
        repair="systemctl start press-backup.timer",
        mended=is_("press-backup.timer", "active"),
    ),
    "a timer disabled": Fault(
        inject="systemctl --quiet disable --now press-backup.timer",
        shown=is_("press-backup.timer", "inactive"),
        repair="systemctl --quiet enable --now press-backup.timer",
        mended=is_("press-backup.timer", "active"),
    ),
    "logrotate broken": Fault(
        inject="sed -i 's/su press press/su pres pres/' /etc/logrotate.d/press;"
        " systemctl start logrotate || true",
        shown=is_("logrotate", "failed"),
        repair="sed -i 's/su pres pres/su press press/' /etc/logrotate.d/press;"
        " systemctl start logrotate",
        mended=is_("logrotate", "inactive"),
    ),
    "Redis restarted": Fault(
        inject="systemctl restart redis-server",
        shown=FLOWS,
        repair=OK,
        mended=OK,
    ),
    "an environment file missing": Fault(
        inject=f"mv {CONF}/billing.env /root/ && systemctl restart press-billing || true",
        shown=is_("press-billing", "failed"),
        repair=f"mv /root/billing.env {CONF}/ && systemctl start press-billing",
        mended=is_("press-billing", "active"),
    ),
    "a file of rules unreadable": Fault(
        inject=f"chmod 000 {CONF}/rules.txt && systemctl restart press-proof",
        shown=is_("press-proof", "failed"),
        repair=f"chmod 640 {CONF}/rules.txt && systemctl start press-proof",
        mended=is_("press-proof", "active"),
    ),
    "a drop-in added": Fault(
        inject="mkdir -p /etc/systemd/system/press-audit.service.d && printf '[Service]\\nNice=5\\n'"
        " > /etc/systemd/system/press-audit.service.d/nice.conf && systemctl daemon-reload",
        shown=OK,
        repair="rm -r /etc/systemd/system/press-audit.service.d && systemctl daemon-reload",
        mended=OK,
    ),
    "a port opened to the world as root": Fault(
        inject="cd / && setsid python3 -c 'import socket, time;"
        ' one = socket.create_server(("0.0.0.0", 7599)); time.sleep(1e6)'
        "' > /dev/null 2>&1 &",
        shown=port(7599),
        repair="kill $(ss -Hltnp sport = :7599 | sed 's/.*pid=\\([0-9]*\\).*/\\1/')",
        mended=port(7599, 0),
    ),
    "a unit masked": Fault(
        inject="systemctl --quiet mask --now press-gauge",
        shown=is_("press-gauge", "inactive"),
        repair="systemctl --quiet unmask press-gauge && systemctl start press-gauge",
        mended=is_("press-gauge", "active"),
    ),
    "a required unit stopped": Fault(
        inject="systemctl stop press-store",
        shown=is_("press-desk", "inactive"),
        repair="systemctl start press-desk",
        mended=f"{port(7502)} && {port(7503)}",
    ),
    "a unit file changed and not loaded": Fault(
        inject="touch -d '+1 second' /etc/systemd/system/press-audit.service",
        shown='test "$(systemctl show --value -p NeedDaemonReload press-audit)" = yes',
        repair="systemctl daemon-reload",
        mended='test "$(systemctl show --value -p NeedDaemonReload press-audit)" = no',
    ),
    "a stray process": Fault(
        inject=f"su press -s /bin/sh -c 'cd {REPOSITORY} && setsid /usr/bin/python3 -SEm"
        " press.proof /etc/hostname > /dev/null 2>&1 &'",
        shown="pgrep -f 'press.proof /etc/hostname' > /dev/null",
        repair="pkill -f '^/usr/bin/python3 -SEm press.proof /etc/hostname'",
        mended="! pgrep -f '^/usr/bin/python3 -SEm press.proof /etc/hostname' > /dev/null",
    ),
    "a secret that everybody may read": Fault(
        inject=f"chmod 644 {CONF}/billing.env",
        shown=OK,
        repair=f"chmod 640 {CONF}/billing.env",
        mended=OK,
    ),
    "a producer stopped": Fault(
        inject="systemctl stop press-printer",
        shown=stale("press:printed", 11),
        repair="systemctl start press-printer",
        mended=FLOWS,
    ),
    "the first producer of a chain stopped": Fault(
        inject="systemctl stop press-intake",
        shown=stale("press:printed", 11),
        repair="systemctl start press-intake",
        mended=FLOWS,
    ),
    "a checkout made dirty": Fault(
        inject=f"cp -p {REPOSITORY}/press/audit.py /root/;"
        f" echo '# quick fix' >> {REPOSITORY}/press/audit.py",
        shown=OK,
        repair=f"cp -p /root/audit.py {REPOSITORY}/press/",
        mended=OK,
    ),
    "a log that grows": Fault(
        inject="fallocate -l 120M /var/log/press/scan.out",
        shown=OK,
        repair="rm /var/log/press/scan.out",
        mended=OK,
    ),
    "a cron job without its program": Fault(
        inject="echo '5 4 * * * press /opt/press/bin/count --all' > /etc/cron.d/press",
        shown=OK,
        repair="rm /etc/cron.d/press",
        mended=OK,
    ),
    "a running service disabled": Fault(
        inject="systemctl --quiet disable press-audit",
        shown=OK,
        repair="systemctl --quiet enable press-audit",
        mended=OK,
    ),
    "a program replaced while it runs": Fault(
        inject="cd /opt/press/bin && cp -p gauged fresh && mv fresh gauged",
        shown=OK,
        repair="systemctl restart press-gauge",
        mended=is_("press-gauge", "active"),
    ),
    "Redis opened to the world": Fault(
        inject="redis-cli CONFIG SET protected-mode no; redis-cli CONFIG SET bind 0.0.0.0",
        shown="ss -Hltn sport = :6379 | grep -q 0.0.0.0",
        repair="redis-cli CONFIG SET bind '127.0.0.1 -::1'; redis-cli CONFIG SET protected-mode yes",
        mended="ss -Hltn sport = :6379 | grep -q 127.0.0.1",
    ),
}
"""By what it is called."""

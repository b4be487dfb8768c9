"""Faults of the host of `tests.lab.press_hosts`: how each is brought about, shows, and is mended.

Commands are lines of a shell on the host. A fault has come about when `shown` succeeds, and is
gone when `mended` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.lab.press_hosts import CATALOGUE_ENTRY, CONF, MODELS, REPOSITORY

__all__ = ["FAULTS", "Changes", "Fault"]

Changes = Mapping[tuple[str, str], str]
"""Kind and name of a thing -> how it changed."""

_BACK = {"added": "removed", "removed": "added", "changed": "changed"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One thing that goes wrong, and all that the next look must say of it.

    `findings` are the ids of those that turn bad, `unknown` of those that nobody can know any more,
    `changes` what else is told. Every finding with a severity has the one `cause`, by the id of
    causes without `cause:`. `back` is what is told beside the findings once it is mended, where
    that is not the same backwards; `rest` what is told from before the fault to after it, such as
    a restart. `perhaps` are findings that depend on how long the host has been up, and stay.
    """

    inject: str
    repair: str
    shown: str = "true"
    mended: str = "true"
    findings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    changes: Changes = field(default_factory=dict)
    cause: str | None = None
    back: Changes | None = None
    rest: Changes = field(default_factory=dict)
    perhaps: frozenset[str] = frozenset()

    @property
    def told_back(self) -> Changes:
        """What changed, beside findings, from the fault to its end."""
        if self.back is not None:
            return self.back
        return {thing: _BACK[how] for thing, how in self.changes.items()}


def restarted(*units: str) -> Changes:
    """Return what is told of services that were started anew."""
    return {("unit", f"{unit}.service"): "restarted" for unit in units}


def listener(port: int, how: str) -> Changes:
    """Return what is told of a TCP port."""
    return {("listener", f"tcp/{port}"): how}


def is_(unit: str, state: str) -> str:
    """Return the line that succeeds when a unit is in a state, as systemd calls it."""
    return f'test "$(systemctl show --value -p ActiveState {unit})" = {state}'


def port(number: int, count: int = 1) -> str:
    """Return the line that succeeds when as many listen on a port."""
    return f'test "$(ss -Hltn sport = :{number} | wc -l)" = {count}'


def fresh(stream: str, within_s: float = 2) -> str:
    """Return the line that succeeds when a stream has an event that is so new."""
    return f"{_age(stream)} -lt {int(within_s * 1000)}"


def of_stream(name: str, *rules: str) -> tuple[str, ...]:
    """Return the ids of some rules' findings about a stream."""
    return tuple(f"{rule}:press:{name}" for rule in rules)


def idle(stream: str, group: str, seconds: int, more: bool = True) -> str:
    """Return the line that succeeds when a group's consumer was seen so long ago, or less."""
    shown = f"redis-cli XINFO CONSUMERS {stream} {group} | grep -A1 idle | tail -1"
    return f"test $({shown}) -{'gt' if more else 'lt'} {seconds * 1000}"


def stale(stream: str, after_s: float) -> str:
    """Return the line that succeeds when a stream's last event is so old."""
    return f"{_age(stream)} -gt {int(after_s * 1000)}"


def _age(stream: str) -> str:
    last = f"redis-cli XINFO STREAM {stream} | grep -A1 last-generated-id | tail -1 | cut -d- -f1"
    return f"test $(( $(date +%s%3N) - $({last}) ))"


def up(unit: str, seconds: int) -> str:
    """Return the line that succeeds when a unit has been up for so long: past any loop's pace."""
    since = f"systemctl show --value -p ActiveEnterTimestampMonotonic {unit}"
    return f"test $(( $(cut -d. -f1 /proc/uptime) - $({since}) / 1000000 )) -ge {seconds}"


SYSTEM = "system_state:systemd"
"""Systemd itself says that some unit failed."""

DROP_INS = "/etc/systemd/system/press-audit.service.d"
COUNTING = "5 4 * * * press /opt/press/bin/count --all"

FLOWS = " && ".join(fresh(f"press:{name}") for name in ("orders", "pages", "printed"))
# The crash stands last: soon after a loop of the same service it would be one more of its restarts.
FAULTS: Mapping[str, Fault] = {
    "a service killed": Fault(
        inject="systemctl kill --signal=KILL press-desk",
        shown=is_("press-desk", "failed"),
        repair="systemctl start press-desk",
        mended=port(7503),
        findings=("service_state:press-desk.service", "components:press/desk", SYSTEM),
        changes=listener(7503, "removed"),
        cause="unit/press-desk.service",
        rest=restarted("press-desk"),
    ),
    "a program removed": Fault(
        inject="mv /opt/press/bin/gauged /var/tmp/gauged; systemctl restart press-gauge || true",
        shown='test "$(systemctl show --value -p NRestarts press-gauge)" -ge 3',
        repair="mv /var/tmp/gauged /opt/press/bin/gauged; systemctl restart press-gauge",
        mended=f"{is_('press-gauge', 'active')} && {up('press-gauge', 15)}",
        findings=(
            "restart_loops:press-gauge.service",
            "service_state:press-gauge.service",
            "unit_errors:press-gauge.service",
        ),
        cause="obstacle//opt/press/bin/gauged does not exist",
        rest=restarted("press-gauge"),
    ),
    "a port closed": Fault(
        inject="systemctl kill --signal=USR1 press-intake",
        shown=port(7501, 0),
        repair="systemctl restart press-intake",
        mended=f"{port(7501)} && {FLOWS}",
        findings=("expected_ports:port/7501", "components:press/intake"),
        changes=listener(7501, "removed"),
        cause="port/7501",
        back={**listener(7501, "added"), **restarted("press-intake")},
        rest=restarted("press-intake"),
    ),
    "a group's consumer stopped": Fault(
        inject="systemctl stop press-audit",
        shown=idle("press:orders", "audit", 62),
        repair="systemctl start press-audit",
        mended=idle("press:orders", "audit", 2, more=False),
        findings=("service_state:press-audit.service", "stream_groups:press:orders/audit"),
        cause="unit/press-audit.service",
        rest=restarted("press-audit"),
    ),
    "a stream trimmed to nothing": Fault(
        inject="redis-cli XTRIM press:catalogue MAXLEN 0 > /dev/null",
        shown="redis-cli XLEN press:catalogue | grep -qx 0",
        repair=CATALOGUE_ENTRY,
        mended="redis-cli XLEN press:catalogue | grep -qx 1",
        unknown=("stream_producers:press:catalogue",),  # nothing was left that names it
        changes={("stream", "press:catalogue"): "changed"},
        back={},  # that an event came is no change
    ),
    "a setting changed": Fault(
        inject=f"sed -i s/BATCH_SIZE=20/BATCH_SIZE=50/ {CONF}/intake.env",
        repair=f"sed -i s/BATCH_SIZE=50/BATCH_SIZE=20/ {CONF}/intake.env",
        changes={("env_file", f"{CONF}/intake.env"): "changed"},
    ),
    "a secret changed": Fault(
        inject=f"cp -p {CONF}/billing.env /var/tmp/ && sed -i s/=tok-./=tok-x/ {CONF}/billing.env",
        repair=f"cp -p /var/tmp/billing.env {CONF}/",
        changes={("env_file", f"{CONF}/billing.env"): "changed"},
    ),
    "a model deleted": Fault(
        inject=f"mv {MODELS}/layout-a4.bin /var/tmp/",
        repair=f"mv /var/tmp/layout-a4.bin {MODELS}/",
        changes={("model", f"{MODELS}/layout-a4.bin"): "removed"},
    ),
    "a model emptied": Fault(
        inject=f"cp -p {MODELS}/layout-a5.bin /var/tmp/ && : > {MODELS}/layout-a5.bin",
        repair=f"cp -p /var/tmp/layout-a5.bin {MODELS}/",
        findings=(f"model_file_faults:{MODELS}/layout-a5.bin",),
        changes={("model", f"{MODELS}/layout-a5.bin"): "changed"},
        cause=f"model_file_faults/{MODELS}/layout-a5.bin",
    ),
    "a timer stopped": Fault(
        inject="systemctl stop press-backup.timer",
        shown=is_("press-backup.timer", "inactive"),
        repair="systemctl start press-backup.timer",
        mended=is_("press-backup.timer", "active"),
        findings=("timer_state:press-backup.timer", "service_state:press-backup.service"),
        cause="unit/press-backup.timer",
    ),
    "a timer disabled": Fault(
        inject="systemctl --quiet disable --now press-backup.timer",
        shown=is_("press-backup.timer", "inactive"),
        repair="systemctl --quiet enable --now press-backup.timer",
        mended=is_("press-backup.timer", "active"),
        findings=("timer_state:press-backup.timer",),
        changes={("timer", "press-backup.timer"): "changed"},
        cause="unit/press-backup.timer",
    ),
    "logrotate broken": Fault(
        inject="sed -i 's/su press press/su pres pres/' /etc/logrotate.d/press;"
        " systemctl start logrotate || true",
        shown=is_("logrotate", "failed"),
        repair="sed -i 's/su pres pres/su press press/' /etc/logrotate.d/press;"
        " systemctl start logrotate",
        mended=is_("logrotate", "inactive"),
        findings=(
            "log_rotation:logrotate.service",
            "service_state:logrotate.service",
            "unit_errors:logrotate.service",
            SYSTEM,
        ),
        cause="unit/logrotate.service",
    ),
    "Redis restarted": Fault(
        inject="systemctl restart redis-server",
        shown=FLOWS,
        repair="true",
        changes={**restarted("redis-server"), ("redis", "127.0.0.1:6379"): "restarted"},
        back={},
        rest={**restarted("redis-server"), ("redis", "127.0.0.1:6379"): "restarted"},
        perhaps=frozenset(["redis_uptime:127.0.0.1:6379"]),
    ),
    "an environment file missing": Fault(
        inject=f"mv {CONF}/billing.env /var/tmp/ && systemctl restart press-billing || true",
        shown=is_("press-billing", "failed"),
        repair=f"mv /var/tmp/billing.env {CONF}/ && systemctl start press-billing",
        mended=is_("press-billing", "active"),
        findings=(
            "service_state:press-billing.service",
            "unit_errors:press-billing.service",
            f"env_file_missing:{CONF}/billing.env",
            SYSTEM,
        ),
        changes={("env_file", f"{CONF}/billing.env"): "removed"},
        cause=f"file/{CONF}/billing.env",
        rest=restarted("press-billing"),
    ),
    "a file of rules unreadable": Fault(
        inject=f"chmod 000 {CONF}/rules.txt && systemctl restart press-proof",
        shown=is_("press-proof", "failed"),
        repair=f"chmod 640 {CONF}/rules.txt && systemctl start press-proof",
        mended=is_("press-proof", "active"),
        findings=("service_state:press-proof.service", SYSTEM),
        cause="unit/press-proof.service",
        rest=restarted("press-proof"),
    ),
    "a drop-in added": Fault(
        inject=f"mkdir {DROP_INS} && printf '[Service]\\nNice=5\\n' > {DROP_INS}/nice.conf"
        " && systemctl daemon-reload",
        repair=f"rm -r {DROP_INS} && systemctl daemon-reload",
        changes={("drop_in", f"{DROP_INS}/nice.conf"): "added"},
    ),
    "a port opened to the world as root": Fault(
        inject="cd / && setsid python3 -c 'import socket, time;"
        ' one = socket.create_server(("0.0.0.0", 7599)); time.sleep(1e6)'
        "' > /dev/null 2>&1 &",
        shown=port(7599),
        repair="kill $(ss -Hltnp sport = :7599 | sed 's/.*pid=\\([0-9]*\\).*/\\1/')",
        mended=port(7599, 0),
        findings=("listening_ports:tcp/0.0.0.0:7599", "undocumented_listeners:tcp/7599"),
        changes=listener(7599, "added"),
        cause="listener/tcp/7599",
    ),
    "a unit masked": Fault(
        inject="systemctl --quiet mask --now press-gauge",
        shown=is_("press-gauge", "inactive"),
        repair="systemctl --quiet unmask press-gauge && systemctl start press-gauge",
        mended=is_("press-gauge", "active"),
        findings=("service_state:press-gauge.service",),
        changes={("unit", "press-gauge.service"): "changed"},
        cause="unit/press-gauge.service",
        rest=restarted("press-gauge"),
    ),
    "a required unit stopped": Fault(
        inject="systemctl stop press-store",
        shown=f"{is_('press-desk', 'inactive')} && {idle('press:catalogue', 'store', 62)}",
        repair="systemctl start press-desk",
        mended=f"{port(7502)} && {port(7503)}",
        findings=(
            "service_state:press-store.service",
            "service_state:press-desk.service",
            "components:press/desk",
            "stream_groups:press:catalogue/store",
        ),
        changes={**listener(7502, "removed"), **listener(7503, "removed")},
        cause="unit/press-store.service",
        rest=restarted("press-store", "press-desk"),
    ),
    "a unit file changed and not loaded": Fault(
        inject="touch -d '+1 second' /etc/systemd/system/press-audit.service",
        shown='test "$(systemctl show --value -p NeedDaemonReload press-audit)" = yes',
        repair="systemctl daemon-reload",
        mended='test "$(systemctl show --value -p NeedDaemonReload press-audit)" = no',
        findings=("outdated_units:press",),
        cause="outdated_units/press",
    ),
    "a stray process": Fault(
        inject=f"su press -s /bin/sh -c 'cd {REPOSITORY} && setsid /usr/bin/python3 -SEm"
        " press.proof /etc/hostname > /dev/null 2>&1 &'",
        shown="pgrep -f 'press.proof /etc/hostname' > /dev/null",
        repair="pkill -f '^/usr/bin/python3 -SEm press.proof /etc/hostname'",
        mended="! pgrep -f '^/usr/bin/python3 -SEm press.proof /etc/hostname' > /dev/null",
        findings=("stray_processes:press",),
        cause="stray_processes/press",
    ),
    "a secret that everybody may read": Fault(
        inject=f"chmod 644 {CONF}/billing.env",
        repair=f"chmod 640 {CONF}/billing.env",
        findings=(f"env_file_access:{CONF}/billing.env",),
        changes={("env_file", f"{CONF}/billing.env"): "changed"},
        cause=f"env_file_access/{CONF}/billing.env",
    ),
    "a producer stopped": Fault(
        inject="systemctl stop press-printer",
        shown=stale("press:printed", 11),
        repair="systemctl start press-printer",
        mended=FLOWS,
        findings=(
            "service_state:press-printer.service",
            *of_stream("printed", "expected_streams", "stream_activity", "stream_producers"),
        ),
        cause="unit/press-printer.service",
        rest=restarted("press-printer"),
    ),
    "the first producer of a chain stopped": Fault(
        inject="systemctl stop press-intake",
        shown=stale("press:printed", 11),
        repair="systemctl start press-intake",
        mended=FLOWS,
        findings=(
            "service_state:press-intake.service",
            "expected_ports:port/7501",
            "components:press/intake",
            *of_stream("orders", "expected_streams", "stream_activity", "stream_producers"),
            *of_stream("pages", "expected_streams", "stream_activity"),
            *of_stream("printed", "expected_streams", "stream_activity"),
            *of_stream("catalogue", "stream_producers"),
        ),
        changes=listener(7501, "removed"),
        cause="unit/press-intake.service",
        rest=restarted("press-intake"),
    ),
    "a checkout made dirty": Fault(
        inject=f"cp -p {REPOSITORY}/press/audit.py /var/tmp/;"
        f" echo '# quick fix' >> {REPOSITORY}/press/audit.py",
        repair=f"cp -p /var/tmp/audit.py {REPOSITORY}/press/",
        findings=(
            f"checkout_state:{REPOSITORY}",
            "code_newer_than_process:press-audit.service",
        ),
        changes={("checkout", REPOSITORY): "changed"},
        cause=f"checkout_state/{REPOSITORY}",
    ),
    "a log that grows": Fault(
        inject="fallocate -l 120M /var/log/press/scan.out",
        repair="rm /var/log/press/scan.out",
        findings=("growing_logs:/var/log/press/scan.out",),
        cause="growing_logs//var/log/press/scan.out",
    ),
    "a cron job without its program": Fault(
        inject=f"echo '{COUNTING}' > /etc/cron.d/press",
        repair="rm /etc/cron.d/press",
        findings=("cron_programs:/etc/cron.d/press", "cron_jobs:press"),
        changes={("cron", f"/etc/cron.d/press: {COUNTING}"): "added"},
        cause="cron_programs//etc/cron.d/press",
    ),
    "a running service disabled": Fault(
        inject="systemctl --quiet disable press-audit",
        repair="systemctl --quiet enable press-audit",
        findings=("service_state:press-audit.service",),
        changes={("unit", "press-audit.service"): "changed"},
        cause="unit/press-audit.service",
    ),
    "a program replaced while it runs": Fault(
        inject="cd /opt/press/bin && cp -p gauged fresh && mv fresh gauged",
        repair="systemctl restart press-gauge",
        mended=is_("press-gauge", "active"),
        findings=("replaced_programs:press",),
        cause="replaced_programs/press",
        back=restarted("press-gauge"),
        rest=restarted("press-gauge"),
    ),
    "Redis opened to the world": Fault(
        inject="redis-cli CONFIG SET protected-mode no; redis-cli CONFIG SET bind 0.0.0.0",
        shown="ss -Hltn sport = :6379 | grep -q 0.0.0.0",
        repair="redis-cli CONFIG SET bind '127.0.0.1 -::1';"
        " redis-cli CONFIG SET protected-mode yes",
        mended="ss -Hltn sport = :6379 | grep -q 127.0.0.1",
        findings=("redis_exposure:127.0.0.1:6379", "undocumented_listeners:tcp/6379"),
        changes=listener(6379, "changed"),
        cause="redis_exposure/127.0.0.1:6379",
    ),
    "a crash that systemd mended": Fault(
        inject="systemctl show -p NRestarts press-gauge > /var/tmp/before;"
        " systemctl kill --signal=KILL press-gauge",
        shown="systemctl show -p NRestarts press-gauge | grep -qvxFf /var/tmp/before"
        f" && {is_('press-gauge', 'active')}",
        repair="true",
        changes=restarted("press-gauge"),
        back={},
        rest=restarted("press-gauge"),
    ),
}
"""By what it is called."""

"""A host with Press, a small print shop on which nothing is wrong: faults are tried on it.

Orders come in, are laid out, printed and billed, over streams of the host's Redis; a desk needs
a store, a gauge is no Python, a proof-reader has a file of rules that no unit names, a timer
makes backups. `tests/lab/press` are its programs, installed as a checkout.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .checkouts import install_checkout
from .hosts import LabHost, Recipe

__all__ = ["CONF", "FINGERPRINT_KEY", "MODELS", "REPOSITORY", "SECRET", "VARIABLES", "press_recipe"]

REPOSITORY = "/srv/press"
CONF = "/etc/press"
MODELS = "/srv/press-models"
SECRET = "tok-" + hashlib.sha256(b"press").hexdigest()[:28]
"""A made-up secret in the environment file of the billing."""

FINGERPRINT_KEY = hashlib.sha256(b"the operator's").hexdigest()

CATALOGUE_ENTRY = "redis-cli XADD press:catalogue '*' source press-intake paper A4 > /dev/null"
"""How the one stream gets its event that has one only now and then."""

_PROGRAMS = Path(__file__).parent / "press"
_RUNNING = (
    "press-intake",
    "press-layout",
    "press-printer",
    "press-billing",
    "press-audit",
    "press-store",
    "press-desk",
    "press-gauge",
    "press-proof",
)
_GROUPS = {
    "press:orders": ("layout", "audit"),
    "press:pages": ("printer",),
    "press:printed": ("billing",),
    "press:catalogue": ("store",),
}

_PROFILE: Mapping[str, Any] = {
    "title": "Press",
    "units": ["press-*"],
    "expected_units": list(_RUNNING),
    "critical_units": {"P1": ["press-intake", "press-printer"]},
    "expected_timers": ["press-backup"],
    "expected_ports": [7501],
    "listeners": {7501: {"address": "any", "unit": "press-intake"}},
    "processes": [f"{REPOSITORY}/*"],
    "streams": ["press:*"],
    "expected_streams": list(_GROUPS),
    "stream_freshness": {"press:*": "10s", "press:catalogue": "30d"},
    "models": {"families": {"layout": ["layout-*"]}, "stale_after": "30d"},
    "components": {
        "intake": {"title": "Intake", "units": ["press-intake"], "ports": [7501]},
        "desk": {"title": "Desk", "units": ["press-desk"], "ports": [7503]},
    },
}
VARIABLES: Mapping[str, Any] = {
    "truthmap_app_press": _PROFILE,
    "probe_models_directories": [MODELS],
    "collect_fingerprint_key": FINGERPRINT_KEY,
}
"""All that an inventory says of such a host."""


def press_recipe() -> Recipe:
    """The shop, as it is meant to be."""
    own = [Path(__file__), *sorted(_PROGRAMS.glob("*.py"))]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in own)).hexdigest()[:12]
    return Recipe("bookworm", setup=_set_up, version=version)


def _set_up(host: LabHost) -> None:
    host.run(f"useradd --system --home-dir {REPOSITORY} --shell /bin/bash press")
    programs = {f"press/{path.name}": path.read_text() for path in _PROGRAMS.glob("*.py")}
    install_checkout(
        host,
        REPOSITORY,
        {**programs, ".gitignore": "__pycache__/\n"},
        owner="press",
        remote="https://git.example.org/press.git",
    )
    host.put_files(dict(_files()))
    groups = "".join(
        f"XGROUP CREATE {stream} {group} 0 MKSTREAM\n"
        for stream, groups in _GROUPS.items()
        for group in groups
    )
    host.run(
        "set -e\n"
        f"chgrp -R press {CONF} && mkdir -p /opt/press/bin {MODELS} /var/log/press\n"
        "cp /usr/bin/sleep /opt/press/bin/gauged\n"
        f"for name in a4 a5; do head -c 3000 /dev/urandom > {MODELS}/layout-$name.bin; done\n"
        "chown press: /var/log/press\n"
        f"printf '{groups}' | redis-cli -e > /dev/null\n"
        f"{CATALOGUE_ENTRY}\n"
        "systemctl daemon-reload\n"
        f"systemctl --quiet enable --now {' '.join(_RUNNING)} press-backup.timer\n"
        "systemctl start logrotate.service"
    )


def _files() -> Iterator[tuple[str, tuple[str, int]]]:
    """Every file beside the checkout: path, (text, mode)."""
    for name, text in _units():
        # One comes with a package, as it were: only such a unit can be masked.
        folder = "/usr/lib" if name == "press-gauge.service" else "/etc"
        yield f"{folder}/systemd/system/{name}", (text, 0o644)
    yield f"{CONF}/intake.env", ("LOG_LEVEL=INFO\nBATCH_SIZE=20\n", 0o640)
    yield f"{CONF}/billing.env", (f"CURRENCY=EUR\nBILLING_TOKEN={SECRET}\n", 0o640)
    yield f"{CONF}/rules.txt", ("No widows. No orphans.\n", 0o640)
    yield "/etc/logrotate.d/press", (_ROTATION, 0o644)


_ROTATION = "/var/log/press/*.log {\n    su press press\n    weekly\n    missingok\n}\n"


def _units() -> Iterator[tuple[str, str]]:
    for name in ("layout", "printer", "audit"):
        yield f"press-{name}.service", _unit(name, _module(name))
    for name in ("intake", "billing"):
        lines = [f"EnvironmentFile={CONF}/{name}.env", *_module(name)]
        yield f"press-{name}.service", _unit(name, lines)
    yield "press-store.service", _unit("store", _module("store"))
    needs = ["Requires=press-store.service", "After=press-store.service"]
    yield "press-desk.service", _unit("desk", _module("ports", "127.0.0.1", "7503"), needs)
    gauge = ["Restart=always", "RestartSec=1", "ExecStart=/opt/press/bin/gauged infinity"]
    yield "press-gauge.service", _unit("gauge", gauge, ["StartLimitIntervalSec=0"])
    yield "press-proof.service", _unit("proof", _module("proof", f"{CONF}/rules.txt"))
    backup = ["Type=oneshot", "ExecStart=/bin/true"]
    yield "press-backup.service", _unit("backup", backup, install=False)
    yield (
        "press-backup.timer",
        "[Unit]\nDescription=Press backup\n\n[Timer]\nOnCalendar=*-*-* 02:30:00\n\n"
        "[Install]\nWantedBy=timers.target\n",
    )


def _module(name: str, *arguments: str) -> list[str]:
    words = " ".join(("/usr/bin/python3", "-SEm", f"press.{name}", *arguments))
    return [f"WorkingDirectory={REPOSITORY}", f"ExecStart={words}"]


def _unit(name: str, service: Iterable[str], head: Iterable[str] = (), install: bool = True) -> str:
    lines = ["[Unit]", f"Description=Press {name}", "After=redis-server.service", *head, ""]
    lines += ["[Service]", "User=press", *service, ""]
    lines += ["[Install]", "WantedBy=multi-user.target", ""] if install else []
    return "\n".join(lines)

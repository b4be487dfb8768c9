"""Where the application Depot has what, and how its units are written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

__all__ = [
    "APP",
    "BUS",
    "CONF",
    "CURRENT",
    "MIRROR",
    "MODELS",
    "PYTHON",
    "RELEASE",
    "REMOTE",
    "SHARED",
    "bus_password",
    "secret",
    "unit",
]

APP = "/srv/depot"
RELEASE = f"{APP}/releases/42"
CURRENT = f"{APP}/current"
SHARED = f"{APP}/shared"
CONF = f"{SHARED}/conf"
MODELS = f"{SHARED}/models"
PYTHON = f"{APP}/venv/bin/python"
REMOTE = "https://git.example.org/parcels/depot.git"
BUS = 7379
"""The port of the application's Redis."""
MIRROR = 7381
"""The port of its replica."""


def secret(name: str, form: str = "{}") -> str:
    """Return a made-up secret, the same at every call; `form` is what such a one looks like."""
    return form.format(hashlib.sha256(f"depot {name}".encode()).hexdigest()[:28])


def bus_password() -> str:
    """Return the password of the application's Redis."""
    return secret("bus")


def unit(
    what: str,
    lines: Iterable[str],
    *,
    user: str | None = "depot",
    head: Iterable[str] = (),
    install: str | None = "multi-user.target",
) -> str:
    """Return a service's unit file."""
    service = [f"User={user}"] if user else []
    service += [f"WorkingDirectory={CURRENT}", f"EnvironmentFile={CONF}/common.conf", *lines]
    parts = ["[Unit]", f"Description=Depot {what}", "After=network.target", *head, ""]
    parts += ["[Service]", *service, ""]
    parts += ["[Install]", f"WantedBy={install}", ""] if install else []
    return "\n".join(parts)

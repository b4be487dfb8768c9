"""Where the Ansible content is: in a checkout beside the package, in a wheel inside it."""

from __future__ import annotations

from pathlib import Path

from reporter.errors import ReportError

__all__ = ["content_root"]


def content_root() -> Path:
    """Return the folder that holds ansible.cfg, playbooks/ and roles/."""
    package = Path(__file__).resolve().parent
    for folder in (package / "content", package.parent):
        if (folder / "playbooks" / "collect.yml").is_file() and (folder / "roles").is_dir():
            return folder
    raise ReportError(f"{package}: playbooks and roles are not installed; reinstall truthmap")

"""What the file system says about a path, as one JSON-able row."""

import os
import stat
from typing import Any, Dict, NamedTuple

from truthmap_collector import host
from truthmap_collector.reading import type_name

__all__ = ["Names", "Row", "permissions", "row"]

Row = Dict[str, Any]


class Names(NamedTuple):
    """Names of users and groups by id, as the host's own files give them."""

    users: Dict[int, str]
    groups: Dict[int, str]

    @classmethod
    def read(cls) -> "Names":
        """Read them from /etc/passwd and /etc/group."""
        return cls(host.names_by_id("/etc/passwd"), host.names_by_id("/etc/group"))


def row(path: str, found: os.stat_result, names: Names) -> Row:
    """Return type, mode, owner, size (bytes) and mtime (UTC) of a path.

    `owner` and `group` are null where the host's files have no name for the id.
    """
    return {
        "path": path,
        "type": type_name(found.st_mode),
        "mode": permissions(found.st_mode),
        "uid": found.st_uid,
        "gid": found.st_gid,
        "owner": names.users.get(found.st_uid),
        "group": names.groups.get(found.st_gid),
        "size": found.st_size,
        "mtime": host.utc(found.st_mtime),
    }


def permissions(mode: int) -> str:
    """Return the permission bits as four octal digits."""
    return "{:04o}".format(stat.S_IMODE(mode))

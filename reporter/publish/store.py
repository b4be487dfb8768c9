"""Any URL that fsspec knows as a sink: `s3://bucket/path`, `gs://`, `sftp://`, `memory://` ...

Its own packages and its own ways to credentials hold (s3fs reads those of AWS). All files of a
report are written in one transaction: stores that know it show them when the last is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from reporter.errors import InputError
from reporter.publish.retry import ATTEMPTS, PassingError, persistently
from reporter.publish.sinks import Delivery, Place, SinkError, require

__all__ = ["Store"]

_LASTING = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)

_BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "tos"})
"""Where what is missing is no folder but a bucket, which nobody asked to be made."""


class Store:
    """Writes the files of a report to a file system of fsspec's, all of them or none."""

    def __init__(self, place: Place) -> None:
        """Take the URL; raises `InputError` where its protocol is unknown or needs a package."""
        for module in ("fsspec", "tenacity"):
            require(module, f"{place.scheme}://")
        import fsspec  # noqa: PLC0415 - serves only those who publish to it

        protocol = place.url.partition("::")[0].partition("://")[0]
        try:
            fsspec.get_filesystem_class(protocol)
        except (ImportError, ValueError) as error:
            raise InputError(f"--publish {place.shown}: {error}") from error
        self._url = place.url
        links = (link.partition("://")[0] for link in place.url.split("::"))
        self._in_bucket = not _BUCKETS.isdisjoint(links)
        self.name = place.shown

    def send(self, delivery: Delivery) -> str:
        """Write every file; raises `SinkError`."""
        files = list(delivery.files())
        try:
            persistently(partial(self._write, files))
        except PassingError as error:
            raise SinkError(f"{error} (tried {ATTEMPTS} times)") from None
        return f"files: {len(files)}"

    def _write(self, files: Sequence[tuple[str, bytes]]) -> None:
        import fsspec  # noqa: PLC0415 - serves only those who publish to it

        try:
            # Not the instance of an earlier attempt, whose connection may be what failed.
            system, root = fsspec.core.url_to_fs(self._url, skip_instance_cache=True)
            placed = [(f"{root.rstrip('/')}/{name}", content) for name, content in files]
            try:
                _together(system, placed)
            except FileNotFoundError:
                if self._in_bucket:
                    raise
                for folder in dict.fromkeys(path.rpartition("/")[0] for path, _ in placed):
                    system.makedirs(folder, exist_ok=True)
                _together(system, placed)
        except _LASTING as error:
            raise SinkError(_said(error)) from error
        except Exception as error:
            raise PassingError(_said(error)) from error


def _together(system: Any, placed: Sequence[tuple[str, bytes]]) -> None:
    with system.transaction:
        for path, content in placed:
            with system.open(path, "wb") as file:
                file.write(content)


def _said(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or repr(error)

"""A folder as a sink: a path, or `file:///path`."""

from __future__ import annotations

from pathlib import Path

from reporter.outputs import Whole
from reporter.publish.sinks import Delivery, SinkError

__all__ = ["Folder"]


class Folder:
    """Writes the files of a report below a folder, all of them or none."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when something is written."""
        self._folder = folder
        self.name = str(folder)

    def send(self, delivery: Delivery) -> str:
        """Write every file; raises `SinkError`, and then the earlier ones are still there."""
        count = 0
        try:
            with Whole() as whole:
                for name, content in delivery.files():
                    whole.add(self._folder / name, content)
                    count += 1
        except OSError as error:
            raise SinkError(f"nothing was written: {error.strerror or error}") from error
        return f"files: {count}"

"""Shows on stderr what happens to each host while collecting."""

from __future__ import annotations

import os
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text

from reporter.collect import HostDone
from reporter.render.terminal import safe

__all__ = ["Progress"]

_MARKS = {
    "collected": ("✅", "green"),
    "partial": ("⚠️ ", "yellow"),
    "unreachable": ("❌", "red"),
    "failed": ("❌", "red"),
}
_SHOWN_RUNNING = 5


class Progress:
    """A line for each host that is through; on a terminal, one live line for those under way.

    Off a terminal only hosts that were not collected are worth a line.
    """

    def __init__(self, verbosity: int = 0, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._verbosity = verbosity
        self._begun: dict[str, float] = {}
        self._through = 0
        self._live = (
            Live(console=self._console, transient=True, refresh_per_second=8)
            if self._console.is_terminal and os.environ.get("TERM") != "dumb"
            else None
        )

    def __enter__(self) -> Progress:
        """Begin to show."""
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the live line."""
        if self._live:
            self._live.stop()

    def started(self, host: str) -> None:
        """Note that collecting the host began."""
        self._begun[host] = time.monotonic()
        self._show()

    def done(self, result: HostDone) -> None:
        """Show what became of the host."""
        begun = self._begun.pop(result.host, None)
        self._through += 1
        took = f" {time.monotonic() - begun:.1f} s" if begun is not None else ""
        if self._live or result.status != "collected":
            mark, style = _MARKS.get(result.status, ("❓", "yellow"))
            reason = f": {safe(result.reason)}" if result.reason else ""
            line = f"{mark} {safe(result.host)} {result.status}{took}{reason}"
            self._console.print(Text(line, style=style), soft_wrap=True)
        self._show()

    def output(self, line: str) -> None:
        """Show what Ansible said, when asked to be verbose."""
        if self._verbosity:
            self._console.print(Text(safe(line)), soft_wrap=True)

    def _show(self) -> None:
        if not self._live:
            return
        running = sorted(self._begun)
        shown = ", ".join(safe(host) for host in running[:_SHOWN_RUNNING])
        more = f" and {len(running) - _SHOWN_RUNNING} more" if len(running) > _SHOWN_RUNNING else ""
        self._live.update(Text(f"… {self._through} through, collecting {shown}{more}"))

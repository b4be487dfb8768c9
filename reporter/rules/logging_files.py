"""Rule on log files that grow and that nobody rotates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Verdict
from reporter.messages import text
from reporter.parsers.logging_files import Closed, LogFile, LogFiles
from reporter.parsers.logging_rotation_config import RotationConfig
from reporter.recorded import recorded
from reporter.rules.host_figures import size
from reporter.rules.times import at

__all__ = ["growing_logs"]

FILES = text("Log files")

LARGE = 100 * 1024**2
"""Bytes from which a log file is large."""

GROWS = 7 * 86400
"""A file written within this many seconds is still growing."""

FIXED = frozenset({"faillog", "lastlog", "tallylog"})
"""Indexed by user id: sparse, as large as the highest id makes them, and not rotated."""

OWN = ("/var/log/audit/", "/var/log/atop/", "/var/log/sa/", "/var/log/sysstat/")
"""What is written there is rotated by the program that writes it."""


@rule(
    section="logging",
    component=FILES,
    needs=("log_files", "rotation_config"),
    worst="P3",
    if_ignored=text("the disk fills up"),
    subjects=lambda profiles: ("/var/log",),
)
def growing_logs(
    host: HostContext, log_files: LogFiles, rotation_config: RotationConfig
) -> Iterator[Verdict]:
    """Log files that are large, still written to, and named by no pattern of logrotate.

    Means: degraded, P3, for each file under /var/log of 100 MiB or more that was written to in
    the last seven days and that no pattern rotates; ok where there is none. What a rotation left
    (`.1`, `.gz`, a date in the name) counts as the file it was. Where the configuration could
    not be read in full, a file without a pattern is unknown; so is a folder that was not looked
    into.

    Why: this is how a disk fills over months: a service that writes its own file, and a snippet
    in /etc/logrotate.d that was forgotten or names the wrong path.

    Evidence: logging_files (/var/log, three folders deep, files of 10 MiB and more),
    logging_rotation_config.

    Limits: a program that rotates its own files under other names is not known, save auditd,
    atop and sysstat; lastlog and its like are sparse and left out, the journal has a rule of its
    own. Logs outside /var/log are not seen. That a pattern names the file does not prove that it
    is rotated: that is log_rotation's to say.

    Source: logrotate(8), glob(7).
    """
    yield from (_closed(item) for item in log_files.closed if not _is_own(item.path + "/"))
    large = [item for item in log_files.files if _is_large(item)]
    unrotated = [item for item in large if rotation_config.pattern_for(item.path) is None]
    growing = [item for item in unrotated if _grows(item, host.collected_at)]
    for item in growing:
        yield _unrotated(item, rotation_config)
    if not growing:
        yield Verdict(
            subject="/var/log",
            status="ok",
            component=FILES,
            message=text(
                "no growing file of {least} or more is left without rotation; {large} are as "
                "large, of which logrotate knows {known}",
                least=size(LARGE),
                large=len(large),
                known=len(large) - len(unrotated),
            ),
            citations=(log_files.cited, rotation_config.cited),
        )


def _is_large(item: LogFile) -> bool:
    name = PurePosixPath(item.path).name
    return item.size >= LARGE and name not in FIXED and not _is_own(item.path)


def _is_own(path: str) -> bool:
    return path.startswith(OWN)


def _grows(item: LogFile, now: float) -> bool:
    return item.modified is None or now - item.modified <= GROWS


def _unrotated(item: LogFile, config: RotationConfig) -> Verdict:
    when = at(item.modified) if item.modified is not None else text("an unknown time")
    if config.gaps:
        return Verdict(
            subject=item.path,
            status="unknown",
            running="unknown",
            component=FILES,
            message=text(
                "{path} holds {size}; whether logrotate rotates it is not known",
                path=item.path,
                size=size(item.size),
            ),
            citations=(item.cited, config.cited),
            missing=tuple(Missing(config.cited.record, gap) for gap in config.gaps),
        )
    return Verdict(
        subject=item.path,
        status="degraded",
        severity="P3",
        component=FILES,
        message=text(
            "{path} holds {size}, was written to at {when}, and no pattern of logrotate names it",
            path=item.path,
            size=size(item.size),
            when=when,
        ),
        citations=(item.cited, config.cited),
    )


def _closed(item: Closed) -> Verdict:
    return Verdict(
        subject=item.path,
        status="unknown",
        running="unknown",
        component=FILES,
        message=text(
            "{path} was not looked into: {reason}", path=item.path, reason=recorded(item.reason)
        ),
        citations=(item.cited,),
        missing=(Missing(item.cited.record, text("{reason}", reason=recorded(item.reason))),),
    )

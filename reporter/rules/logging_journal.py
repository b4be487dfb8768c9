"""Rules on the journal: its size and where it is kept, and what its rate limit dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reporter.engine import HostContext, rule
from reporter.findings import Citation, Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.host_disks import FileSystem, FileSystems
from reporter.parsers.logging_journal import Dropped, JournalConfig, JournalFiles, Suppressed
from reporter.rules.host_figures import size
from reporter.rules.times import at, span

__all__ = ["journal_drops", "journal_room"]

JOURNAL = text("Journal")
DROPS = text("Dropped messages")

MIB = 1024**2
GIB = 1024**3
SUBJECT = "journal"

SHARE = 10
"""Without a limit of its own the journal may take this share of its file system, in percent ..."""

MOST = 4 * GIB
"""... and no more than this."""

FILE_MOST = 128 * MIB
"""The size at which journald begins a new file, unless it is told otherwise."""

FULL, LEFT = 90, 25 * GIB
"""A file system is nearly full at this share in percent while less than so much is left."""

CAUSE = 25
"""The journal is a cause of it from this share of what is in use, in percent."""


@dataclass(frozen=True)
class Journal:
    """The journal that is written now, the room it may take and the file system it is on.

    `prefix` begins the names of the settings that hold for it: System or Runtime.
    """

    files: JournalFiles
    prefix: str
    config: JournalConfig
    storage: FileSystem

    @property
    def limit(self) -> int:
        """How much its files may take, in bytes."""
        default = min(self.storage.size * SHARE // 100, MOST)
        return self.config.size(f"{self.prefix}MaxUse") or default

    @property
    def slack(self) -> int:
        """How far it may be over: a file that is written to is never removed."""
        file_most = self.config.size(f"{self.prefix}MaxFileSize") or FILE_MOST
        return self.files.active * file_most

    @property
    def over(self) -> bool:
        """Whether it is larger than it may be."""
        return self.files.size > self.limit + self.slack

    @property
    def fills(self) -> bool:
        """Whether its file system is nearly full, and the journal a good part of it."""
        full = self.storage.percent >= FULL and self.storage.available < LEFT
        return full and self.files.size * 100 >= self.storage.used * CAUSE

    @property
    def citations(self) -> tuple[Citation, ...]:
        """What this is read from."""
        return (self.files.cited, self.config.cited, self.storage.cited)


@rule(
    section="logging",
    component=JOURNAL,
    needs=("journal_config", "journal_persistent", "journal_volatile", "filesystems"),
    worst="P3",
    if_ignored=text("the journal does not reach back to the next failure's beginning"),
    subjects=lambda profiles: (SUBJECT,),
)
def journal_room(
    journal_config: JournalConfig,
    journal_persistent: JournalFiles,
    journal_volatile: JournalFiles,
    filesystems: FileSystems,
) -> Iterator[Verdict]:
    """Where the journal is kept, how large it is, how large it may grow.

    Means: ok with the figures, and degraded (P3) where

        its files are larger than SystemMaxUse= (RuntimeMaxUse= in memory) allows, or than the
        default of 10 % of the file system and at most 4 GiB, by more than the files that are
        written to may hold
        its file system is 90 % full with less than 25 GiB left, and the journal takes a quarter
        of what is in use
        Storage=persistent, and it is kept in memory only

    A journal in memory is ok and said to be: it is gone with the next boot.

    Why: a journal that grows past its limit fills the disk; one that is lost at boot cannot tell
    why the host went down.

    Evidence: logging_journal_persistent and logging_journal_volatile (names and sizes of the
    files), logging_journal_config, host_filesystems.

    Limits: how old the oldest entry is comes from the name of the oldest archived file; entries
    before the first archive are not looked at. A folder bound from another file system is taken
    for a part of the one above it. Namespaces of the journal (LogNamespace=) count
    to the size, and their own configuration is not read.

    Source: journald.conf(5), systemd-journald.service(8).
    """
    config = journal_config
    if journal_persistent.files:
        files, prefix = journal_persistent, "System"
    else:
        files, prefix = journal_volatile, "Runtime"
    if not files.files:
        yield _none(config, (journal_persistent, journal_volatile))
        return
    storage = _storage(files.folder, filesystems)
    if storage is None:
        yield _unmeasured(files, config)
        return
    yield _judge(Journal(files, prefix, config, storage))


def _judge(journal: Journal) -> Verdict:
    unkept = journal.config.storage == "persistent" and journal.prefix == "Runtime"
    wrong = unkept or journal.over or journal.fills
    return Verdict(
        subject=SUBJECT,
        status="degraded" if wrong else "ok",
        severity="P3" if wrong else None,
        running="yes",
        component=JOURNAL,
        message=_message(journal, unkept),
        details=tuple(_details(journal)),
        citations=journal.citations,
    )


def _message(journal: Journal, unkept: bool) -> Text:
    figures = text(
        "the journal takes {size} in {folder} (files: {files}), of {limit} it may take",
        size=size(journal.files.size),
        files=journal.files.files,
        folder=journal.files.folder,
        limit=size(journal.limit),
    )
    if unkept:
        return text(
            "{figures}; Storage=persistent asks for it on disk, and it is kept in memory only",
            figures=figures,
        )
    if journal.over:
        return text("{figures}: journald does not keep to its limit", figures=figures)
    if journal.fills:
        return text(
            "{figures}: it is much of the {used} on {mount}, of which {percent} % is in use",
            figures=figures,
            used=size(journal.storage.used),
            mount=journal.storage.mount,
            percent=journal.storage.percent,
        )
    return figures


def _details(journal: Journal) -> Iterator[Text]:
    if journal.prefix == "Runtime":
        yield text("it is kept in memory, and gone with the next boot")
    if journal.files.oldest is not None:
        yield text("its oldest archived entry is of {when}", when=at(journal.files.oldest))
    kept = journal.config.values.get("MaxRetentionSec")
    if kept:
        yield text("entries are kept for {span} at most (MaxRetentionSec=)", span=kept)
    for name, value in journal.config.values.items():
        if name.startswith("RateLimit") or name == "Storage":
            yield text("{name}={value} is set", name=name, value=value)


def _none(config: JournalConfig, looked: tuple[JournalFiles, ...]) -> Verdict:
    off = config.storage == "none"
    return Verdict(
        subject=SUBJECT,
        status="ok" if off else "unknown",
        running="no" if off else "unknown",
        component=JOURNAL,
        message=text("no journal is kept: Storage=none is set")
        if off
        else text("no file of the journal was found, on disk or in memory"),
        citations=(*(files.cited for files in looked), config.cited),
        missing=()
        if off
        else tuple(Missing(files.cited.record, text("no journal there")) for files in looked),
    )


def _unmeasured(files: JournalFiles, config: JournalConfig) -> Verdict:
    reason = text("no measured file system holds {folder}", folder=files.folder)
    return Verdict(
        subject=SUBJECT,
        status="unknown",
        running="unknown",
        component=JOURNAL,
        message=text(
            "the journal takes {size} in {folder}; how much it may take is not known",
            size=size(files.size),
            folder=files.folder,
        ),
        citations=(files.cited, config.cited),
        missing=(Missing("host_filesystems", reason),),
    )


def _storage(folder: str, filesystems: FileSystems) -> FileSystem | None:
    """Return the measured file system a folder is on; None where a mount between is unknown."""
    measured = {item.mount: item for item in filesystems.measured}
    mounts = {*measured, *(item.mount for item in filesystems.unmeasured)}
    above = [mount for mount in mounts if (folder + "/").startswith(mount.rstrip("/") + "/")]
    return measured.get(max(above, key=len, default=""))


@rule(
    section="logging",
    component=DROPS,
    needs=("suppressed",),
    worst="P3",
    if_ignored=text("the messages that would explain the next failure are missing"),
    subjects=lambda profiles: ("rate limit",),
)
def journal_drops(host: HostContext, suppressed: Suppressed) -> Iterator[Verdict]:
    """Whether journald dropped messages because a unit wrote too many in too short a time.

    Means: degraded, P3, for each unit with the number of messages lost and when; ok where
    nothing was dropped in the time that was looked at. Nothing is ok where the journal may not
    be read.

    Why: what was dropped is missing from every later search, most of all when a service fails
    and floods the log with the reason.

    Evidence: logging_suppressed, the entries journald writes by MESSAGE_ID
    a596d6fe7bfa4994828e72309e95d61e; N_DROPPED counts the messages.

    Limits: journald writes the entry when the unit logs again after the interval: what was
    dropped at the very end may not be counted yet. A journal in memory, or one that was rotated
    away, no longer shows what happened. rsyslog has a limit of its own, which is not looked at.

    Source: journald.conf(5) on RateLimitIntervalSec=, journald-rate-limit.c.
    """
    within = span(suppressed.window) if suppressed.window else text("all of the journal")
    if not suppressed.by_unit:
        yield Verdict(
            subject="rate limit",
            status="ok",
            component=DROPS,
            message=text("journald's rate limit dropped nothing within {within}", within=within),
            citations=(Citation(suppressed.record),),
        )
    for unit in sorted(suppressed.by_unit):
        owner = host.profiles.owner(unit)
        yield Verdict(
            subject=unit,
            status="degraded",
            severity="P3",
            component=DROPS,
            application=owner.name if owner else None,
            message=_lost(suppressed.by_unit[unit], suppressed.more, within),
            citations=(suppressed.cite(unit),),
        )


def _lost(found: Dropped, more: bool, within: str | Text) -> Text:
    count = text("at least {count}", count=found.messages) if more else str(found.messages)
    if found.times == 1:
        return text(
            "{unit}: journald's rate limit dropped {count} messages at {last} (within {within})",
            unit=found.unit,
            count=count,
            last=at(found.last),
            within=within,
        )
    return text(
        "{unit}: journald's rate limit dropped {count} messages, {times} times from {first} to "
        "{last} (within {within})",
        unit=found.unit,
        count=count,
        times=found.times,
        first=at(found.first),
        last=at(found.last),
        within=within,
    )

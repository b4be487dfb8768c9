"""Rule on the files a profile says an application needs."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.facts import Each
from reporter.findings import Verdict
from reporter.messages import text
from reporter.parsers.named_files import NamedFiles
from reporter.profile import Profiles
from reporter.rules.file_view import file_answer

__all__ = ["expected_files"]

EXPECTED = text("Expected files")


def _expected(profiles: Profiles) -> tuple[str, ...]:
    return profiles.expected_files()


@rule(
    section="config",
    component=EXPECTED,
    needs=("named_files",),
    worst="P2",
    if_ignored=text("what needs the file fails, or works without it"),
    subjects=_expected,
    escalates=True,
    subjects_only=True,
)
def expected_files(host: HostContext, named_files: Each[NamedFiles]) -> Iterator[Verdict]:
    """The files an application's profile expects (`expected_files`): whether they are there.

    Means: ok where the path is there, whatever it is (a file, a folder, a socket), or at least one
    fits the pattern. Down where none is, or it is a symlink that leads nowhere: P2, or as bad as
    the component that lists the file among its `files` says. Degraded (P2) where a regular file
    is empty, or some of those that fit a pattern are, or lead nowhere. Unknown where it was not
    looked at, or the system refused to say (permission denied, and where).

    Why: a database, a certificate or a socket that is gone stops the application the next time it
    is needed, and until then nothing shows.

    Evidence: files_expected, the metadata of what the profile names. No file is opened.

    Limits: that a file is there does not say that what is in it is right, nor that somebody
    listens at a socket. What fits in a folder that may not be searched is not seen. Sizes below
    /proc and /sys are not judged.

    Source: inode(7), stat(2).
    """
    for path in host.profiles.expected_files():
        answer = file_answer(path, named_files)
        owner = host.profiles.file_owner(path)
        severity = host.profiles.file_severity(path, "P2")
        message = answer.message
        if answer.status == "down":
            message = text(
                "{said}, although {application} needs it",
                said=message,
                application=owner.title if owner else "?",
            )
        yield Verdict(
            subject=path,
            status=answer.status,
            component=EXPECTED,
            message=message,
            severity={"down": severity, "degraded": "P2"}.get(answer.status),
            application=owner.name if owner else None,
            citations=answer.citations,
            missing=answer.missing,
        )

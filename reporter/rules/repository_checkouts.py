"""Rule on the git checkouts that services run from."""

from __future__ import annotations

from collections.abc import Iterator

from reporter.engine import HostContext, rule
from reporter.findings import Missing, Verdict
from reporter.messages import Text, text
from reporter.parsers.repository_checkouts import Checkout, Checkouts
from reporter.recorded import recorded

__all__ = ["checkout_state"]

CHECKOUTS = text("Checkouts")

_COMMIT = 12


@rule(
    section="repository",
    component=CHECKOUTS,
    needs=("checkouts",),
    worst="P3",
    if_ignored=text(
        "what runs cannot be told from the repository, and the next deployment overwrites it"
    ),
)
def checkout_state(host: HostContext, checkouts: Checkouts) -> Iterator[Verdict]:
    """The git checkouts that services run from, or that lie in declared folders.

    Means: ok with branch, commit, remote and owner; degraded (P3) where tracked files differ from
    what was checked out, or where another checkout of the same project (the same remote) on this
    host is at another commit; unknown where git's files cannot be read or tracked files not be
    looked at, and for a folder of a service's program that cannot be looked into.

    Why: a change made on the host alone is in no review and is lost with the next deployment; of
    two checkouts at different commits one is not what people believe to run.

    Evidence: repository_checkouts: .git/HEAD, refs, packed-refs, config and index, read as files.
    git itself is not run: a checkout's own configuration may name programs for it to start.

    Limits: files that are not tracked, staged changes and commits not pushed are not looked for. A
    file that a filter (line ends, LFS) changes and whose time was touched may look changed.

    Source: gitrepository-layout(5), gitformat-index(5).
    """
    for checkout in checkouts:
        yield _judged(host, checkout, checkouts)
    for folder, why in sorted(checkouts.closed.items()):
        reason = text("{folder}: {why}", folder=folder, why=recorded(why))
        yield Verdict(
            subject=folder,
            status="unknown",
            running="na",
            component=CHECKOUTS,
            message=text("whether a checkout is there is not known: {reason}", reason=reason),
            missing=(Missing(checkouts.record, reason),),
        )


def _judged(host: HostContext, checkout: Checkout, checkouts: Checkouts) -> Verdict:
    others = [one for one in checkouts if one is not checkout and _same_project(one, checkout)]
    apart = [one for one in others if one.commit != checkout.commit]
    remote = next((checkout.remotes[name] for name in sorted(checkout.remotes)), None)
    missing = _missing(checkout, checkouts)
    bad = bool(checkout.dirty or apart)
    what = text(
        "{path}: {branch} at {commit}, owned by {owner}",
        path=checkout.path,
        branch=checkout.branch or text("no branch"),
        commit=(checkout.commit or "?")[:_COMMIT],
        owner=checkout.owner or "?",
    )
    if checkout.dirty:
        what = text(
            "{what}; {dirty} of {tracked} tracked files differ from what was checked out",
            what=what,
            dirty=checkout.dirty,
            tracked=checkout.tracked or 0,
        )
    elif missing:
        what = text(
            "{what}; whether it was changed is not known: {why}", what=what, why=missing[0].reason
        )
    return Verdict(
        subject=checkout.path,
        status="degraded" if bad else "unknown" if missing else "ok",
        severity="P3" if bad else None,
        running="na",
        component=CHECKOUTS,
        connected_to=(remote,) if remote else (),
        message=what,
        details=(*_changes(checkout), *_others(others)),
        citations=(checkouts.cite(checkout, *others),),
        missing=missing,
    )


def _same_project(one: Checkout, other: Checkout) -> bool:
    return bool(
        set(map(_project, one.remotes.values())) & set(map(_project, other.remotes.values()))
    )


def _project(url: str) -> str:
    """Return what is the same of a remote's address however it is reached.

    >>> _project("https://example.org/a/app.git"), _project("example.org:a/app")
    ('example.org/a/app', 'example.org/a/app')
    """
    bare = url.partition("://")[2] or url.replace(":", "/", 1)
    return bare.removesuffix("/").removesuffix(".git").lower()


def _missing(checkout: Checkout, checkouts: Checkouts) -> tuple[Missing, ...]:
    if checkout.error is not None:
        return (Missing(checkouts.record, text("{error}", error=recorded(checkout.error))),)
    if checkout.refused:
        path, why = min(checkout.refused.items())
        reason = text(
            "not all tracked files were compared, such as {path}: {why}",
            path=f"{checkout.path}/{path}",
            why=recorded(why),
        )
        return (Missing(checkouts.record, reason),)
    if checkout.dirty is None or not checkout.complete:
        return (Missing(checkouts.record, text("not all tracked files were compared")),)
    return ()


def _changes(checkout: Checkout) -> Iterator[Text]:
    for said, paths in (
        (text("changed: {paths}"), checkout.modified),
        (text("missing: {paths}"), checkout.deleted),
    ):
        if paths:
            shown = ", ".join(paths[:12])
            more = len(paths) - 12
            yield said.filled(paths=f"{shown}, +{more}" if more > 0 else shown)


def _others(others: list[Checkout]) -> Iterator[Text]:
    for one in others:
        yield text(
            "the same project is also at {path} ({commit})",
            path=one.path,
            commit=(one.commit or "?")[:_COMMIT],
        )

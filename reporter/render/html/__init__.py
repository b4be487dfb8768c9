"""The report as HTML: one file a host that needs nothing else, and an index over several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reporter.messages import EN, Catalogue
from reporter.render.html.common import common_of
from reporter.render.html.environment import Pages
from reporter.render.html.fleet import Fleet, summary_of
from reporter.render.html.host import host_page
from reporter.report import HostReport, Report
from truthmap_control.archive import bundle_name

__all__ = ["INDEX", "render"]

INDEX = "report.html"
"""The page one begins at: the host's own, or the one over several."""


def render(report: Report, catalogue: Catalogue = EN) -> str | Mapping[str, str]:
    """Return the page of the one host; or, of several, all pages by the names of their files.

    The pages of several hosts are made when they are asked for, one at a time.
    """
    pages = Pages(catalogue)
    if len(report.hosts) == 1 and not report.unreachable:
        return _page(report.hosts[0], report, pages, index=None)
    return _Folder(report, pages)


class _Folder(Mapping[str, str]):
    """The files of a report over several hosts, by name: the index, and a page for each host."""

    def __init__(self, report: Report, pages: Pages) -> None:
        self._report = report
        self._pages = pages
        self._hosts = {_name(host.host): host for host in report.hosts}

    def __getitem__(self, name: str) -> str:
        """Return one file."""
        if name == INDEX:
            return self._index()
        return _page(self._hosts[name], self._report, self._pages, index=f"../{INDEX}")

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        yield INDEX
        yield from self._hosts

    def __len__(self) -> int:
        """Return how many files there are."""
        return 1 + len(self._hosts)

    def _index(self) -> str:
        report = self._report
        fleet = Fleet(run=report.run, digest=report.digest, complete=report.complete)
        for name, host in self._hosts.items():
            fleet.add(summary_of(host, name))
        addresses = {host.host: name for name, host in self._hosts.items()}
        return fleet.page(self._pages, report.unreachable, common_of(report, addresses))


def _page(host: HostReport, report: Report, pages: Pages, *, index: str | None) -> str:
    return host_page(host, report, pages, index=index)


def _name(host: str) -> str:
    """Return the name of a host's page: safe on any file system, and in an address."""
    return f"hosts/{bundle_name(host).removesuffix('.json')}.html"

"""All surveys of a host, what is missing of them, and what their streams are called."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from reporter.findings import Missing
from reporter.parsers.redis_types import Group, Stream, Survey
from reporter.rules.redis_view import Server

__all__ = ["USUAL", "Surveys", "subject_of_group"]

USUAL = "127.0.0.1:6379"
"""Streams in database 0 of the server here go by their bare names."""

_SEPARATOR = "/"


@dataclass(frozen=True)
class Surveys:
    """The servers of a host, ordered by endpoint, with their surveys.

    `gaps` say why there may be servers, or parts of them, that are not in it: then a stream that
    is not in it may still exist.
    """

    servers: tuple[Server, ...]
    gaps: tuple[Missing, ...]

    @property
    def all(self) -> tuple[Survey, ...]:
        """The surveys there are."""
        return tuple(server.survey for server in self.servers if server.survey)

    def __iter__(self) -> Iterator[tuple[Survey, Stream]]:
        """Iterate over every stream with the survey that saw it, in the surveys' order."""
        return (
            (survey, stream)
            for survey in self.all
            for stream in sorted(survey.streams, key=lambda one: (one.db, one.name))
        )

    @cached_property
    def copies(self) -> frozenset[str]:
        """The endpoints of replicas of another server of this host: their streams are its."""
        return frozenset(one.endpoint for one in self.servers if self._is_copy(one))

    def _is_copy(self, server: Server) -> bool:
        info = server.survey.info if server.survey else {}
        if server.remote or info.get("role") != "slave":
            return False
        primary, port = info.get("master_host", ""), info.get("master_port", "?")
        own = server.endpoint.rpartition(":")[0].strip("[]")
        if not _is_loopback(primary) and primary != own:
            return False
        others = (one for one in self.servers if not one.remote and one is not server)
        return any(one.endpoint.rpartition(":")[2] == port for one in others)

    def subject(self, survey: Survey, stream: Stream) -> str:
        """Return what a finding about the stream is about: unique on the host."""
        return self._subjects[survey.endpoint, stream.db, stream.name]

    @cached_property
    def _subjects(self) -> Mapping[tuple[str, int, str], str]:
        """Name the streams; one that is called like another's subject gets a number."""
        given: dict[tuple[str, int, str], str] = {}
        taken: set[str] = set()
        ordered = sorted(self, key=lambda pair: _place(pair[0], pair[1]) == "")
        for survey, stream in ordered:
            shown = plain = _place(survey, stream) + stream.name
            number = 2
            while shown in taken:
                shown = f"{plain} ({number})"
                number += 1
            taken.add(shown)
            given[survey.endpoint, stream.db, stream.name] = shown
        return given


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _place(survey: Survey, stream: Stream) -> str:
    database = f"db{stream.db}{_SEPARATOR}" if stream.db else ""
    server = "" if survey.endpoint == USUAL else f"{survey.endpoint}{_SEPARATOR}"
    return server + database


def subject_of_group(subject: str, group: Group) -> str:
    """Return what a finding about a group of the stream is about."""
    return f"{subject}{_SEPARATOR}{group.name}"

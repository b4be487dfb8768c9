"""Values as `systemctl show` prints them."""

from __future__ import annotations

import math

import pytest

from reporter.parsers.systemd_values import (
    NEVER,
    Command,
    boolean,
    command,
    duration,
    integer,
    moment,
    words,
)


class TestValues:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("Sun 2026-11-22 10:44:12 UTC", 1795344252.0),
            ("Sun 2026-11-22 10:44:12.500000 UTC", 1795344252.5),
            ("@1795344252", 1795344252.0),
            ("", NEVER),
            ("n/a", NEVER),
            ("0", NEVER),
            ("Sun 2026-11-22 11:44:12 CET", None),
            ("yesterday", None),
        ],
    )
    def test_moment(self, value: str, expected: float | None) -> None:
        assert expected == moment(value)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("5min 3s", 303.0),
            ("1min 30s", 90.0),
            ("100ms", 0.1),
            ("1.500s", 1.5),
            ("2w 3d 1h", 2 * 604800 + 3 * 86400 + 3600.0),
            ("1month 2d", 2629800 + 2 * 86400.0),
            ("infinity", math.inf),
            ("18446744073709551615", math.inf),
            ("0", 0.0),
            ("", None),
            ("soon", None),
            ("5 bananas", None),
        ],
    )
    def test_duration(self, value: str, expected: float | None) -> None:
        assert duration(value) == (pytest.approx(expected) if expected is not None else None)

    @pytest.mark.parametrize(
        ("value", "expected"),
        [("12", 12), ("-1", -1), ("18446744073709551615", None), ("[not set]", None), ("", None)],
    )
    def test_integer(self, value: str, expected: int | None) -> None:
        assert expected == integer(value)

    def test_boolean_and_words(self) -> None:
        assert (boolean("yes"), boolean("no"), boolean("n/a")) == (True, False, None)
        assert words("b.service a.service") == ("a.service", "b.service")

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (
                "{ path=/opt/a ; argv[]=/opt/a --x ; y ; ignore_errors=no ; start_time=[n/a] ; "
                "stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }",
                Command("/opt/a", None, 0),
            ),
            (
                "{ path=/opt/a b ; argv[]=/opt/a b <masked:9> ; ignore_errors=no ; start_time=[x] ;"
                " stop_time=[y] ; pid=7 ; code=exited ; status=203/EXEC }",
                Command("/opt/a b", "exited", 203),
            ),
            (
                "{ path=/a ; argv[]=/a ; flags=no-env-expand ; start_time=[x] ; stop_time=[y] ; "
                "pid=7 ; code=killed ; status=9/KILL }",
                Command("/a", "killed", 9),
            ),
            ("<masked:30>", None),
        ],
    )
    def test_command(self, value: str, expected: Command | None) -> None:
        assert expected == command(value)

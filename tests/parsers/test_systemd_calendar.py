"""The longest wait of a calendar expression, held against what systemd-analyze calendar says."""

from __future__ import annotations

import math
import shutil
import subprocess

import pytest

from reporter.parsers.systemd_calendar import longest_gap

SINCE = 1795564800.0  # 2026-11-25 00:00:00 UTC
HOUR, DAY = 3600.0, 86400.0


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*-*-* 00:00:00", DAY),
        ("*-*-* 06,18:00:00", 12 * HOUR),
        ("*-*-* 06,09:00:00", 21 * HOUR),
        ("*-*-* *:*:00", 60.0),
        ("*-*-* *:*:00/5", 5.0),
        ("*-*-* *:00/15:00", 900.0),
        ("Sun *-*-* 03:10:00", 7 * DAY),
        ("Mon..Fri *-*-* 08..17:00:00", 63 * HOUR),
        ("*-*-01 00:00:00", 31 * DAY),
        ("*-*~01 00:00:00", 31 * DAY),
        ("*-01,07-01 00:00:00", 184 * DAY),
        ("*-01-01 00:00:00", 366 * DAY),
        ("*-*-* 02:30:00 Europe/Oslo", DAY),
        ("2020-01-01 00:00:00", math.inf),
        ("*-02-29 00:00:00", math.inf),
        ("every blue moon", None),
        ("*-*-* 00:00:0/0", None),
    ],
)
def test_the_longest_gap(expression: str, expected: float | None) -> None:
    assert expected == longest_gap(expression, SINCE)


@pytest.mark.parametrize("shorthand", ["minutely", "hourly", "daily", "weekly", "quarterly"])
def test_systemds_own_normal_form_is_read(shorthand: str) -> None:
    """What this machine's systemd makes of a shorthand, where it has one."""
    normal = {
        "minutely": "*-*-* *:*:00",
        "hourly": "*-*-* *:00:00",
        "daily": "*-*-* 00:00:00",
        "weekly": "Mon *-*-* 00:00:00",
        "quarterly": "*-01,04,07,10-01 00:00:00",
    }[shorthand]
    if shutil.which("systemd-analyze"):
        done = subprocess.run(
            ["systemd-analyze", "calendar", shorthand], check=True, capture_output=True, text=True
        )
        shown = dict(
            line.strip().split(": ", 1) for line in done.stdout.splitlines() if ": " in line
        )
        assert normal == shown["Normalized form"]
    assert longest_gap(normal, SINCE) is not None

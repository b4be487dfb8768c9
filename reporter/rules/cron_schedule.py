"""Whether cron can read an entry's moments: the grammar of crontab(5)."""

from __future__ import annotations

import re

from reporter.messages import Text, text

__all__ = ["unreadable"]

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[Text, int, int, dict[str, int]], ...] = (
    (text("minute"), 0, 59, {}),
    (text("hour"), 0, 23, {}),
    (text("day of month"), 1, 31, {}),
    (text("month"), 1, 12, {name: at for at, name in enumerate(_MONTHS, 1)}),
    (text("day of week"), 0, 7, {name: at for at, name in enumerate(_DAYS)}),
)
_NICKNAMES = frozenset(
    ["@reboot", "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]
)
_ITEM = re.compile(r"(?P<range>\*|[0-9a-z]+(?:[-~][0-9a-z]+)?|~)(?:/(?P<step>[0-9]+))?")


def unreadable(schedule: str) -> Text | None:
    """Return the name of the first field that cron cannot read, None if it can read all.

    >>> unreadable("*/5 8-18 * jan,jul mon-fri")
    >>> str(unreadable("61 3 * * *"))
    'minute'
    """
    words = schedule.lower().split()
    if len(words) == 1:
        return None if words[0] in _NICKNAMES else text("nickname")
    for word, (name, least, most, names) in zip(words, _FIELDS, strict=True):
        if not all(_readable(item, least, most, names) for item in word.split(",")):
            return name
    return None


def _readable(item: str, least: int, most: int, names: dict[str, int]) -> bool:
    found = _ITEM.fullmatch(item)
    if found is None or (found["step"] is not None and int(found["step"]) == 0):
        return False
    ends = [end for end in re.split("[-~]", found["range"]) if end and end != "*"]
    numbers = [names.get(end, int(end) if end.isdigit() else -1) for end in ends]
    return all(least <= number <= most for number in numbers) and numbers == sorted(numbers)

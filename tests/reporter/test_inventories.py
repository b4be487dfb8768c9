"""Declared inventories as read: names of streams in texts, names of containers."""

from __future__ import annotations

import pytest

from reporter.inventories import read_inventory, stream_names
from reporter.profile_inventories import Inventory, inventories_of

OWN = ("shop:*", "*")


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("shop:stream:orders", ("shop:stream:orders",)),
        ("shop:stream:orders (publish)", ("shop:stream:orders",)),
        (
            "publish: shop:stream:orders, shop:stream:returns.",
            ("shop:stream:orders", "shop:stream:returns"),
        ),
        ("shop:stream:orders -> other:stream:x", ("shop:stream:orders",)),
        ("reads other:stream:x on redis://h:6379/0 at 12:30", ("other:stream:x",)),
        ("shop:stream:{orders,returns}", ()),
        ("shop:stream:<symbol>", ()),
        ("all of shop:stream:", ()),
        ("shop:known: what was ordered", ("shop:known",)),
        ("returns:", ()),
        ("writes orders", ("orders",)),
        ("writes returns", ()),
        ("returns (consume)", ("returns",)),
        ("returns [group: billing]", ("returns",)),
        ("-", ()),
        ("none", ()),
        ("", ()),
        ("shop:stream:<masked:7>", None),
    ],
)
def test_the_names_in_a_text(said: str, names: tuple[str, ...] | None) -> None:
    """By the profile's patterns, else by the colon, else as known or alone."""
    assert names == stream_names(said, OWN, {"orders", "shop:known"})


def only(**places: str) -> Inventory:
    (found,) = inventories_of([{"path": "/a.yaml", **places}])
    return found


@pytest.mark.parametrize(
    ("places", "container"),
    [
        ({"items": "all.containers"}, "web"),
        ({"items": "all.services"}, None),
        ({"items": "all.services", "container": "docker.name"}, "web-1"),
        ({"items": "all.services", "container": "x-{name}"}, "x-web"),
        ({"items": "all.containers", "container": "docker.none"}, None),
    ],
)
def test_the_name_of_a_container(places: dict[str, str], container: str | None) -> None:
    """Said by the profile, else that of an item in a place called containers."""
    one = "{web: {docker: {name: web-1}}}"
    text = f"all: {{containers: {one}, services: {one}}}"
    (item,) = read_inventory(only(**places), text).items
    assert container == item.container


@pytest.mark.parametrize(("said", "streams"), [("[a, b]", ("a", "b")), ("a", ("a",)), ("{}", ())])
def test_streams_as_a_list_or_one_text(said: str, streams: tuple[str, ...]) -> None:
    """Anything else is none."""
    (item,) = read_inventory(only(items="x", streams="s"), f"x: {{web: {{s: {said}}}}}").items
    assert streams == item.streams

"""The map: everything in its place, and no more than is known."""

from __future__ import annotations

from itertools import pairwise

import pytest

from reporter.findings import Confidence
from reporter.render.html.drawing import Band, Drawing, Link, Spot, Strand, draw, spread
from reporter.render.html.flowmap import FlowMap, flow_maps, unit_prefix
from reporter.report import host_report
from tests.reporter.html_cases import large
from tests.rules.stream_cases import client, consumer, entry, group, host, stream, survey

WRITER, READER = "shop-writer.service", "shop-reader.service"
FAILED = {"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"}
DAY = 86400.0


def only_map(*streams: list[dict[str, object]], **units: object) -> FlowMap:
    """Return the map of a host with these streams, a reader, and a writer in some state."""
    clients = [client(READER, blocked=True)]
    made = host(
        survey(*streams, clients=clients),
        clients=clients,
        units={WRITER: FAILED if units.get("failed") else "active"},
        profile={"units": ["shop-*"], "streams": ["*"]},
    )
    (found,) = flow_maps(host_report(made))
    return found


def joins(drawing: Drawing) -> dict[tuple[str, str], Link]:
    return {
        (line.link.start, line.link.end): line.link for line in drawing.lines if line.link.weight
    }


def read() -> dict[str, object]:
    return group("reader", consumer("c", idle=1), delivered=5.0)


def test_the_map_joins_writer_stream_group_and_reader() -> None:
    """Each by how it is known: claimed, observed, inferred."""
    whole = only_map(stream("a", entry(5.0, source="shop-writer"), groups=[read()])).whole
    found: dict[tuple[str, str], Confidence] = {
        ends: link.confidence for ends, link in joins(whole).items()
    }
    assert found == {
        (f"w:{WRITER}", "s:a"): "claimed",
        ("s:a", "g:a/reader"): "observed",
        ("g:a/reader", f"r:{READER}"): "inferred",
    }
    assert not any(link.hot for link in joins(whole).values())


def test_what_is_not_known_stands_as_not_known() -> None:
    """A stream nobody is known to write, and nobody reads, ends in words on both sides."""
    whole = only_map(stream("a", entry(5.0))).whole
    ghosts = {one.spot.key: str(one.spot.label) for one in whole.spots if one.spot.ghost}
    assert ghosts == {"w?a": "not known", "g?a": "no group"}
    assert joins(whole) == {}


def test_a_causal_chain_is_marked_from_its_cause_to_what_it_starves() -> None:
    """The failed writer, the stream that stands, and what reads it."""
    still = group("reader", consumer("c", idle=1, inactive=3 * DAY), delivered=3 * DAY)
    shown = only_map(
        stream("a", entry(3 * DAY, source="shop-writer"), groups=[still]),
        stream("b", entry(5.0, source="shop-other")),
        failed=True,
    )
    hot = {one.spot.key for one in shown.whole.spots if one.spot.hot}
    assert hot == {f"w:{WRITER}", "s:a", "g:a/reader", f"r:{READER}"}
    assert {ends for ends, link in joins(shown.whole).items() if link.hot} == {
        (f"w:{WRITER}", "s:a"),
        ("s:a", "g:a/reader"),
        ("g:a/reader", f"r:{READER}"),
    }
    assert shown.chains
    states = {one.spot.key: one.spot.status for one in shown.whole.spots}
    assert states[f"w:{WRITER}"] == "down"
    assert states["s:a"] == "degraded"


def test_a_connected_unit_without_a_part_is_named() -> None:
    """It holds a connection; what for is not seen."""
    assert only_map(stream("a", entry(5.0))).idle == (READER,)


def test_few_streams_are_one_picture_and_many_are_drawn_by_layers() -> None:
    """More than forty streams do not fit into one picture."""
    (few,) = flow_maps(host_report(large(streams=40, units=30)))
    (many,) = flow_maps(host_report(large(streams=41, units=30)))
    assert few.parts == ()
    assert [str(title) for title, _ in few.whole.titles] == [
        "ingestion",
        "models",
        "strategy",
        "execution",
        "audit",
    ]
    assert [str(part.title) for part in many.parts] == [str(one) for one, _ in few.whole.titles]
    assert sum(count for part in many.parts for _, count in part.counts) == 41
    drawn = [one.spot.key for part in many.parts for one in part.drawing.spots]
    assert sum(1 for key in drawn if key.startswith("s:")) == 41
    assert all(one.spot.anchor and one.spot.anchor.startswith("map-1-") for one in many.whole.spots)


def test_without_layers_streams_go_by_the_first_word_of_their_names() -> None:
    """A profile that declares nothing still gives a picture that can be read."""
    (found,) = flow_maps(host_report(large(streams=50, units=100, layers=False)))
    assert [str(part.title) for part in found.parts] == [
        "audit…",
        "execution…",
        "ingestion…",
        "models…",
        "strategy…",
    ]


def test_of_a_layer_too_large_to_draw_the_worst_are_drawn() -> None:
    """The others are counted: the truth table has them."""
    (found,) = flow_maps(host_report(large(streams=450, units=60)))
    part = found.parts[0]
    shown = [one.spot.status for one in part.drawing.spots if one.spot.key.startswith("s:")]
    assert len(shown) == 80
    assert part.left_out == 10
    assert shown.count("degraded") == dict(part.counts)["degraded"]


def test_no_two_boxes_of_a_column_overlap() -> None:
    """However many units crowd together."""
    for found in flow_maps(host_report(large(streams=40, units=100))):
        for picture in (found.whole, *(part.drawing for part in found.parts)):
            columns: dict[float, list[float]] = {}
            for one in picture.spots:
                columns.setdefault(one.x, []).append(one.y)
                assert one.height / 2 <= one.y <= picture.height - one.height / 2
                assert one.x + one.width <= picture.width
            for places in columns.values():
                places.sort()
                gaps = [after - before for before, after in pairwise(places)]
                assert all(gap >= one.height for gap in gaps)


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ([], []),
        ([50], [50]),
        ([50, 50], [45, 55]),
        ([0, 0, 0], [5, 15, 25]),
        ([20, 22, 90], [16, 26, 90]),
    ],
)
def test_places_are_as_near_as_others_let_them(wanted: list[float], placed: list[float]) -> None:
    """Ten apart, none before five."""
    assert spread(wanted, 10, 5) == placed


def test_a_long_name_keeps_its_ends() -> None:
    """The middle is left out; the whole name is read out and shown on pointing."""
    name = "beginning" + "-middle" * 10 + "-end"
    spot = Spot(key="s:a", label=name, name=name)
    (placed,) = draw([Band(None, (Strand(spot, ()),))], [], [], []).spots
    assert len(str(placed.label)) <= 34
    assert str(placed.label).startswith("beginning")
    assert str(placed.label).endswith("-end")


@pytest.mark.parametrize(
    ("units", "prefix"),
    [
        (["shop-a.service", "shop-b.service", "shop-c.service"], "shop-"),
        (["shop-a.service", "shop-b.service", "shop-c.service", "cron.service"], "shop-"),
        (["shop-a.service", "shop-b.service"], ""),
        (["a-1.service", "b-1.service", "c-1.service"], ""),
        (["a-1", "a-2", "a-3", "b-1", "b-2", "b-3"], ""),
        ([], ""),
    ],
)
def test_what_most_units_begin_with_is_left_out(units: list[str], prefix: str) -> None:
    """The application's name says nothing where nearly everything has it."""
    assert unit_prefix(units) == prefix

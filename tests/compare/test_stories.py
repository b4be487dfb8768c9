"""What belongs together is told together, the worst first."""

from __future__ import annotations

from reporter.diff.compare import compare
from reporter.diff.model import StateChange
from reporter.diff.side import side_of
from reporter.diff.stories import Story, stories
from reporter.render.diff_text import render
from tests.compare.cases import Machine, later, report_of
from tests.compare.test_diff import STOPPED

PROFILE = {
    "shop": {
        "units": ["shop-*"],
        "expected_ports": [8080],
        "components": {"api": {"title": "API", "units": ["shop-api"], "ports": [8080]}},
    }
}
OLD = Machine(applications=PROFILE)
NEW = OLD.changed(at=later(3600))


def told(old: Machine, new: Machine) -> dict[str | None, list[str]]:
    """Return the stories by what they are about, in their order: ids and things."""
    before, now = side_of(report_of(old)), side_of(report_of(new))
    (found,) = compare(before, now).hosts
    return {story.about: names(story) for story in stories(found, before, now)}


def names(story: Story) -> list[str]:
    return [
        f"{one.how} {one.name}" if isinstance(one, StateChange) else f"{one.how} {one.seen.id}"
        for one in story.changes
    ]


def test_a_unit_that_broke_leads_its_port_and_its_component() -> None:
    """Five changes of one cause, told once."""
    new = NEW.unit("shop-api.service", **STOPPED).changed(ports={})
    assert told(OLD, new) == {
        "shop-api": [
            "broken service_state:shop-api.service",
            "broken expected_ports:port/8080",
            "broken components:shop/api",
            "removed tcp/8080",
        ]
    }


def test_a_unit_stands_for_its_timer_and_its_drop_in_too() -> None:
    """A timer is what starts the service of its name."""
    path = "/etc/systemd/system/shop-nightly.service.d/1.conf"
    new = NEW.changed(
        timers={"shop-nightly.timer": "*-*-* 03:00"}, drop_ins={path: "[Service]\nNice=5\n"}
    )
    assert told(OLD, new) == {"shop-nightly": [f"added {path}", "changed shop-nightly.timer"]}


def test_a_setting_leads_what_is_said_of_it() -> None:
    """Two services, one setting in two values: the file that changed leads."""
    override = "/etc/shop/shop.env"
    new = NEW.changed(env={"LOG_LEVEL": "info", "API_KEY": "#bbbb 16-31"}, env_size=101)
    assert told(OLD, new) == {override: [f"changed {override}"]}


def test_the_worst_story_comes_first_and_what_recovered_last() -> None:
    """A mere change stands between them."""
    old = OLD.unit("shop-worker.service", **STOPPED)
    new = NEW.unit("shop-api.service", **STOPPED).changed(models={"b.pt": "b" * 64})
    assert list(told(old, new)) == ["shop-api", "/srv/models/a.pt", "shop-worker"]


def test_the_page_shows_what_belongs_to_a_story_below_it() -> None:
    """Indented, each with the word for what happened."""
    new = NEW.unit("shop-api.service", **STOPPED).changed(ports={})
    page = render(compare(side_of(report_of(OLD)), side_of(report_of(new))))
    lines = [line for line in page.splitlines() if line.lstrip().startswith(("BROKEN", "REMOVED"))]
    indents = [len(line) - len(line.lstrip()) for line in lines]
    assert indents == [2, 6, 6, 6]
    assert "In short: 3 broken, other changes: 1" in page


def test_a_fleet_in_which_nothing_happened_is_short() -> None:
    """Hosts without a change are one line, the first few by name."""
    machines = [OLD.changed(host=f"web{number:02}") for number in range(14)]
    moved = [*machines[:-1], machines[-1].unit("shop-api.service", **STOPPED)]
    page = render(compare(side_of(report_of(*machines)), side_of(report_of(*moved))))
    assert "web09 and 3 more" in " ".join(page.split())
    assert len(page.splitlines()) < 25

"""What changed in an environment file, as far as the fingerprints' keys let it be known."""

from __future__ import annotations

import pytest

from tests.compare.cases import Machine, later
from tests.compare.test_diff import diff, said

OLD = Machine()
NEW = Machine(at=later(3600))
WRITTEN = {"env_size": 104, "env_written": "2026-02-15T16:30:00.000000Z"}
FILE = "the environment file /etc/shop/shop.env"


def test_with_one_key_the_changed_setting_is_named() -> None:
    """The operator's key, or hosts of one run: equal fingerprints are equal values."""
    new = NEW.changed(env={**OLD.env, "API_KEY": "#bbbb 16-31"}, **WRITTEN)
    host = diff(OLD, new)
    assert said(host) == [f"{FILE} changed: API_KEY has another hidden value"]
    (change,) = host.changes
    assert [(one.trait, one.old, one.new) for one in change.traits] == [
        ("API_KEY", "hidden", "hidden")
    ]


def test_with_two_keys_the_file_is_named_and_what_is_hidden_stays_unknown() -> None:
    """Other fingerprints say nothing, and no setting is accused."""
    new = NEW.changed(env={**OLD.env, "API_KEY": "#bbbb 16-31"}, key_id="k2", **WRITTEN)
    assert said(diff(OLD, new)) == [
        f"{FILE} changed: whether one of its 1 hidden values changed is not known, for the two "
        "runs had different fingerprint keys"
    ]


@pytest.mark.parametrize("key", ["k2", None])
def test_with_two_keys_a_file_nobody_wrote_has_not_changed(key: str | None) -> None:
    """Neither its size nor its time of writing moved; a run without a key's name shares none."""
    new = NEW.changed(env={**OLD.env, "API_KEY": "#bbbb 16-31"}, key_id=key)
    assert said(diff(OLD, new)) == []


def test_with_two_keys_what_is_known_is_named_all_the_same() -> None:
    """Values that may leave the host, settings that came and went, and another length."""
    env = {"LOG_LEVEL": "debug", "API_KEY": "#bbbb 32-63", "DEBUG": "true"}
    new = NEW.changed(env=env, key_id="k2", **WRITTEN)
    assert said(diff(OLD, new)) == [
        f"{FILE} changed: API_KEY has another hidden value; LOG_LEVEL was info, is debug; "
        "added: DEBUG"
    ]


def test_a_file_written_anew_with_the_same_settings_says_so() -> None:
    """A comment changed."""
    assert said(diff(OLD, NEW.changed(**WRITTEN))) == [
        f"{FILE} was written anew; its settings are the same"
    ]


def test_a_touched_file_is_no_difference() -> None:
    """Its time of writing alone moved, and one key shows that no value did."""
    assert said(diff(OLD, NEW.changed(env_written=WRITTEN["env_written"]))) == []

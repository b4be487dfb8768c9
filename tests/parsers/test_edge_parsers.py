"""What front ends' configuration says: addresses, targets, and lines by their numbers."""

from __future__ import annotations

import pytest

from reporter import registry
from reporter.facts import FactStore
from reporter.web.nginx_tree import statements
from reporter.web.types import target
from tests.builders import record
from tests.rules.edge_cases import bundle as planted


@pytest.mark.parametrize(
    ("word", "scheme", "host", "port", "socket", "shown"),
    [
        ("http://127.0.0.1:8001", "", "127.0.0.1", 8001, None, "127.0.0.1:8001"),
        ("http://a.example/<masked:3>", "", "a.example", 80, None, "a.example:80"),
        ("https://<masked:8>@a.example", "", "a.example", 443, None, "a.example:443"),
        ("http://[::1]:82/", "", "::1", 82, None, "[::1]:82"),
        ("127.0.0.1", "http", "127.0.0.1", 80, None, "127.0.0.1:80"),
        ("127.0.0.1", "", "127.0.0.1", None, None, "127.0.0.1"),
        (":8080", "http", "localhost", 8080, None, "localhost:8080"),
        ("9000", "http", "localhost", 9000, None, "localhost:9000"),
        ("unix:/run/a.sock", "", None, None, "/run/a.sock", "unix:/run/a.sock"),
        ("http://unix:/run/a.sock:<masked:1>", "", None, None, "/run/a.sock", "unix:/run/a.sock"),
        ("unix//run/a.sock", "", None, None, "/run/a.sock", "unix:/run/a.sock"),
        ("unix@/run/a.sock", "", None, None, "/run/a.sock", "unix:/run/a.sock"),
        ("http://$backend:81", "", None, None, None, "$backend"),
        ("http://<masked:12>", "", None, None, None, "http://<masked:12>"),
        ("http://a:99999", "", "a", None, None, "a"),
        ("", "", None, None, None, ""),
    ],
)
def test_targets(
    word: str, scheme: str, host: str | None, port: int | None, socket: str | None, shown: str
) -> None:
    found = target(word, scheme)
    assert (found.host, found.port, found.socket, found.shown) == (host, port, socket, shown)


def test_statements_keep_quotes_braces_and_lines() -> None:
    """A brace in quotes is a word; what is left open at the end is closed there."""
    (server,) = statements(
        'server {\nserver_name "~^a{2}$" b;\nlisten 80;\nlocation {\ninclude x;\n'
    )
    assert server.block
    assert [(one.name, one.args, one.line) for one in server.block] == [
        ("server_name", ["~^a{2}$", "b"], 2),
        ("listen", ["80"], 3),
        ("location", [], 4),
    ]
    assert statements("}}\n;;\n{}\n") == []


def test_lines_are_those_of_the_file() -> None:
    store = FactStore(registry.parsers(), planted().evidence, frozenset(["edge_nginx"]))
    nginx = store.get("nginx")
    shop = next(one for one in nginx.sites if one.file.endswith("/shop.conf"))
    assert nginx.cite((shop.file, shop.line)).excerpt == f"{shop.file}:12 server {{"
    assert [one.place for one in shop.passed][:2] == ["/", "/dead/"]
    assert nginx.beside == 2


def test_no_configuration_is_an_answer() -> None:
    kept = [record("edge_nginx", outcome="absent", reason="no file matches")]
    nginx = FactStore(registry.parsers(), kept, frozenset(["edge_nginx"])).get("nginx")
    assert not nginx.present

"""Front ends: what serves, where it passes requests on to, and what its configuration holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders import without
from tests.lab.edge_hosts import SECRETS
from tests.rules.edge_cases import (
    FIXTURES,
    SUITES,
    bad,
    bundle,
    configured,
    findings,
    verdict,
    with_row,
)
from tests.rules.systemd_cases import changed, replaced

WEB = ("web_servers", "web_configuration", "frontend_sites", "proxied_services")
ENABLED = "/etc/nginx/sites-enabled"
LATE = "/etc/nginx/conf.d/late.conf"


@pytest.mark.parametrize("suite", SUITES)
def test_an_untouched_host_raises_nothing(suite: str) -> None:
    seen = {name: one.verdict for name, one in findings(bundle(f"{suite}-untouched")).items()}
    assert {name: one.status for name, one in seen.items()} == {
        "web_servers:none": "ok",
        "container_engines:containers": "ok",
    }
    assert seen["container_engines:containers"].running == "no"


@pytest.mark.parametrize("suite", SUITES)
def test_exactly_what_was_planted_is_found(suite: str) -> None:
    """Each fault once, at its place; the site that works is ok with the unit behind it."""
    host = bundle(f"{suite}-planted")
    spare, twice = (
        f"{ENABLED}/shop.conf~",
        f"nginx/shop.example@*:80,[::]:80 ({ENABLED}/shop.conf~:12)",
    )
    assert bad(host, *WEB) == {
        "web_servers:nginx": ("degraded", "P3"),
        f"web_configuration:nginx/leftover/{ENABLED}/shop.bak": ("degraded", "P3"),
        f"web_configuration:nginx/leftover/{spare}": ("degraded", "P3"),
        f"web_configuration:nginx/conflict/shop.example/{spare}:12": ("degraded", "P3"),
        "web_configuration:nginx/include//etc/nginx/snippets/none.conf": ("degraded", "P2"),
        "web_configuration:nginx/file//etc/nginx/tls/shop.crt": ("degraded", "P2"),
        "frontend_sites:nginx/late.shop.example@*:8106": ("down", "P2"),
        "frontend_sites:nginx/shop.example@*:80,[::]:80": ("degraded", None),
        f"frontend_sites:{twice}": ("degraded", None),
        "proxied_services:127.0.0.1:8102": ("down", "P2"),
        "proxied_services:127.0.0.1:8103": ("down", "P2"),
        "proxied_services:127.0.0.1:8109": ("degraded", "P3"),
        "proxied_services:unix:/run/shop/gone.sock": ("down", "P2"),
        "proxied_services:unix:/run/shop/stale.sock": ("unknown", None),
    }
    secure = verdict(host, "frontend_sites", "nginx/secure.shop.example@*:443")
    assert secure.connected_to == ("127.0.0.1:8101 (shop-api.service)",)
    assert str(secure.message) == (
        "secure.shop.example on *:443 (TLS): / → 127.0.0.1:8101 (shop-api.service)"
    )
    assert f"{ENABLED}/secure.conf:1 server {{" in secure.citations[0].excerpt
    loaded = verdict(host, "web_servers", "nginx")
    assert f"changed since and not loaded: {LATE}" in str(loaded.message)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_no_planted_secret_left_a_host(path: Path) -> None:
    text = path.read_text("utf-8")
    assert [one for one in SECRETS if one in text or one.partition("-")[2] in text] == []


def test_without_root_what_is_not_shown_is_unknown() -> None:
    """Dead targets and leftovers show to anyone; who answers, and since when, does not."""
    seen = {name: one.verdict for name, one in findings(bundle("non-root"), *WEB).items()}
    assert seen["web_servers:nginx"].status == "unknown"
    assert seen["proxied_services:127.0.0.1:8102"].status == "down"
    assert seen["frontend_sites:nginx/secure.shop.example@*:443"].status == "unknown"
    assert seen["frontend_sites:nginx/late.shop.example@*:8106"].status == "down"
    closed = with_row(
        bundle("non-root"),
        "edge_nginx",
        f"{ENABLED}/secure.conf",
        error="Permission denied",
        data="",
    )
    gap = verdict(closed, "web_servers", "nginx/files")
    assert gap.status == "unknown"
    assert f"{ENABLED}/secure.conf: Permission denied" in str(gap.message)


def test_a_server_that_does_not_run() -> None:
    """Enabled: down; not enabled: degraded; its unit gone: nothing but left configuration."""
    quiet = replaced(bundle(), "sockets_open", stdout="tcp LISTEN 0 5 127.0.0.1:8101 *:*\n")
    dead = {"ActiveState": "inactive", "SubState": "dead", "MainPID": "0"}
    stopped = changed(quiet, "nginx.service", **dead)
    found = verdict(stopped, "web_servers", "nginx")
    assert (found.status, found.severity, found.running) == ("down", "P2", "no")
    site = verdict(stopped, "frontend_sites", "nginx/secure.shop.example@*:443")
    assert (site.status, site.severity) == ("down", None)
    off = verdict(
        changed(stopped, "nginx.service", UnitFileState="disabled"), "web_servers", "nginx"
    )
    assert (off.status, off.severity) == ("degraded", "P3")
    gone = changed(quiet, "nginx.service", LoadState="not-found", **dead)
    files = next(one for one in gone.evidence if one.id == "systemd_unit_files").stdout.data
    kept = "".join(f"{line}\n" for line in files.splitlines() if "nginx" not in line)
    gone = replaced(gone, "systemd_unit_files", stdout=kept)
    gone = replaced(
        gone, "sockets_open", stdout='tcp LISTEN 0 5 *:1 *:* users:(("a",pid=1,fd=1))\n'
    )
    left = verdict(gone, "web_servers", "nginx")
    assert (left.status, left.running) == ("ok", "no")
    assert not findings(gone, "frontend_sites")


def test_a_reload_is_told_by_the_processes_that_answer() -> None:
    """Files older than the workers are loaded, though newer than the master."""
    host = bundle()
    for path in (LATE, f"{ENABLED}/shop.bak"):
        host = with_row(host, "edge_nginx", path, mtime="2020-01-01T00:00:00.000000Z")
    assert verdict(host, "web_servers", "nginx").status == "ok"
    assert verdict(without(host, "sockets_processes"), "web_servers", "nginx").status == "ok"
    late = without(bundle(), "sockets_processes")
    assert verdict(late, "web_servers", "nginx").status == "unknown"


def test_includes_in_circles_end(tmp_path: Path) -> None:
    files = {
        "main": "http { include a; server { location / { include b; } } }",
        "a": "include b;\nserver { include a; }",
        "b": "include a;\nlocation / { include b; proxy_pass http://127.0.0.1:1; }",
    }
    seen = findings(configured(tmp_path, files), *WEB)
    circles = [name for name in seen if "/circle/" in name]
    assert circles
    assert {seen[name].verdict.severity for name in circles} == {"P2"}


def test_includes_that_multiply_are_bounded(tmp_path: Path) -> None:
    """Each of thirty files includes the next one twice: a thousand million statements."""
    files = {f"f{at}": f"include f{at + 1};\n" * 2 for at in range(30)}
    files |= {"main": "http { include f0; }", "f30": "server { listen 80; }"}
    found = verdict(configured(tmp_path, files), "web_servers", "nginx/files")
    assert "more than 50000 statements" in str(found.message)


def test_blocks_deep_in_one_another(tmp_path: Path) -> None:
    deep = "location /x {" * 45 + "include deep;" + "}" * 45
    files = {f"d{at}": deep.replace("deep", f"d{at + 1}") for at in range(30)}
    files |= {"main": "http { server { include d0; } }", "d30": "proxy_pass http://127.0.0.1:1;"}
    found = verdict(configured(tmp_path, files), "web_servers", "nginx/files")
    assert "blocks too deep in one another" in str(found.message)
    alone = {"main": "http {" + "location / {" * 10_000 + "}" * 10_001}
    assert findings(configured(tmp_path, alone), *WEB)


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("http { server { listen 80; }", "nginx/syntax/{main}"),
        ("http { } }", "nginx/syntax/{main}"),
        (
            "http { server { listen 80 default_server; } server { listen *:80 default_server; } }",
            "nginx/default/*:80",
        ),
        (
            "http { server { listen 80; } server { listen 0.0.0.0:80; } }",
            "nginx/conflict/_/{main}:1",
        ),
        (
            "http { server { server_name A; } server { server_name a; } }",
            "nginx/conflict/a/{main}:1",
        ),
        ("http { server { ssl_certificate none.pem; } }", "nginx/file/{folder}/none.pem"),
        ("http { include none; }", "nginx/include/{folder}/none"),
    ],
)
def test_what_nginx_stumbles_over(tmp_path: Path, text: str, subject: str) -> None:
    host = configured(tmp_path, {"main": text})
    name = subject.format(main=tmp_path / "main", folder=tmp_path)
    assert verdict(host, "web_configuration", name).status == "degraded"


@pytest.mark.parametrize(
    "text",
    [
        "http { include none/*.conf; server { server_name a; } server { server_name b; } }",
        "http { server { listen 80; server_name a; } server { listen 81; server_name a; } }",
        "http { server { listen 1.2.3.4:80; } server { listen 1.2.3.5:80; } }",
        "http { server { server_name ~a; } server { server_name ~a; } }",
        "http { server { server_name a a; listen 80; listen 80; } }",
    ],
)
def test_what_is_no_fault(tmp_path: Path, text: str) -> None:
    assert bad(configured(tmp_path, {"main": text}), "web_configuration") == {}


@pytest.mark.parametrize(
    ("name", "leftover"),
    [
        ("a.bak", True),
        ("a.conf~", True),
        ("a.conf.orig", True),
        ("a.conf.dpkg-old", True),
        ("a.2024-01-31", True),
        ("a.conf.1", True),
        ("a_old.conf", True),
        ("a-backup.conf", True),
        ("a.conf", False),
        ("default", False),
        ("shop.example.org", False),
        ("10-shop.conf", False),
        ("holdings", False),
        ("api-v2.conf", False),
        ("app-v1.2.conf", False),
        ("203.0.113.5", False),
        ("10.0.0.5.conf", False),
        ("shop.test", False),
    ],
)
def test_what_is_called_a_leftover(tmp_path: Path, name: str, leftover: bool) -> None:
    files = {"main": "http { include on/*; }", f"on/{name}": "server { }"}
    found = bad(configured(tmp_path, files), "web_configuration")
    assert any("/leftover/" in one for one in found) is leftover


def test_a_site_on_a_unix_socket_listens_on_no_port(tmp_path: Path) -> None:
    """Who says `listen unix:…` does not get port 80 as well."""
    text = "http { server { listen unix:/run/a.sock; server_name a; } }"
    assert not [one for one in bad(configured(tmp_path, {"main": text})) if "80" in one]


def test_a_port_that_another_program_holds(tmp_path: Path) -> None:
    host = configured(tmp_path, {"main": "http { server { listen 8101; server_name a; } }"})
    site = verdict(host, "frontend_sites", "nginx/a@*:8101")
    assert (site.status, site.severity) == ("down", "P2")
    assert "port 8101 is held by python3" in str(site.message)


def test_targets_that_are_not_this_hosts_are_not_judged(tmp_path: Path) -> None:
    """Other hosts, names, variables, masked ones: shown where they are, and no finding."""
    passes = ("http://192.0.2.9:1", "http://db.example", "http://$backend", "https://$host:1/x")
    text = "".join(f"location /{at} {{ proxy_pass {one}; }}" for at, one in enumerate(passes))
    text = f"http {{ server {{ listen 80; server_name a; {text} }} }}"
    host = configured(tmp_path, {"main": text})
    assert findings(host, "proxied_services") == {}
    assert verdict(host, "frontend_sites", "nginx/a@*:80").connected_to == (
        "192.0.2.9:1",
        "db.example:80",
        "$backend",
        "$host",
    )


def test_haproxy_and_caddy(tmp_path: Path) -> None:
    """Their front ends are joined with who listens as nginx's are."""
    text = (
        "frontend web\nbind *:80,:9000\ndefault_backend app\nbackend app\n"
        "server a 127.0.0.1:8101 check\nserver b 127.0.0.1:1\nserver c 127.0.0.1:2 backup\n"
    )
    host = configured(tmp_path / "a", {"main": text}, "haproxy")
    assert bad(host, "proxied_services") == {
        "proxied_services:127.0.0.1:1": ("down", "P2"),
        "proxied_services:127.0.0.1:2": ("degraded", "P3"),
    }
    text = (
        "a.example, http://b.example:9000 {\nhandle /api/* {\nreverse_proxy localhost:8101\n}\n"
        "php_fastcgi unix//none.sock\n}\nimport on/*\n"
    )
    files = {"main": text, "on/x.bak": "c.example {\nreverse_proxy :1\n}\n"}
    host = configured(tmp_path / "b", files, "caddy")
    assert set(bad(host, "proxied_services", "web_configuration")) == {
        "proxied_services:localhost:1",
        "proxied_services:unix:/none.sock",
        f"web_configuration:caddy/leftover/{tmp_path}/b/on/x.bak",
    }
    assert verdict(host, "proxied_services", "localhost:8101").connected_to == ("shop-api.service",)


@pytest.mark.parametrize("probe", ["edge_nginx", "edge_caddy", "edge_haproxy"])
def test_rows_of_another_form_are_no_configuration(probe: str) -> None:
    for text in ("[]\n", "{}\n", "nothing\n", '{"path": 3}\n'):
        host = replaced(bundle(), probe, outcome="collected", stdout=text)
        assert findings(host, "web_servers")[f"web_servers:evidence/{probe}"]

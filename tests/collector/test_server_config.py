"""Kind `server_config`: what of a web server's configuration leaves the host, and what does not."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.collector.conftest import Look, Records
from truthmap_collector.web import caddy, haproxy, nginx

SECRET = "Zk93Lw0qTtY7bVxQ"  # noqa: S105 - planted


def probe(root: Path, syntax: str = "nginx", **args: Any) -> dict[str, Any]:
    made = {"syntax": syntax, "roots": [str(root)], "most": 50, **args}
    return {"id": "it", "kind": "server_config", "args": made}


def rows(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = [json.loads(line) for line in record["stdout"]["data"].splitlines()]
    return {Path(row["path"]).name: row for row in found}


NGINX = f"""
# key: {SECRET}
env API_KEY={SECRET};
http {{
    map $http_key $ok {{ "{SECRET}" 1; server_name {SECRET}; default 0; }}
    proxy_set_header Authorization "Bearer {SECRET}";
    resolver 10.0.0.1 {SECRET}=1;
    upstream {SECRET}{SECRET}{SECRET} {{ server a.example:80 route={SECRET} weight=2 backup; }}
    server {{
        listen 80 {SECRET}; listen unix:/run/x.sock; listen {SECRET}:80:80;
        server_name a.example "~^(?<n>\\w{{2}})$";
        auth_basic_user_file /etc/{SECRET};
        ssl_certificate "data:{SECRET}";
        ssl_certificate_key engine:pkcs11:{SECRET};
        if ($arg_key = "{SECRET}") {{ return 200 {SECRET}; }}
        location ~ ^/hook/{SECRET}/ {{
            proxy_pass http://u:{SECRET}@b.example:81/{SECRET}?k={SECRET};
            proxy_pass http://{SECRET}@[::1]:82;
            proxy_pass "http://a.example/{SECRET} {SECRET}";
            proxy_pass http://x:{SECRET}/y@c.example/;
            proxy_pass {SECRET}{SECRET}{SECRET};
            fastcgi_pass unix:/run/y.sock:{SECRET};
            fastcgi_param KEY {SECRET};
            content_by_lua_block {{
                local a = "}}" -- }} listen {SECRET};
                local key = '{SECRET}'
            }}
            more_headers {SECRET} {{ server_name {SECRET}; listen 9; }}
        }}
        set $x "unterminated {SECRET};
        listen {SECRET} ; }}
"""
HAPROXY = f"""
global
    stats socket /run/h.sock level admin
    setenv KEY {SECRET}
frontend web
    bind *:80,:443 ssl crt /etc/h.pem {SECRET}
    http-request set-header Authorization "Bearer {SECRET}"
    use_backend app if {{ path_beg /{SECRET} }}
    stats auth admin:{SECRET}
backend app
    server a 127.0.0.1:8001 check cookie {SECRET}
    server b u:{SECRET}@10.0.0.1:80
    server c unix@/run/c.sock backup
userlist people
    user bob insecure-password {SECRET}
    bind *:99
"""
CADDY = f"""
{{
    email {SECRET}@example.org
}}
(snippet) {{
    header X-Key {SECRET}
}}
a.example,
https://b.example:8443 {{
    tls /etc/a.pem /etc/a.key
    tls {SECRET}@example.org
    basic_auth {{
        bob {SECRET}
    }}
    @key header X-Key {SECRET}
    handle /hook/{SECRET}* {{
        reverse_proxy @key http://u:{SECRET}@c.example:81/{SECRET} 127.0.0.1:8001 {{
            header_up Authorization "Bearer {SECRET}"
            to unix//run/x.sock
        }}
    }}
    respond "{SECRET}" 200
    import sites/*.caddy {SECRET}
}}
"""


@pytest.mark.parametrize(
    ("syntax", "text", "kept"),
    [
        (
            "nginx",
            NGINX,
            [
                "server a.example:80 <masked:22> weight=2 backup;",
                "listen unix:/run/x.sock;",
                'server_name a.example "~^(?<n>\\w{2})$";',
                "proxy_pass http://<masked:18>@b.example:81/<masked:35>;",
                "proxy_pass http://<masked:16>@[::1]:82;",
                "proxy_pass http://a.example/<masked:33>;",
                "fastcgi_pass unix:/run/y.sock:<masked:16>;",
            ],
        ),
        (
            "haproxy",
            HAPROXY,
            ["bind *:80,:443", "use_backend app", "server a 127.0.0.1:8001 check"],
        ),
        (
            "caddy",
            CADDY,
            [
                "a.example https://b.example:8443 {",
                "reverse_proxy http://<masked:18>@c.example:81/<masked:16> 127.0.0.1:8001",
                "to unix//run/x.sock",
                "import sites/*.caddy",
            ],
        ),
    ],
)
def test_secrets_stay_and_directives_leave(
    look: Look, tmp_path: Path, syntax: str, text: str, kept: list[str]
) -> None:
    """Of headers, maps, logins, paths, comments and blocks that are not known nothing leaves."""
    path = tmp_path / "main.conf"
    path.write_text(text)
    record = look(probe(path, syntax))["it"]
    assert record["outcome"] == "collected"
    assert SECRET not in json.dumps(record)
    row = rows(record)["main.conf"]
    lines = row["data"].splitlines()
    assert [line for line in kept if line not in lines] == []
    assert len(lines) == len(row["lines"])
    assert row["left_out"] > 3
    assert "99" not in row["data"]


def test_the_files_that_are_included_are_read_in_their_turn(look: Look, tmp_path: Path) -> None:
    """Paths are relative to the main file; what a pattern matches is named; links are followed."""
    (tmp_path / "sites").mkdir()
    (tmp_path / "main.conf").write_text("http { include sites/*; include none.conf; }")
    (tmp_path / "sites" / "a").write_text("server { include main.conf; include deeper; }")
    (tmp_path / "deeper").write_text("listen 80;\nssl_certificate tls/x.pem;\n")
    (tmp_path / "sites" / "b").symlink_to(tmp_path / "gone")
    (tmp_path / "beside").write_text("listen 81;")
    record = look(probe(tmp_path / "main.conf", globs=[f"{tmp_path}/*"]))["it"]
    found = rows(record)
    assert set(found) == {"main.conf", "a", "b", "deeper", "beside"}
    assert [one["paths"] for one in found["main.conf"]["includes"]] == [
        [f"{tmp_path}/sites/a", f"{tmp_path}/sites/b"],
        [],
    ]
    assert found["b"]["error"] == "No such file or directory"
    (certificate,) = found["deeper"]["references"]
    assert certificate == {
        "line": 2,
        "directive": "ssl_certificate",
        "path": f"{tmp_path}/tls/x.pem",
        "error": "No such file or directory",
    }
    assert [name for name, row in found.items() if row["root"]] == ["main.conf"]


def test_sockets_that_listen_are_told_from_files_of_sockets(look: Look, tmp_path: Path) -> None:
    alive, stale = tmp_path / "alive.sock", tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
        one.bind(str(alive))
        one.listen()
        other.bind(str(stale))
        passes = "".join(
            f"location /{p.name} {{ proxy_pass http://unix:{p}; }}" for p in (alive, stale)
        )
        (tmp_path / "main.conf").write_text(f"server {{ {passes} }}")
        record = look(probe(tmp_path / "main.conf"))["it"]
    references = rows(record)["main.conf"]["references"]
    assert [(Path(one["path"]).name, one["listening"]) for one in references] == [
        ("alive.sock", True),
        ("stale.sock", False),
    ]


@pytest.mark.parametrize("reduce", [nginx.reduce, caddy.reduce, haproxy.reduce])
@pytest.mark.parametrize(
    "text",
    [
        "{" * 400_000,
        "}" * 400_000,
        "server {" * 60_000,
        "x {\n" * 100_000,
        '"' + "\\a" * 200_000,
        "\\" * 400_001,
        "${a" * 150_000,
        "a;" * 200_000,
        "'" * 400_000,
        "content_by_lua_block {" + "[[-" * 130_000,
        "content_by_lua_block {" + "--[[" * 100_000,
        "listen 80;\n" * 40_000,
        "\x00\xff\n" * 100_000,
        "a, \n" * 100_000,
        "`" * 400_000,
    ],
    ids=range(15),
)
def test_hostile_text_takes_no_time_and_no_room(reduce: Callable[..., Any], text: str) -> None:
    began = time.monotonic()
    reduced = reduce(text, 10_000)
    assert time.monotonic() - began < 8
    assert len(reduced.data) < 25_000


def test_large_binary_and_odd_files(look: Look, tmp_path: Path) -> None:
    """Ten megabytes are read at their beginning; a folder, a fifo and bytes are no obstacle."""
    (tmp_path / "big").write_text("listen 80;\n" + "# filler\n" * 1_200_000)
    (tmp_path / "bytes").write_bytes(b"listen 81;\n" + bytes(range(256)) * 100)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    names = "".join(f"include {name};" for name in ("big", "bytes", "folder", "fifo"))
    (tmp_path / "main.conf").write_text(names)
    found = rows(look(probe(tmp_path / "main.conf"))["it"])
    assert found["big"]["truncated"] is True
    assert found["big"]["data"] == "listen 80;\n"
    assert found["bytes"]["data"].startswith("listen 81;\n")
    assert "not a regular file but a directory" in found["folder"]["error"]
    assert "not a regular file but a fifo" in found["fifo"]["error"]


def test_more_files_than_may_be_read(look: Look, tmp_path: Path) -> None:
    (tmp_path / "main.conf").write_text("include *.x;")
    for number in range(5):
        (tmp_path / f"{number}.x").write_text("listen 80;")
    record = look(probe(tmp_path / "main.conf", most=3))["it"]
    assert len(rows(record)) == 2  # the first line of a cut output may be half a line
    assert record["stdout"]["truncated"] is True
    assert "not read, limit: " in record["stderr"]["data"]


def test_what_may_not_be_read_is_denied_with_its_path(
    look_as_nobody: Callable[..., Records], public: Path
) -> None:
    main, closed = public / "main.conf", public / "closed.conf"
    main.write_text("http { include closed.conf; include secret/*; }")
    closed.write_text("listen 80;")
    closed.chmod(0o600)
    (public / "secret").mkdir(mode=0o700)
    record = look_as_nobody(probe(main))["it"]
    found = rows(record)
    assert found["closed.conf"]["error"] == "Permission denied"
    assert found["main.conf"]["includes"][1]["denied"] == [f"{public}/secret"]
    alone = look_as_nobody(probe(closed))["it"]
    assert alone["outcome"] == "denied"
    inside = look_as_nobody(probe(public / "secret" / "x"))["it"]
    assert (inside["outcome"], inside["reason"]) == (
        "denied",
        f"may not be searched: {public}/secret",
    )


def test_no_configuration_is_an_answer(look: Look, tmp_path: Path) -> None:
    assert look(probe(tmp_path / "none"))["it"]["outcome"] == "absent"

"""A host with nginx of its suite before a small shop, and what goes wrong with front ends.

Every value of `SECRETS` stands somewhere in the configuration, and must never leave the host.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from .access import Access
from .hosts import LabHost, Recipe

__all__ = ["EDGE_PROFILE", "SECRETS", "edge_recipe"]

SECRETS = (
    "hdr-Zk93Lw0qTtY7bVxQ",
    "map-9fJ2kPq7XwLm4RsT",
    "urlpw-H7sKq2ZxB4nM",
    "pathtok-8gTq5LzVw3KxPm",
    "query-Yx6Bn2QvR8tLkW",
    "basic-Qw8z5LmN3vTxHd",
    "comment-Jq4Xw9ZpLs7T",
    "location-aZ81kQx7LwPv93Tm",
    "setvar-Mw7Xq3LpZ9vKt2",
    "luablock-Kp3Zx8QwLm5T",
)
"""Header, map, URL login, path and query of a URL, password, comment, location, variable."""

EDGE_PROFILE = {
    "title": "Shop",
    "units": ["shop-*"],
    "expected_ports": [80],
    "listeners": {
        443: {"unit": "nginx"},
        8101: {"address": "loopback", "unit": "shop-api"},
        8104: {"address": "loopback"},
        8105: {"unit": "nginx"},
        8107: None,
    },
    "loopback_ports": [8101, 8104, 6379],
}

_LISTEN = """\
import os, signal, socket, sys
kept = []
for word in sys.argv[1:]:
    if word.startswith("/"):
        one = socket.socket(socket.AF_UNIX)
        if os.path.exists(word):
            os.unlink(word)
        one.bind(word)
        if not word.endswith("stale.sock"):
            one.listen(8)
    else:
        host, port = word.split(",")
        one = socket.create_server((host, int(port)))
    kept.append(one)
signal.pause()
"""

_SITE = f"""\
# comment-{SECRETS[6].partition("-")[2]}: the old key was {SECRETS[6]}
map $http_x_key $allowed {{
    default 0;
    "{SECRETS[1]}" 1;
}}
upstream pool {{
    server 127.0.0.1:8101 weight=2;
    server 127.0.0.1:8102;
    server 127.0.0.1:8109 backup;
    keepalive 4;
}}
server {{
    listen 80;
    listen [::]:80;
    server_name shop.example www.shop.example;
    set $upstream_key "{SECRETS[8]}";
    auth_basic "{SECRETS[5]}";
    location / {{
        proxy_set_header Authorization "Bearer {SECRETS[0]}";
        proxy_pass http://pool;
    }}
    location /dead/ {{ proxy_pass http://127.0.0.1:8103/v1/{SECRETS[3]}?key={SECRETS[4]}; }}
    location /hook/{SECRETS[7]} {{ proxy_pass http://192.0.2.7:8080/; }}
    location /app/ {{ proxy_pass http://unix:/run/shop/app.sock:/; }}
    location /gone/ {{ proxy_pass http://unix:/run/shop/gone.sock; }}
    location /stale/ {{ proxy_pass http://unix:/run/shop/stale.sock; }}
}}
"""
_SECURE = """\
server {
    listen 443 ssl;
    server_name secure.shop.example;
    ssl_certificate /etc/nginx/tls/shop.crt;
    ssl_certificate_key /etc/nginx/tls/shop.key;
    location / { proxy_pass http://127.0.0.1:8101; }
}
"""
_LATE = f"""\
server {{
    listen 8106;
    server_name late.shop.example;
    include /etc/nginx/snippets/none.conf;
    location / {{ proxy_pass http://bot:{SECRETS[2]}@192.0.2.7:8080/; }}
    content_by_lua_block {{ local key = "{SECRETS[9]} }}" }}
}}
"""
_UNIT = """\
[Unit]
Description=Shop: {name}
[Service]
User=nobody
RuntimeDirectory=shop
RuntimeDirectoryPreserve=yes
ExecStart=/usr/bin/python3 /opt/shop/listen.py {words}
[Install]
WantedBy=multi-user.target
"""
_UNITS = {
    "shop-api": "127.0.0.1,8101 /run/shop/app.sock /run/shop/stale.sock",
    "shop-open": "0.0.0.0,8104 0.0.0.0,8105 0.0.0.0,8108",
}


def edge_recipe(suite: str = "bookworm") -> Recipe:
    """nginx before two services, with a leftover, a conflict, dead targets and a change not loaded.

    Its packages come from the suite's mirror.
    """
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    return Recipe(suite, setup=_set_up, version=version)


def _set_up(host: LabHost) -> None:
    key, certificate = Access(host.ssh_config.parent).authority.issue(host.name)
    files = {
        "/opt/shop/listen.py": (_LISTEN, 0o644),
        "/etc/nginx/sites-available/shop": (_SITE, 0o644),
        "/etc/nginx/sites-enabled/secure.conf": (_SECURE, 0o644),
        "/etc/nginx/sites-enabled/shop.bak": (_SECURE.replace("443 ssl", "80"), 0o644),
        "/etc/nginx/tls/shop.crt": (certificate, 0o644),
        "/etc/nginx/tls/shop.key": (key, 0o600),
    }
    files.update(
        (f"/etc/systemd/system/{name}.service", (_UNIT.format(name=name, words=words), 0o644))
        for name, words in _UNITS.items()
    )
    install = "apt-get -qq update && apt-get -qq install -y --no-install-recommends nginx-light"
    host.run(f"export DEBIAN_FRONTEND=noninteractive; {install}", timeout=300)
    host.put_files(files)
    leftover = _SITE.replace("www.shop.example", "old.shop.example").replace(
        "upstream pool", "upstream old"
    )
    leftover = leftover.replace("$allowed", "$old_allowed")
    host.put("/etc/nginx/sites-enabled/shop.conf~", leftover)
    host.run(
        "rm /etc/nginx/sites-enabled/default && cd /etc/nginx/sites-enabled && "
        "ln -s ../sites-available/shop shop.conf && systemctl daemon-reload && "
        "systemctl --quiet enable --now shop-api shop-open && nginx -t && "
        "systemctl restart nginx && sleep 4"
    )
    # From here on nginx would refuse to load what is there; it runs on with what it has.
    host.put("/etc/nginx/conf.d/late.conf", _LATE)
    host.run("mv /etc/nginx/tls/shop.crt /srv/shop.crt")

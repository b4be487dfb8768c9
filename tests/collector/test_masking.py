"""Secret values never leave the host; what an auditor needs to read does."""

import base64
import json
import random
import re
import string
import time
import uuid
from collections.abc import Callable

import pytest

from truthmap_collector.masking import Masker

MASKER = Masker(["quantum-x8Kd92Lq.service", "zq9xKv7.stream", "a8f3b2c91d", "hunter2"])

# Texts of which nothing is masked.
KEPT = [
    # systemd
    "Scheduled restart job, restart counter is at 5.",
    "quantum-rl-trainer.service: Main process exited, code=exited, status=203/EXEC",
    "quantum-rl-trainer.service: Failed with result 'exit-code'.",
    "Failed at step EXEC spawning /opt/x/bin/python: No such file or directory",
    "quantum-token-refresh.service: Deactivated successfully.",
    "quantum-p28a3-latency-proof.timer: Consumed 1min 2.345s CPU time, 12.5M memory peak.",
    "Started session-5.scope - Session 5 of User root.",
    "Listening on dbus.socket - D-Bus System Message Bus Socket.",
    "Started getty@tty1.service - Getty on tty1.",
    "user@1000.service: Killing process 812 (python3) with signal SIGKILL.",
    "Start request repeated too quickly.",
    "A start job for unit nginx.service has finished successfully.",
    # sshd, sudo, cron, kernel
    "sshd[812]: Failed password for invalid user admin from 10.0.0.5 port 50122 ssh2",
    "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)",
    "pam_unix(sudo:auth): authentication failure; logname= uid=1000 euid=1000 tty=/dev/pts/1",
    "Connection closed by 2001:db8::1 port 50122 [preauth]",
    "ssh-agent[12]: started",
    "(root) CMD (/usr/local/bin/backup --full >/dev/null 2>&1)",
    "Out of memory: Killed process 812 (python3) total-vm:123456kB, anon-rss:65536kB",
    "eth0: Link is Up - 1000Mbps/Full",
    # redis
    "1234:M 12 Nov 2026 10:44:12.123 * Background saving started by pid 42",
    "Ready to accept connections tcp",
    "db0:keys=65407,expires=2467,avg_ttl=0",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair or user is disabled.",
    "1739612345678-0 harvest.intent trade.closed ai.decision.made",
    # nginx and HTTP
    '10.0.0.1 - - [12/Nov/2026:10:44:12 +0000] "GET /api/v1/orders HTTP/1.1" 200 612 "-" "curl/7.88.1"',
    "upstream timed out (110: Connection timed out) while reading response header from upstream",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0",
    "https://api.binance.com:443/fapi/v1/klines",
    # applications
    "dummy fallback, no model for NHiTS and PatchTST on BTCUSDT, 1000PEPEUSDT",
    "Loaded model /home/qt/quantum_trader/models/patchtst_v4_20260213_021550.pth in 2.5s",
    "Traceback (most recent call last):",
    '  File "/opt/x/main.py", line 12, in <module>',
    "KeyError: 'BTCUSDT'",
    "redis.exceptions.AuthenticationError: invalid username-password pair",
    "ModuleNotFoundError: No module named 'redis'",
    "loss=0.0123 lr=1.5e-05 epoch=12/100 95%",
    "level=info ts=2026-11-22T10:44:12.123456+00:00 msg='listening' addr=127.0.0.1:6379",
    "don't; it's done. What?! (yes) -> no => ok == fine",
    # command lines
    "/usr/bin/python3 -u -m uvicorn app.main:app --host 0.0.0.0 --port 8000 --workers=4",
    "/usr/bin/java -Xmx512m -jar /opt/app/server.jar -config /etc/app.conf",
    "redis-cli -h 127.0.0.1 -p 6379 -n 0 xinfo stream quantum:stream:trade.intent",
    "journalctl -u quantum-ai-engine --since 2026-11-22 --no-pager",
    "gunicorn -w 4 -b 127.0.0.1:8001 app:app",
    "/usr/bin/find /var/log -name *.gz -mtime +7 -delete",
    # tables of tools
    'ESTAB 0 0 [::1]:6379 [::1]:50122 users:(("redis-server",pid=812,fd=6))',
    "LISTEN 0 4096 127.0.0.53%lo:53 0.0.0.0:*",
    "/dev/sda1 20G 12G 7.1G 63% /",
    "Linux 6.8.0-90-generic x86_64 GNU/Linux",
    "python3.11:amd64 3.11.2-6+deb12u6 <none>",
    "10:44:12 up 12 days, 3:02, 1 user, load average: 0.00, 0.01, 0.05",
    # identifiers, also when they look random
    "quantum-x8Kd92Lq.service: started; zq9xKv7.stream, [a8f3b2c91d] group=a8f3b2c91d.",
    # other letters, signs, colours, nothing
    "tjenesten kunne ikke startes: får ikke låst fila",
    "● nginx.service → running ✅ … └─812 nginx",
    "\x1b[31mERROR\x1b[0m failed",
    "",
    " \t\r\n\0",
]

# (text, expected): what is masked stands as its length.
MIXED = [
    # names that announce a secret
    ("password=hunter more", "password=<masked:6> more"),
    ("--password hunter --port 6379", "--password <masked:6> --port 6379"),
    ("--password=1234 --verbose", "--password=<masked:4> --verbose"),
    ("--db-password 'a b c' x", "--db-password '<masked:5>' x"),
    ("--require-pass\nhunter\n--port\n1", "--require-pass\n<masked:6>\n--port\n1"),
    ("PGPASSWORD=bridge psql -w", "PGPASSWORD=<masked:6> psql -w"),
    ("DB_PASS = correct horse, battery", "DB_PASS = <masked:22>"),
    ("dbPassword: bridge", "dbPassword: <masked:6>"),
    ("user_pwd:bridge ok", "user_pwd:<masked:6> ok"),
    ("Passord: hest", "Passord: <masked:4>"),
    ("API-Key: alpha", "API-Key: <masked:5>"),
    ("x-api-key:alpha", "x-api-key:<masked:5>"),
    ("access_key=alpha,level=info", "access_key=<masked:16>"),
    ("the password is bridge.", "the password is <masked:6>."),
    ("password for bob was changed to bridge", "password for bob was changed to <masked:6>"),
    ("password is correct horse", "password is <masked:7> <masked:5>"),
    ("requirepass bridge\nport 6379", "requirepass <masked:6>\nport 6379"),
    ("AUTH bridge", "AUTH <masked:6>"),
    ("login bob password bridge", "login bob password <masked:6>"),
    ("invalid token 'bridge egg' in line 5", "invalid token '<masked:10>' in line 5"),
    ("Authorization: Bearer bridge", "Authorization: <masked:13>"),
    ("Authorization=Bearer bridge ok", "Authorization=<masked:13> ok"),
    ("Cookie: a=b; c=d", "Cookie: <masked:8>"),
    (
        'curl -H "Authorization: Bearer bridge" http://localhost/x',
        'curl -H "Authorization: <masked:13>" http://localhost/x',
    ),
    ("sh -c 'PASSWORD=a b; run'", "sh -c 'PASSWORD=<masked:8>'"),
    ("-e 'password=a b' ok", "-e 'password=<masked:3>' ok"),
    ("<password>bridge egg</password>", "<password><masked:10></password>"),
    ("password:\n  bridge\nnext", "password:\n  <masked:6>\nnext"),
    ("$_POST['password'] = 'bridge';", "$_POST['password'] = '<masked:6>';"),
    ("ssh-agent: bridge", "ssh-agent: bridge"),
    ("secret-tool[12]: bridge", "secret-tool[12]: <masked:6>"),
    ("MASTER_KEY 5", "MASTER_KEY 5"),  # a weak name in prose
    ("token_count=5 max_tokens=5", "token_count=5 max_tokens=<masked:1>"),
    ("password_file=/run/x.conf", "password_file=/run/x.conf"),
    # JSON, Python, SQL, quoting
    (
        '{"password": "x y", "user": "bob", "n": 5}',
        '{"password": "<masked:3>", "user": "bob", "n": 5}',
    ),
    ('{"password":1234,"user":"bob"}', '{"password":<masked:4>,"user":"bob"}'),
    ("{'token': ['a b', 'c'], 'user': 'bob'}", "{'token': <masked:12>, 'user': 'bob'}"),
    (r'"{\"password\": \"x \\\" y\"}"', r'"{\"password\": \"<masked:7>\"}"'),
    ('{"password": "x\\"y z"}', '{"password": "<masked:6>"}'),
    ('password="a b"c d', "password=<masked:6> d"),
    ("IDENTIFIED BY PASSWORD 'it''s x'", "IDENTIFIED BY PASSWORD <masked:9>"),
    (
        '[{"name": "DB_PASSWORD", "value": "bridge"}]',
        '[{"name": "DB_PASSWORD", "value": "<masked:6>"}]',
    ),
    ("['x', '--password', 'bridge', '--host', 'localhost']",) * 1
    + ("['x', '--password', '<masked:6>', '--host', 'localhost']",),
    ('["AUTH","bridge"]', '["AUTH","<masked:6>"]'),
    ('password="unclosed bridge', "password=<masked:16>"),
    # command lines: risky letters, glued values, programs' own habits
    ("redis-cli -a bridge -p 6379 ping", "redis-cli -a <masked:6> -p 6379 ping"),
    ("mysql -u root -pbridge -h db", "mysql -u root -p<masked:6> -h db"),
    ("sshpass -p bridge ssh -p 2222 x", "sshpass -p <masked:6> ssh -p 2222 x"),
    ("curl -u bob:bridge --user bob:egg x", "curl -u <masked:10> --user <masked:7> x"),
    (
        "docker run --user 1000:1000 -p 8080:80 -e A=b",
        "docker run --user 1000:1000 -p 8080:80 -e A=b",
    ),
    ("keytool -storepass bridge -alias x", "keytool -storepass <masked:6> -a<masked:4> x"),
    ("ACL SETUSER bob on >bridge ~* +@all", "ACL SETUSER bob on ><masked:6> ~* +@all"),
    (
        "redis-server\0--requirepass\0a b\0--port\0001",
        "redis-server\0--requirepass\0<masked:3>\0--port\0001",
    ),
    ("x\0--token=a b\0y", "x\0--token=<masked:3>\0y"),
    ("java -Dpassword=bridge -Dapp.name=trader", "java -Dpassword=<masked:6> -Dapp.name=trader"),
    ("docker run --env=PASSWORD=bridge img", "docker run --env=PASSWORD=<masked:6> img"),
    # URLs, addresses, connection strings
    ("redis://user:p@ss/w@10.0.0.1:6379/0", "redis://<masked:11>@10.0.0.1:6379/0"),
    ("redis://:bridge@localhost", "redis://<masked:7>@localhost"),
    ("http://bob:bridge@[::1]:80/x", "http://<masked:10>@[::1]:80/x"),
    (
        "https://x.example.com/a?b=c&token=d",
        "https://x.example.com/a?b=<masked:1>&token=<masked:1>",
    ),
    ("GET /x?token=abc&a=b HTTP/1.1", "GET /x?token=<masked:7> HTTP/1.1"),
    ("GET /x?page=2 ok", "GET /x?page=<masked:1> ok"),
    (
        "https://hooks.example.com/services/T0A1B2C3D/x8Kd92Lq",
        "https://hooks.example.com/services/<masked:9>/<masked:8>",
    ),
    ("postgres://u:p@db/x?mode=off", "postgres://<masked:3>@db/x?mode=<masked:3>"),
    ("Server=db;Uid=bob;Pwd=bridge;", "Server=db;Uid=bob;Pwd=<masked:6>;"),
    ("mail from bob@example.com sent", "mail from <masked:15> sent"),
    # shapes
    ("got x8Kd92Lq here", "got <masked:8> here"),
    ("AKIAIOSFODNN7EXAMPLE", "<masked:20>"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123", "<masked:48>"),
    ("pin Summer2024! wolf77", "pin <masked:10>! <masked:6>"),
    ("x aB3$kL9!mQ2 y", "x <masked:11> y"),
    ("x kX9(mQ;2v|Lz y", "x <masked:12> y"),
    ("xkqjzvwp", "<masked:8>"),
    ("4111111111111111 4111-1111-1111-1111", "<masked:16> <masked:19>"),
    ("oid=x8Kd92Lq,sym=BTC", "oid=<masked:8>,sym=BTC"),
    ("/opt/x/x8Kd92LqPw/bin", "/opt/x/<masked:10>/bin"),
    ("models/x8Kd92LqPw.pt", "<masked:20>"),
    ("key.fingerprint SHA256:nThbg6kXUpJWGl7E1IGOCspRomTx", "key.fingerprint SHA256:<masked:28>"),
    ("--x8Kd92Lq=5", "--<masked:8>=5"),
    ("x [104,117,110,116,101,114,50,33] y", "x <masked:31> y"),
    ("пароль", "<masked:6>"),
    ("pass\u200bword=bridge", "<masked:9>=<masked:6>"),
    ("hun\u200bter dra\u202egon", "<masked:7> <masked:7>"),
    ("\ud800x \ufdd0y", "<masked:2> <masked:2>"),
    # keys in blocks, whole and cut
    ("a -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- b", "a <masked:65> b"),
    ("a -----BEGIN PRIVATE KEY-----\nword word", "a <masked:37>"),
    ('{"pem": "-----BEGIN X-----\\nMII\\n-----END X-----\\n"}', '{"pem": "<masked:39>\\n"}'),
    # markers: kept, and no way to smuggle
    ("<masked:12> password=<masked:3>", "<masked:12> password=<masked:3>"),
    ("<masked:12>secretXYZ9", "<masked:21>"),
    ("bridge<masked:1>", "<masked:16>"),
    ("<masked:4929123412341234>", "<masked:<masked:16>>"),
    # identifiers, but in the place of a secret
    ("password=hunter2 hunter2", "password=<masked:7> hunter2"),
    ("--token hunter2", "--token <masked:7>"),
]


@pytest.mark.parametrize("text", KEPT)
def test_kept(text: str) -> None:
    """Ordinary text passes unchanged."""
    assert (text, 0) == MASKER.text(text)


@pytest.mark.parametrize(("text", "expected"), MIXED)
def test_mixed(text: str, expected: str) -> None:
    """What may be a secret is masked, and its surroundings stay."""
    got, count = MASKER.text(text)
    assert expected == got
    new = expected.count("<masked:") - len(re.findall(r"<masked:\d{1,8}>", text))
    assert count >= max(new, int(expected != text))


@pytest.mark.parametrize("text", KEPT + [text for text, _ in MIXED])
def test_idempotent(text: str) -> None:
    """Masking what is masked changes nothing and counts nothing."""
    once, _ = MASKER.text(text)
    assert (once, 0) == MASKER.text(once)

"""Secret values never leave the host; what an auditor needs to read does."""

import base64
import json
import random
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
    "session-manager[12]: started",
    "app --password --verbose",
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
    '10.0.0.1 - - [12/Nov/2026:10:44:12 +0000] "GET /api/v1/x HTTP/1.1" 200 612 "curl/7.88.1"',
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
    (r'"{\"password\": \"x \\\" y\"}"', r'"{\"password\": \"<masked:8>\"}"'),
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
    ("redis://user:p@ss/w@10.0.0.1:6379/0", "redis://<masked:4>:<masked:6>@10.0.0.1:6379/0"),
    ("redis://:bridge@localhost", "redis://:<masked:6>@localhost"),
    ("postgres://bridge@localhost", "postgres://<masked:6>@localhost"),
    ("redis://:8(bridge)x@h", "redis://:<masked:10>@h"),
    ("http://localhost/x#bridge", "http://localhost/x#<masked:6>"),
    ("http://bob:bridge@[::1]:80/x", "http://<masked:3>:<masked:6>@[::1]:80/x"),
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
    ("postgres://u:p@db/x?mode=off", "postgres://<masked:1>:<masked:1>@db/x?mode=<masked:3>"),
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
    ("GizNAPeEL ethElVDOQD XANGKAcit", "<masked:9> <masked:10> <masked:9>"),
    ("qzxk-wvjp-bqtz", "<masked:14>"),
    ("x8Kd92(ab) (ab,x8Kd92)", "<masked:9>) (<masked:9>)"),
    ("x kq]vb;mx y", "x <masked:8> y"),
    ("/run/ab12c/x8Kd92LqPw/bin", "/run/<masked:5>/<masked:10>/bin"),
    ("xb5ks/fd4bm", "<masked:11>"),
    ("oid=x8Kd92Lq,sym=BTC", "oid=<masked:8>,sym=BTC"),
    ("/opt/x/x8Kd92LqPw/bin", "/opt/x/<masked:10>/bin"),
    ("models/x8Kd92LqPw.pt", "<masked:20>"),
    ("key.fingerprint SHA256:nThbg6kXUpJWGl7E1IGOCspRomTx", "key.fingerprint SHA256:<masked:28>"),
    ("--x8Kd92Lq=5", "--<masked:8>=5"),
    ("x [104,117,110,116,101,114,50,33] y", "x <masked:31> y"),
    ("пароль", "<masked:6>"),
    ("pass\u200bword=bridge", "<masked:9>=<masked:6>"),
    ("to\u200bken=bridge", "<masked:6>=<masked:6>"),
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
    ("config/db/password: bridge", "config/db/password: <masked:6>"),
    ("/etc/db/password: is missing", "/etc/db/password: is missing"),
    ("." * 3000 + 'password="bridge"', '<masked:3009>"<masked:6>"'),
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
    assert (expected != text) == (count > 0)


@pytest.mark.parametrize("text", KEPT + [text for text, _ in MIXED])
def test_idempotent(text: str) -> None:
    """Masking what is masked changes nothing and counts nothing."""
    once, _ = MASKER.text(text)
    assert (once, 0) == MASKER.text(once)


SERVICES = Masker(
    [
        "shop-pymts.service",
        "kvstore@main.service",
        "shop:xqz.refnds",
        "bckup-wjpq7.timer",
        "tnl.service",
        "carts",
    ]
)
"""Of a host with these units, streams and groups."""


@pytest.mark.parametrize(
    "text",
    [
        "shop-payments",  # ordinary, though no name of this host
        "warehouse.analytics",
        "survey_timeline",
        "shop-pymts",  # a unit without its suffix
        "bckup-wjpq7",
        "kvstore@main",
        "pymts",  # what names are made of, alone and joined anew
        "kvstore-pymts",
        "ShopPymts",
        "pymts.xqz",
        "refnds-worker",
        "read by carts of shop:xqz.refnds",
    ],
)
def test_names_of_services(text: str) -> None:
    """What a host's units, streams and groups are made of is no secret there."""
    assert (text, 0) == SERVICES.text(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wjpq7", "<masked:5>"),  # only words of letters are taken out of a name
        ("pymts-xkqjzvwp", "<masked:14>"),
        ("shop-pymtsx8Kd92Lq", "<masked:18>"),
        ("password=pymts token: shop-pymts", "password=<masked:5> token: <masked:10>"),
        ("redis-cli -a shop-pymts ping", "redis-cli -a <masked:10> ping"),
        ("redis-cli -a carts -p 6379", "redis-cli -a <masked:5> -p 6379"),
        ("mysql -u shop -ptnl", "mysql -u shop -p<masked:3>"),
        ("redis://tnl:carts@localhost", "redis://<masked:3>:<masked:5>@localhost"),
    ],
)
def test_names_of_services_hide_no_secret(text: str, expected: str) -> None:
    """A name in the place of a secret is one, and what is joined to a name is judged by itself."""
    assert expected == SERVICES.text(text)[0]


def test_other_hosts_names_are_unknown() -> None:
    """What is kept for one host's names is masked where nothing is called so."""
    for text in ("pymts", "kvstore-pymts", "refnds-worker"):
        assert MASKER.text(text) == (f"<masked:{len(text)}>", 1)


def test_counts_spans() -> None:
    """The count is that of the spans masked now, not of the markers already there."""
    assert MASKER.text("<masked:3> x8Kd92Lq, token=5") == (
        "<masked:3> <masked:8>, token=<masked:1>",
        2,
    )


# Secrets that are no words, planted everywhere.

TEMPLATES = [
    "{}",
    "connecting with {} to 10.0.0.1:6379",
    "got '{}' from upstream",
    'got "{}"',
    r"got \"{}\" escaped",
    "[{}]",
    "({}), done.",
    "the value is {}.",
    "error: {}: no such thing",
    "Nov 22 10:44:12 host app[12]: retry {} in 5s",
    "{} = value",
    "x:{}",
    "user:{}@host",
    "<value>{}</value>",
    "\x1b[31m{}\x1b[0m",
    "● {}→ok",
    # command lines
    "/usr/bin/app --mode {} --port 80",
    "/usr/bin/app --mode={} --port=80",
    "/usr/bin/app -x{}",
    "app\0--mode\0{}\0--verbose",
    "export MODE={}; run",
    "echo {} | sha256sum",
    # logfmt, JSON, Python
    "level=info mode={} port=5",
    '{{"mode": "{}", "n": 1}}',
    '{{"mode":"{}","n":1}}',
    "{{'mode': '{}', 'list': ['{}', 1]}}",
    # where a secret was announced
    "password={}",
    "--password {}",
    "Authorization: Bearer {}",
    'token: "{}"',
    "the password for bob is {}",
    "AUTH {}",
    "redis://:{}@10.0.0.1:6379/0",
    "https://user:{}@localhost:80/x?a=1",
]
ADDRESSES = [
    "https://localhost/x?a={}&b=2",
    "https://localhost/{}/x",
    "/run/user/{}/socket",
    "models/{}.bin",
    "GET /{}?{} HTTP/1.1",
]

_ALNUM = string.ascii_letters + string.digits
_RANDOM = random.Random(20261122)  # noqa: S311 - repeatable, and no secret of anybody's


def _of(alphabet: str, *lengths: int) -> Callable[[], str]:
    return lambda: "".join(_RANDOM.choices(alphabet, k=_RANDOM.choice(lengths)))


def _word_and_digits() -> str:
    word = _RANDOM.choice(["summer", "winter", "hunter", "letmein", "admin", "server", "redis"])
    sign = _RANDOM.choice(["", "", "!", "#"])
    parts = [_RANDOM.choice([word, word.title(), word.upper()]), str(_RANDOM.randrange(100, 99999))]
    return "".join(_RANDOM.sample(parts, 2)) + sign


ALPHABETS: dict[str, Callable[[], str]] = {
    "hex": _of("0123456789abcdef", 16, 20, 32, 40, 64),
    "upper hex": _of("0123456789ABCDEF", 16, 32, 64),
    "base64": lambda: base64.b64encode(_RANDOM.randbytes(_RANDOM.randint(12, 48))).decode(),
    "urlsafe": lambda: base64.urlsafe_b64encode(_RANDOM.randbytes(24)).decode(),
    "base32": lambda: base64.b32encode(_RANDOM.randbytes(20)).decode(),
    "uuid": lambda: str(uuid.UUID(int=_RANDOM.getrandbits(128))),
    "jwt": lambda: ".".join(
        base64.urlsafe_b64encode(_RANDOM.randbytes(size)).decode().rstrip("=") for size in (20, 30)
    ),
    "lower case": _of(string.ascii_lowercase, *range(10, 41)),
    "upper case": _of(string.ascii_uppercase, *range(13, 41)),
    "letters": _of(string.ascii_letters, *range(9, 31)),
    "letters, digits": _of(_ALNUM, *range(8, 31)),
    "card": _of("3456789", 16),
    "words, digits": _word_and_digits,
    "symbols": _of(_ALNUM + "!#$%&*+-./:;<=>?@^_|~,()[]{}", *range(12, 25)),
    "foreign": _of("αβγδεжзиклм0123", 12),
}
# Looser where the place speaks for it: a folder `/run/Hunter939`, odd signs in an address.
NOT_IN_ADDRESSES = {"words, digits", "symbols"}


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_no_secret_leaves(alphabet: str) -> None:
    """A planted secret, or more than a scrap of it, is nowhere in what leaves the host."""
    templates = TEMPLATES + ([] if alphabet in NOT_IN_ADDRESSES else ADDRESSES)
    for _ in range(12):
        secret = ALPHABETS[alphabet]()
        for template in templates:
            text = template.replace("{{", "{").replace("}}", "}").replace("{}", secret)
            masked, count = MASKER.text(text)
            assert secret not in masked, text
            assert count > 0
            assert (masked, 0) == MASKER.text(masked)
            if alphabet not in ("symbols", "base64"):
                scraps = (secret[at : at + 6] for at in range(len(secret) - 5))
                assert not [scrap for scrap in scraps if scrap in masked], text


@pytest.mark.parametrize(("length", "most"), [(8, 0.003), (9, 0.003), (10, 0.001)])
def test_short_lower_case_seldom_passes_for_a_word(length: int, most: float) -> None:
    """How often random letters look like a word is known, and small."""
    draw = _of(string.ascii_lowercase, length)
    passed = sum(MASKER.text(draw())[1] == 0 for _ in range(4000))
    assert passed <= most * 4000


@pytest.mark.parametrize("name", ["password", "DB_PASSWD", "userPwd", "pass", "secret", "token"])
@pytest.mark.parametrize("value", ["bridge", "Bridge", "12", "1.5", "/etc/passwd", "10.0.0.1", "q"])
@pytest.mark.parametrize(
    "form",
    [
        "{n}={v}",
        "{n}:{v}",
        "{n}: {v}",
        "{n} = {v}",
        '"{n}": "{v}"',
        "--{n} {v}",
        "--{n}={v}",
        "{n} is {v}",
        "'{n}', '{v}'",
        "<{n}>{v}</{n}>",
        "{n} => '{v}'",
        "x {n} '{v}' y",
    ],
)
def test_announced(form: str, name: str, value: str) -> None:
    """What a secret name announces is masked whatever it looks like."""
    text = form.format(n=name, v=value)
    expected = form.replace("{v}", f"<masked:{len(value)}>").format(n=name)
    assert (expected, 1) == MASKER.text(text)


NAMES = """
passphrase apikey api_key auth authorization bearer credential cred private session cookie signature
salt dsn webhook accessKey PRIVATE-KEY client.secret X-Auth mySalt jwt otp psk csrf_token hmac nonce
connection_string PHPSESSID passord hemmelighet nøkkel mnemonic sig sid cvv
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_names(name: str) -> None:
    """Every name that suggests a secret masks the plain word after it."""
    assert MASKER.text(f"{name}=bridge x")[0].endswith("=<masked:6> x")
    assert MASKER.text(f'{{"{name}": "bridge"}}')[0].endswith('": "<masked:6>"}')


@pytest.mark.parametrize(
    "name", ["keyboard", "author", "passive", "compass", "tokenizer_path", "keepalive"]
)
def test_harmless_names(name: str) -> None:
    """A name that only looks like one announces nothing."""
    assert (f"{name}=bridge", 0) == MASKER.text(f"{name}=bridge")


# Lines as hosts write them.

LOG = """
2026-05-09 07:29:12 status unpacked libgpg-error-dev:amd64 1.46-1
2026-05-09 07:29:29 status half-configured llvm-14-runtime:amd64 1:14.0.6-12
2026-05-20 16:27:25 status half-installed libc-l10n:all 2.36-9+deb12u14
2026-05-20 16:49:14 status unpacked libegl-dev:amd64 1.6.0-1
2026-09-22 04:45:25 configure libboost-regex1.74.0:amd64 1.74.0+ds1-21 <none>
2026-09-22 04:45:25 status half-configured gettext:amd64 0.21-12
2026-11-22 10:49:09 trigproc libc-bin:amd64 2.36-9+deb12u14 <none>
Start-Date: 2026-06-24  14:36:25
Commandline: apt-get -qqy upgrade
Upgrade: libsystemd0:amd64 (252.36-1~deb12u1, 252.38-1~deb12u1)
Selecting previously unselected package python3.
Preparing to unpack .../000-python3_3.11.2-1+b1_amd64.deb ...
update-alternatives 2026-06-24 14:36:55: link group pager updated to point to /usr/bin/less
systemd[1]: Starting Daily apt upgrade and clean activities...
systemd[1]: apt-daily.service: Deactivated successfully.
systemd[1]: Finished Rotate log files.
systemd[1]: quantum-ai-engine.service: Scheduled restart job, restart counter is at 16699.
systemd[1]: quantum-ai-engine.service: Start request repeated too quickly.
systemd[1]: Failed to start Quantum reinforcement learning trainer.
systemd[1]: Dependency failed for Network is Online.
systemd[1]: quantum-rl-trainer.service: State 'stop-sigterm' timed out. Killing.
systemd[1]: Unit process 812 (python3) remains running after unit stopped.
systemd[1]: /etc/systemd/system/x.service:12: Unknown key name 'Foo' in section 'Service', ignoring.
kernel: Out of memory: Killed process 812 (python3) total-vm:8123456kB, anon-rss:65536kB
kernel: TCP: request_sock_TCP: Possible SYN flooding on port 8000. Sending cookies.
sshd[812]: Received disconnect from 10.0.0.5 port 50122:11: disconnected by user
sshd[812]: Invalid user oracle from 10.0.0.5 port 50122
CRON[812]: (root) CMD (cd / && run-parts --report /etc/cron.hourly)
sudo: bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/systemctl restart nginx
redis-server[812]: 10000 changes in 60 seconds. Saving...
redis-server[812]: DB saved on disk
redis-server[812]: Fork CoW for RDB: current 12 MB, peak 12 MB, average 11 MB
redis-server[812]: Client id=7 addr=10.0.0.1:50122 name= age=12 idle=0 flags=b db=0 closed
nginx[812]: 2026/11/22 10:44:12 [error] 812#812: *1 connect() failed (111: Connection refused)
nginx[812]: upstream: "http://127.0.0.1:8000/api/health", host: "localhost"
ai-engine[812]: WARNING dummy fallback, no model for NHiTS (BTCUSDT), using xgboost and lgbm
ai-engine[812]: INFO Consumed 12 messages from quantum:stream:trade.intent in 0.35s
ai-engine[812]: ERROR redis.exceptions.ConnectionError: Error 111 connecting to 127.0.0.1:6379.
ai-engine[812]: Retrying in 2.5 seconds (attempt 3 of 5)
uvicorn[812]: INFO: 127.0.0.1:50122 - "GET /health HTTP/1.1" 200 OK
python3[812]: TypeError: unsupported operand type(s) for +: 'int' and 'str'
python3[812]: json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
harvest-brain[812]: position ETHUSDT long qty=0.25 entry=2312.5 pnl=-1.25% leverage=5x
logrotate[812]: error: skipping "/var/log/app/app.log" because parent directory is insecure
"""


def test_ordinary_lines_survive() -> None:
    """At least 97 of 100 words of ordinary log lines can still be read."""
    words = LOG.split()
    masked = MASKER.text(LOG)[0].split()
    assert len(words) == len(masked)
    assert sum(map(str.__eq__, words, masked)) / len(words) >= 0.97


# Structured outputs.

EXEC = (
    "{{ path=/usr/bin/x8Kd92Lq ; argv[]={} ; ignore_errors=no ; start_time=[Sun 2026-11-22 10:44:12"
    " UTC] ; stop_time=[n/a] ; pid=12 ; code=(null) ; status=0/0 }}"
)


def test_properties() -> None:
    """Only the values of the named properties are masked, and of a command only its arguments."""
    command = "/usr/bin/x --token bridge ; ignore_errors=no ; --port 80"
    hidden = "/usr/bin/x --token <masked:6> ; ignore_errors=no ; --port 80"
    text = "Id=x8Kd92Lq\nExecStart={}\n\nDescription=x8Kd92Lq\nStatusText=a=b\n"
    expected = "Id=x8Kd92Lq\nExecStart={}\n\nDescription=<masked:8>\nStatusText=a=b\n"
    masked = MASKER.properties(
        text.format(EXEC.format(command)), {"ExecStart", "Description", "StatusText"}
    )
    assert (expected.format(EXEC.format(hidden)), 2) == masked


def test_properties_continued_or_malformed() -> None:
    """A line without a name goes on with the value before it; a cut command is free text."""
    text = "ExecStart={ path=/bin/x ; argv[]=/bin/x x8Kd92Lq\nx8Kd92Lq\n\nx8Kd92Lq"
    expected = "ExecStart={ path=/bin/x ; argv[]=/bin/x <masked:8>\n<masked:8>\n\nx8Kd92Lq"
    assert (expected, 2) == MASKER.properties(text, {"ExecStart"})


def test_json_lines() -> None:
    """The named keys of each object are masked: text, arrays of bytes, arrays of either."""
    entries = [
        {"MESSAGE": "token bridge\ud800", "_PID": "x8Kd92Lq"},
        {"MESSAGE": list(b"token \xffx8Kd92Lq"), "n": None},
        {"MESSAGE": ["x8Kd92Lq", list(b"x8Kd92Lq"), None], "_CMDLINE": {"a": "x8Kd92Lq"}},
        {"MESSAGE": 5, "n": "5"},
    ]
    text = "\n".join(map(json.dumps, entries)) + "\n"
    masked, count = MASKER.json_lines(text, {"MESSAGE", "_CMDLINE"})
    lines = masked.split("\n")
    assert [json.loads(line) for line in lines[:-1]] == [
        {"MESSAGE": "token <masked:7>", "_PID": "x8Kd92Lq"},
        {"MESSAGE": "token <masked:9>", "n": None},
        {"MESSAGE": ["<masked:8>", "<masked:8>", None], "_CMDLINE": '{"a": "<masked:8>"}'},
        {"MESSAGE": 5, "n": "5"},
    ]
    assert lines[-1] == ""
    assert count == 5


@pytest.mark.parametrize(
    "line",
    [
        '{"_PID": "1", "MESSAGE": "got x8Kd92Lq and',  # cut
        '{"MESSAGE": [120,56,75,100,57,50,76,113,120,56,',  # cut in an array of bytes
        "56,75,100,57,50,76,113,120,56]}",  # its other end
        '{"MESSAGE": "x8Kd92Lq", "MESSAGE": "ok"}',  # the first of two
        '"x8Kd92Lq"',
        "[" * 100000 + "x8Kd92Lq",
        '{"MESSAGE": "x8Kd92Lq", "n": ' + "9" * 5000 + "}",
    ],
)
def test_json_lines_malformed(line: str) -> None:
    """A line that is no object, or says a thing twice, gives nothing away."""
    masked, _ = MASKER.json_lines(line, {"MESSAGE"})
    assert "x8Kd92Lq" not in masked
    assert "75,100,57" not in masked


# Hostile input.

_MEGABYTE = 1 << 20


def _mixture() -> str:
    signs = " \n\0=:;,.\"'`\\()[]{}<>/@?&#%-_ab1K\ud800\u200bпø\ufdd0\ufdd1"
    words = ["password", "key", "--token", "-p", "<masked:3>", "http://", "-----BEGIN X-----", "is"]
    pieces = list(signs) + words
    return "".join(_RANDOM.choices(pieces, k=40))


def test_any_text() -> None:
    """No text raises, and what is masked stays as it is."""
    for _ in range(1500):
        text = _mixture()
        once, _count = MASKER.text(text)
        assert (once, 0) == MASKER.text(once), text
        MASKER.properties(text, {"a", "key"})
        MASKER.json_lines(text, {"a", "key"})


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "=",
        ":",
        "a=",
        "a:",
        "a.",
        "/a",
        "1",
        "'\"",
        '\\"',
        'key="',
        "key='",
        'key="\n',
        "[1,",
        'key:\\"',
        "key:[",
        "key:[\n",
        "key: { ",
        "password ",
        '"key: ',
        '"key:" ',
        "://",
        "a://b@",
        "-----BEGIN X-----",
        "<masked:1>",
        "--password\x00",
        "x8d,",
        "aB3$",
        "[   ",
        "a@",
        "ж",
        "-p ",
        "\x1b[",
        "pam_a(",
        "password is x ",
        '{"a":',
    ],
)
def test_time_is_linear(unit: str) -> None:
    """Four times as much of anything takes about four times as long."""

    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        began = time.process_time()
        Masker().text(text)
        return time.process_time() - began

    small = seconds(_MEGABYTE // 16)
    assert seconds(_MEGABYTE // 4) < max(8 * small, 0.3)

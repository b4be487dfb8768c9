"""Masking free text at the source, by allow-list: what is not known to be harmless does not leave.

Kept are numbers, times, addresses, paths, option names, plain words and the identifiers the caller
names, with the words they are made of; everything else becomes `<masked:LENGTH>`, LENGTH in
characters. What follows a name such as `password` is masked whatever it looks like. There is no
dictionary on a host: a word is plain if the letter triples in it also occur in `_WORDS`, which is
therefore both vocabulary and model.
"""

import collections
import itertools
import json
import re
import socket
import unicodedata
from typing import (
    AbstractSet,
    Any,
    Deque,
    Dict,
    FrozenSet,
    Iterable,
    Iterator,
    List,
    Match,
    NamedTuple,
    Optional,
    Pattern,
    Set,
    Tuple,
)

__all__ = ["Masker", "is_plain_word", "secrecy"]

# Ordinary words and those of logs.
_WORDS = """
abnormally about above absolute abstract accepted access according acquire across actually added
additional address adds adjust adjustment administrator advertise advertisement advisory affiliates
after again aggregator ahead alarm algorithm alias allocate allowed allows almost along alpha
already also always ambiguous amount analysis anonymous another anything anyway appear append
application apply applying approach appropriate arbitrary archive aren args argument arguments
around array assignment associated assuming attach attempts attribute audit author automatically
autonomous available avoid away axis back background backlog backoff backup backwards balance banner
based basic because been before begin behavior behind being below best between beyond binance binary
bitmap bits blank block blue body boolean both bottom branch break bridge broadcast broken buffer
bugs build builder building bumping burst busy button byte bytes cache calculate call callable
called calling calls cancel cannot capability capital capture carry case caught certificate cgroup
chain change changed changes changing character check checking checkpoint checks checksum children
choice choose cipher circular class cleanly cleanup clear client close cloud code coefficients color
column columns combined command comment commit common communication comparison compatibility
compiled complete complex compress compute config configuration confirm conflicts conjunction
connection console consumed consumer contains continue continuing control convert cookie cooldown
copied copy copying corresponding corrupted could couldn counter cover crash create current
currently curve custom cycle daemon dash data database datagram days dbus deactivated debian debug
debugging decimal declared decode default defaults degree delete delta denied deny depends
deprecated depth descriptor desired despite details detected determine development device diagnostic
didn died different digest digits directly directory disable discard discussion disk display
displayed docs documentation does doesn doing domain don done dormant double download drained driver
drop dummy dump duplicate during dynamic each earlier easier easy echo edge effect either element
else embedded emit empty enable encoding encrypted endpoint enforce enough enrolled ensemble entire
entries entry environment epoch equivalent error errors escape evaluate even every exactly example
exceeded except exchange exclude exec execute exhausted exist existing exists exit exited expand
expected expired expiry explicitly exponent exposure express extension extra failed failure fallback
false family fatal feature feedback fetch field fields file files filter find finished firmware
first five fixed fixing flag flags float flush following fonts force forcing foreign form formats
forward found frame free freeze from fudge full function further future garbage gateway general
generate given giving glob global goes going good google governance governor graph graphs group grow
growth guaranteed guess handle handling handshake happen hardware harvest hash hasn have haven
header heartbeat help helper here hexadecimal hidden hierarchy higher highlight home host hostkey
hostname however http https hygiene hyphenation icons idea identifier idle ignoring ikke illegal
image immediately immutable import inactive include index individual info information inherit
inhibit initial initialized inline inner inode input inside instance instead integer integrity
interface internal interpreted interval into invalid invoked isn issue items iterable itself jobs
join journal json jump just keep keeping kept kernel keyboard keymap keyring keys keyspace keyword
killer kline known kunne label lambda language large last latency launch layer layout leaks leave
left legacy length level leverage library license lifetime like likely limit line linear lines link
linked links linux list listening live load local localhost locked logging logic logs long look
looking looks lookup loop loopback machine macro made magic major make making malformed manager
manpage manual many mapping margin mark marked mask masked match matching matrix maximum maybe
meaningful means measure mechanism media memory merge message metadata method methods metric might
minimum minutes mismatch missing mode modified module monitor more most mostly mount much multiple
must name necessarily need needs negative negotiated neighbor neither network never newer newline
newly nexthop nice node nonblocking none nonzero note null number numeric object objects obsolete
obtain occur octal offline offset older omitted once only opcode open openssl optimization option
options order original orphaned other otherwise outgoing output outside over overdue overflow
overlay override owner ownership package padding page pair parallel parameters parse particular
passed passphrase passwd password path pathname paths paused payload peer pending percent perform
perhaps period perl phase physical pipe pipeline plain platform please plus point policy pool
populate portability portfolio position possible power precision prediction prefix prefixes pretty
previous previously prime principal print priority private privileges probably probe problem proc
process produce profile program programs project promote proof properly property proposal protocol
provided proxy pseudo public purge purpose push python quantum query queue queued quick quickly
quiet quote raise random range rapid read readable reader reading readline real reason reboot
received reconcile recovery recursively refer refresh refused regardless regex regime region
register regular rejected relative relevant remain remote removable remove removing replace replaced
replacing replica replication report request required reread rescue reset resolve resource response
result retrieve retrying return returned returns reuse revoked rewrite right rights rollback root
rule running safe safety same sandbox save says scheduled scorecard search second secret section
security seed seeing seek seems segfault segment selected semantics send separate sequence server
service sets setting setup several shadow shall shell shift short shortcut should show shutdown
shutting sign signature silently similar simple since single size sizes skip skipping sleep slice
slightly slot slots small snapshot socket software some soon sort source space spawning special
specific specified specify square stack stale standard start startet starting state status stderr
stdio stdlib stdout step steps still stop stopped stoppet stops storage store strategy stream string
strings structure stub stuff style subclass subdirectory subject subnet subscribe subset substitute
success successfully such suffix suitable superblock support supported supports suspend swap switch
symbol symbols symlink sync syntax syscall syslog system systemctl systemd table take takes target
task tasks technical telegram terms test text than that their them theme themselves theory there
these they third this threads threshold throttled through thus ticker time timeout timestamps
timezone title tjeneste together token tool total touch trace traceback trader traffic trainer
transaction transfer transform translation transmit trigger true truncate trusted truth tunnel turn
twice type types typically unable under unexpected unexpectedly unhealthy unicode unified union
unique unit universe unix unknown unless unlike unlock unmount unpack unreachable unrecognized
unsigned unsupported until unused update upgrade upload upon upstream usage used useful user
usermode uses using usually utility uuid vacuum validate validity value variable variant vector verb
verbatim verbose verify version view virtual visible volatile volume waiting wake wallet want warmup
warning warranty wasn watchdog webhook websocket weight welcome well were what whatever when whether
which while whose width wildcard will wipe wireless with without work working works world would
wouldn wrapper write written wrong yield your zero zeros zone
"""
# Terms that look unlike words; those that take a number (`python3`, `sda1`) as well.
_TERMS = """
18446744073709551615 9223372036854775807 aarch64 ack acpi addr aes ai aiohttp allmulticast alpine am
amd amd64 amqp amqps anacron aof apache api apikey app apparmor applewebkit apr apt argc args argv
arm64 armhf ascii asyncio atime atr auc aug avg awk aws base64 bf16 bgsave bin binfmt bios bnb bps
br bsc btc btrfs busygroup bz2 catboost cd celery centos certbot cest cet cf cfg cgroup cgroupfs
cgroups chmod chown chronyd ci cidr clang clm clusterdown cmd cnn comm conf consul containerd core
cp cpu cron crond crossslot css csv ctime ctl ctx cuda curl curve25519 db dbus deb debconf debian
dec dev devpts devtmpfs df dfsg dfsg1 dhcp dhcpv4 dhcpv6 dir dirmngr dirs disk django dnf dns doc
docker dockerd dpkg dqn ds1 dsa dst du eacces ec2 ecdsa econnrefused ed25519 efi eg el ema eno
enoent enp ens env eof eperm epipe err errno ess etc etcd eth etimedout euid eur eval exec expr ext4
f1 fail2ban fastapi fc fd fds feb fido2 fin firefox flask float16 float32 float64 fold fp16 fqdn fri
fsck fstab fstrim ftp func gb gbps gcc gce gcp gcs gecko ghz gib gid git github gitlab glibc gmt gnn
gnupg golang gpg gpt gpu grafana grep grpc gru grub gssapi gunicorn gz h2 hdd hf hrs html http http2
https hz i386 i686 icmp id idx ie imap impl inet inet6 inf ini init initramfs initrd inode int16
int32 int64 int8 io ionice ip ip6tables iptables ipv4 ipv6 iso jan java javac jdk journalctl
journald jre js json jul jun k8s kafka kb kbps keras keyslot keytool khtml khz kib kmod krb5 kubectl
kvm kwargs lan lastlog ldap len lgbm lib libc lightgbm lldp llm llvm logind logrotate loki lsof lstm
luks lvm lxc lz4 macd mae mape mar mariadb masterdown max may mb mbps md md5 mhz mib min mins
misconf mkdir mkfs ml mlp mnt mon mongodb mozilla ms mse msec msg mta mtime mtu mysql na nan nbeats
netbase networkd nfs nft nginx nhits nil nmu1 no noauth node nodejs nodev noexec nogroup noperm
noqueue noscript nosuid nov npm nr ns nss nsswitch ntlm ntp ntpd null num numpy nvme oct ohlcv ok
onnx oom openssh opt os otel p50 p95 p99 pam pandas passwd patchtst pci perl pg pgpassword php pid
pip pkcs pkg pm pnl podman polkitd postgres ppid ppo preauth prometheus ps psql pts py python
pytorch qdisc qemu qt qty rabbitmq raid ram rank rc rdb redis rediss ref refs relatime replica repo
req res resolved resp rhel rhost rl rmse rnn roi rpm rq rsa rsi rss rst rsync rsyslog rsyslogd rtnl
rtt ruby runc ruser rx s3 sac sat scipy sda sdb secs sed selinux sep seq setenv sftp sh sha sha1
sha256 sha384 sha512 shard sigabrt sigchld sighup sigint sigkill sigpipe sigsegv sigterm sigusr1
sigusr2 sklearn sl slot sma smtp snapd so sol sql src srv ss ssd ssh sshd sshpass ssl sssd statsd
std stdin su sudo sun svc swapoff syn sys sysctl syslog systemd tar tb tcl tcp tft thread thu tid
timesyncd tls tmp tmpfiles tmpfs toml torch tp tpm tpm2 trigproc ttl tty tue tx ubuntu udev udevd
udp uevent ufw ui uid uint32 uint64 uint8 ukjent up uri url urls us usb usd usdc usdt usec userauth
usr utc utf utf8 util utils utmp uuid uvicorn valkey var vda venv veth vlan vm vmlinuz vpn vps vs
vsz vwap vxlan wal webhook wed wget wlan worker wrongpass wrongtype ws wss wtmp x64 x86 xack xadd
xauth xfs xgb xgboost xinfo xml xpending xread xreadgroup xrp xvda xz yaml yml yum zfs zip zst zstd
"""
# Words of services' names. Known as they stand, and no model: hardly any is like those above.
_SERVICES = """
adapter analytics auctions backtest bids bookmarks campaigns chatbot checkout claims crawler
favourites fleet fraud fulfilment hedging helpdesk hospital indexer janitor loan loans loyalty
matchmaking menu mortgage oracle patient patients payment payments payroll playlist podcast promo
quiz ranking receipts restaurant reviews shipment signup signups student students survey surveys
thumbnail thumbnails timeline treasury trips vehicles video videos votes vouchers warehouse weather
wishlist withdrawal withdrawals
"""


def _set(words: str) -> FrozenSet[str]:
    return frozenset(words.split())


_TECHNICAL = _set(_TERMS)
_KNOWN = _TECHNICAL | _set(_WORDS) | _set(_SERVICES)


def _triples(word: str) -> List[str]:
    """Return the letter triples of a word and its edges: `of` gives `^of`, `of$`."""
    edged = "^" + word + "$"
    return [edged[at : at + 3] for at in range(len(word))]


_TRIPLES = frozenset(triple for word in _WORDS.split() for triple in _triples(word))

# Names that announce a secret: by stem anywhere, or by a whole part (`db_pwd`, `userAuth`). After a
# strong one prose is suspect too ("password is …"); a weak one is a common word of prose.
_STRONG_STEM = re.compile(
    "passw|passphrase|passcode|passord|kennwort|secret|hemmelig|token|apikey|bearer|credential"
    "|sessid|authoriz|connectionstr|connstr"
)
_STRONG_PARTS = _set("jwt otp totp pin psk dsn cred creds")
_WEAK_STEM = re.compile("session|cookie|signature|webhook|privat|authent|mnemonic|[cx]srf|nokkel")
_WEAK_PARTS = _set("keys salt sig sid nonce hmac cvv ssn")
_SUFFIX = re.compile("(?<!mon)(?<!hot)(?<!tur)(?<!by)(?<!com)(?<!ssh)(?:key|(pass|pwd|auth|pw))$")
# `password_file=…`, `--no-password …`, `KeyError: …`: no secret follows; looks decide.
_HARMLESS_LAST = _set(
    """
    file path dir timeout ttl type size length count limit expiry interval mode method enabled
    required algorithm version policy age retries error exception warning failure
    """
)
_HARMLESS_FIRST = _set("no without disable")
_SUFFIXES = (
    r"(?i)\.(?:service|timer|socket|target|mount|automount|slice|scope|path|device|swap"
    r"|py|js|so|sh|log|conf|json|ya?ml|toml|pid|sock%s)$"
)
_HINT = re.compile(  # something of every one of them
    "(?i)pass|pw|secret|token|key|bearer|cred|sess|auth|conn|jwt|otp|pin|psk|dsn|cookie|sig|hook"
    "|privat|mnemonic|srf|nokkel|salt|sid|nonce|hmac|cvv|ssn|kennw|hemm"
)
_NOT_A_NAME = re.compile(_SUFFIXES % "")
_FILE = re.compile(_SUFFIXES % r"|pkl|pth|pt|onnx|csv|parquet|gz|db|rdb|aof|html|txt|cfg|ini|env")
_PATH = re.compile(r"(?:~|\.{0,2})/[^?&]*/")
_PACKAGE = re.compile(r":(?:amd64|arm64|armhf|i386|all)$")
# In prose after a strong name: these lead up to the secret …
_LINKS = _set("is was are be being equals as now value er var the a an this that")
# … and these show that none follows at once ("Failed password for root").
_FOLLOWERS = _set(
    """
    for from of in on at by and or with without not no has have had it its
    failed failure failing error errors invalid valid expired expiry required missing wrong
    incorrect accepted rejected denied disabled enabled changed reset check checks authentication
    exchange file files manager management store storage length size count type types name names
    using when while after before opened closed created removed added updated refresh refreshed
    generated verified mismatch pair limit limits exceeded bucket user users policy database hash
    must should cannot can could will would may does did per near generation validation set
    request requests response responses data field fields found contains lacks provided entry
    """
)

_SLOT = "\ufdd0"  # stands, as one character, for a marker while the text is worked on
_JUMBLE = "\ufdd1"  # stands for a chunk that is odd as a whole
_SPECIAL = re.compile(
    r"(<masked:\d{1,8}>)|\ufdd1"
    r"|-{4,5} ?BEGIN [\s\S]*?(?:-{4,5} ?END [^\n-]{0,64}-{4,5}|\Z)"  # PEM, OpenPGP, SSH2
    r"|\[\s*(?:\d{1,3}\s*,\s*){7,}\d{0,3}\s*\]?"  # a text as an array of its bytes
)
_BYTES = re.compile(r"(?:\d{1,3}\s?,\s?){7,}\d{0,3}")  # the same, cut
# What separates words; beside ASCII only symbols, for zero-width signs must not part a secret.
_GAP = (
    "\\s\\x00\\x1b\\\\\"'`()\\[\\]{}<>,;|\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b1\u00b6-\u00b8\u00bb"
    "\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
)
_TOKEN = re.compile(
    r"(pam_\w{1,20}\([a-z-]{1,20}:(?:auth|account|session|password|chauthtok|setcred)\)"
    r"|[^%s]+(?:'(?:s|t|d|m|re|ll|ve)\b)?|)"
    r"((?:\x1b\[[0-9;?]*[A-Za-z]|\\+[nrt]?|[%s])*)" % (_GAP, _GAP)
)
_ODD = frozenset("!#$%^&*?@|;")
_ODD_CHUNK = re.compile(r"(?<![^\s\0])[^]\s\0!#$%^&*?@|;)}]*[]!#$%^&*?@|;)}][^\s\0]*")
_CLOSED = re.compile(r"[])}][A-Za-z0-9]")
_ALNUM = re.compile("[A-Za-z0-9]+")
_ASSIGNS = re.compile("[=:]")
_GLUE = frozenset("(),;|[]{}<>\"'`\\")

_ASSIGNED = re.compile(r"(\\{0,8}[\"'`])?[)\]]*(\[\d{0,7}\])?(?:[ \t]*(:=|=>|->|={1,3}|:)|(>))")
_PAIRED = re.compile(r"\\{0,8}[\"'],?\s*(?:\\{0,8}[\"'])?value\\{0,8}[\"']?\s*[:=]")
_LISTED = re.compile(r"\\{0,8}[\"'],(?=\s*\\{0,8}[\"'])")
_ARGUMENT = re.compile(r"\\{0,8}[\"']?(?=[\s\0])")
_QUOTE_NEXT = re.compile(r"[ \t]+(?=\\{0,8}[\"'`])")
_OPENING = re.compile(r"[bBrRuUfF]{0,2}(\\{0,8}[\"'`])")
_QUOTED = re.compile(
    r"[bBrRuUfF]{0,2}(\\{0,8})([\"'`])((?:\1\1\\\2|(?!\1\2)(?:\\.|[^\\])){0,4000}?)\1\2", re.DOTALL
)
_SCHEME = r"(?:(?i:bearer|basic|digest|token|negotiate|apikey)[ \t]+)?"
_CHUNK = re.compile(_SCHEME + r"(?:[^\s\0\"'`]|\"(?:[^\"\\]|\\.){0,200}\"|'[^']{0,200}'|[\"'`])*")
_INNER = {quote: re.compile(_SCHEME + r"[^\s\0%s]*" % quote) for quote in "\"'`"}
_JSON_VALUE = re.compile(r"[^\s,}\]]*")
_BLANKS = re.compile(r"[ \t]*")
_ALL_BLANKS = re.compile(r"[\s\0]*")
_NEXT_LINE = re.compile(r"[ \t]*(?:\r?\n[ \t]*)?")
_LINE_END = re.compile(r"[\r\n]|\Z")
_QUOTE_OR_END = re.compile(r"\\{0,8}[\"'`]|[\r\n\0]")
_AFTER_VALUE = frozenset(" \t\r\n\0,;.:)]}>&|<\\")
_BRACKET = re.compile(r"[][(){}]")
_REACH = 4000  # characters: how far a bracketed value may go before it is taken as unclosed

_NUMBER = re.compile(
    r"""[+-]?\d{1,12}(?:\.\d{1,18})?
    |1\d{12}(?:-\d{1,6})?|1\d{15}|1\d{18}                      # epoch ms (stream id), µs, ns
    |[+-]?\d(?:\.\d{1,18})?[eE][+-]\d{1,3}
    |0x(?:[0-9a-fA-F]{1,8}|5[0-9a-f]{11}|7f[0-9a-f]{10}|(?:0000|ffff)[0-9a-f]{12})
    |\d{1,7}(?:\.\d{1,6})?(?:[kKMGTP](?:i?B)?|%|[kMG]?Hz|x|px|th|st|nd|rd)|\d{1,5}(?:\.\d{1,3})?B
    |(?=\d)(?:\d{1,3}y)?(?:\d{1,3}(?:month|w))?(?:\d{1,4}(?:d|day))?(?:\d{1,4}h)?
        (?:\d{1,5}(?:min|m))?(?:\d{1,6}(?:\.\d{1,6})?(?:s|sec))?(?:\d{1,6}(?:\.\d{1,6})?[mun]s)?
    |\d{4}-\d\d-\d\d(?:[T_ -]\d\d[:-]?\d\d(?:[:-]?\d\d(?:[.,]\d{1,9})?)?)?(?:Z|[+-]\d\d:?\d\d)?
    |(?:19|20)\d{6}[T_-]?\d{4,6}Z?
    |\d\d?:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?
    |\d\d?/[A-Z][a-z]{2}/\d{4}(?::\d\d){3}|\d\d?/\d\d?/\d{2,4}
    |\d{1,3}(?:\.\d{1,3}){3}(?:%\w{1,15})?(?::(?:\d{1,5}|\*))?(?:/\d{1,2})?
    |deb\d{1,2}u\d{1,3}|\d{1,2}p\d{1,2}|\d{1,6}[kMG]bps
    |(?:%[a-zA-Z%][-:/.T_]?){1,8}""",
    re.VERBOSE | re.ASCII,
)
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}(?:/\d{1,3})?")
_SYMBOL = re.compile(
    r"(?:1000)?[A-Z]{2,8}(?:USD[TC]?|BUSD|BTC|ETH|BNB|EUR|TRY|PERP)|[a-z]{2,6}usd[tc]"
)
_USER_INFO = re.compile(r"[^\s\0\"]{0,300}@[^%s]*" % _GAP)
_URL = re.compile(
    r"([A-Za-z][A-Za-z0-9+.:-]{0,30})://(?:(.*)@)?([^/?#]*?)(:\d{0,5})?(/[^?#]*)?(\?[^#]*)?(#.*)?",
    re.DOTALL,
)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_JOINTS = re.compile(r"[-_.+~:*]+|'(?=[a-z]{1,2}$)")
_IN_A_NAME = re.compile(r"[-_.:/@]+")
_NAMED = re.compile("[a-z]{3,24}")
_LIBRARY = re.compile(r"lib[a-z]{1,14}\d{0,3}")
_NUMBERED = re.compile(r"([A-Za-z]+)(\d{1,3})")
_FOREIGN = re.compile("[^\x00-\x7f]")
_DIGIT = re.compile("[0-9]")
_LONG = 2000  # characters: no plain word is longer
_LEAD, _TRAIL = "*#~+@&$%!?.:=^-", ".:!?*%+=^&#~$-"
_LONG_OPTIONS = _set(
    """
    jar server client cp classpath config conf name version help daemon bind port host file log
    level verbose debug quiet type exec path user group output input format print delete maxdepth
    mindepth iname mtime size perm newer days nodes new noout text subj cert key keyout token pass
    passwd password passin passout storepass keypass
    """
)
_FOLD = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ß": "ss", "đ": "d", "ł": "l"})

_RISKY_OPTIONS = {"-p": 0, "-P": 0, "-a": 0, "-w": 0, "-u": 1, "--user": 1, "--proxy-user": 1}
_PORT_OR_PATH = re.compile(r"\d{1,5}(?::\d{1,5})?$|[/.~]|-|$")
_SHORT_OPTION = re.compile(r"[A-Za-z]{1,3}|X(?:m[nsx]|ss)\d{1,5}[kmgKMG]?")
_LONG_OPTION = re.compile(r"--[a-z][a-z0-9-]{1,30}(?:[=\s\0\"']|$)")
_SETTING = _set("set reset changed updated")
_PROPERTY = re.compile(r"(\w+)=", re.ASCII)
_EXEC = re.compile(
    r"(\w+=\{ path=/[^\s;]* ; argv\[\]=)(.*)"
    r"( ; (?:ignore_errors|flags)=[\w -]* ; start_time=\[[^];]*\] ; stop_time=\[[^];]*\] ; pid=\d+"
    r" ; code=[\w()]+ ; status=[\w/]+ \})"
)

_Piece = Tuple[str, bool]  # text, whether it is to be masked
_Region = Tuple[int, int, int]  # where a value begins and ends, and where to go on


class _Verdict(NamedTuple):
    """What a word alone tells: its pieces up to `cut`, where a secret value begins, if one does.

    `level` says how strongly it announces a secret (0, 1, 2); `bad` that all of it looks like one.
    """

    pieces: Tuple[_Piece, ...]
    level: int
    cut: Optional[int]
    bad: bool


def _fold(text: str) -> str:
    """Return the text with accents and invisible signs taken off, where it has any."""
    if not _FOREIGN.search(text):
        return text
    spread = unicodedata.normalize("NFKD", text.translate(_FOLD))
    return "".join(sign for sign in spread if unicodedata.category(sign) not in ("Mn", "Cf"))


def secrecy(name: str) -> int:
    """Return 2 for a name that announces a secret, 1 for one that may, 0 for any other."""
    if "@" in name or _NOT_A_NAME.search(name) or _PATH.match(name):
        return 0
    parts = [part.lower() for part in _PARTS.findall(_fold(name))]
    if not parts or parts[-1] in _HARMLESS_LAST or parts[0] in _HARMLESS_FIRST:
        return 0
    flat = "".join(parts)
    endings = [ending for ending in map(_SUFFIX.search, parts) if ending]
    if (
        _STRONG_STEM.search(flat)
        or not _STRONG_PARTS.isdisjoint(parts)
        or any(ending.group(1) for ending in endings)
    ):
        return 2
    return int(bool(endings or _WEAK_STEM.search(flat) or not _WEAK_PARTS.isdisjoint(parts)))


def _announced(word: str) -> Tuple[int, Optional[int]]:
    """Return the level of the first secret name in `name=value:…`, and where its value begins."""
    if len(word) > _LONG:  # masked whole, so only the name it ends with is of interest
        level, cut = _announced(word[-200:])
        return (level, cut and len(word)) if cut in (None, 200) else (0, None)
    if not _HINT.search(_fold(word)):
        return 0, None
    last = 0
    url = word.find("://") % (len(word) + 1)  # what a URL holds is masked anyway, but for its query
    query = word.find("?", url) % (len(word) + 1)
    for separator in re.finditer("[=:]+", word):
        if url <= separator.start() < query:
            last = separator.end()
            continue
        name, rest = word[last : separator.start()], word[separator.end() :]
        counted = name in ("keys", "sessions") and rest.isdigit() and len(rest) < 10
        level = 0 if counted else secrecy(name)
        if level:
            return level, separator.end()
        last = separator.end()
    return secrecy(word[last:]), None


def _plausible(word: str) -> bool:
    """Say whether lower-case letters look like a word: hardly any unheard-of triple."""
    strange = sum(triple not in _TRIPLES for triple in _triples(word))
    return len(word) <= 24 and strange <= (len(word) > 8) + (len(word) > 13)


def _strangeness(piece: str, lenient: bool, named: FrozenSet[str]) -> int:
    """Return 0 for a plain word, 1 for a short unknown one, 9 for what may be a secret."""
    if lenient and _LIBRARY.fullmatch(piece):
        return 0
    low = piece.lower()
    if low in _KNOWN or low in named or len(piece) < 2 or (piece.isdigit() and len(piece) < 9):
        return 0
    if _SYMBOL.fullmatch(piece):
        return 0
    numbered = _NUMBERED.fullmatch(piece)
    if numbered:
        stem, digits = numbered.group(1).lower(), numbered.group(2)
        if len(stem) == 1 or (stem in _TECHNICAL and len(digits) < 3):
            return 0
        if lenient and len(stem) > 2 and _plausible(stem):
            return 0
    if not piece.isalpha():
        short = lenient and len(piece) < 6 and (piece.islower() or piece.isupper())
        return 0 if _NUMBER.fullmatch(piece) else 1 if short else 9
    if piece.islower() or piece.isupper() or piece.istitle():
        if _plausible(low):
            return 0
        return 1 if len(piece) < (6 if piece.isupper() else 7 if lenient else 5) else 9
    humps = _PARTS.findall(piece)
    strange = [hump for hump in humps if len(hump) == 1 or _strangeness(hump, False, named)]
    if len("".join(strange)) > 3 or len(piece) < 3 * len(humps):
        return 9
    return len(strange)


def is_plain_word(word: str) -> bool:
    """Say whether a word without any joint is an ordinary one, a technical term or a number."""
    return not _strangeness(word, False, frozenset())


def _plain(text: str, lenient: bool = False, named: FrozenSet[str] = frozenset()) -> bool:
    """Say whether words joined by `-`, `_`, `.`, … are plain; at most one may be short and unknown.

    `lenient` is for names of files and units, which abbreviate more. Words in `named` are plain.
    """
    if _FOREIGN.search(text):
        spread = unicodedata.normalize("NFKD", text.translate(_FOLD))
        text = "".join(sign for sign in spread if unicodedata.category(sign) != "Mn")
    lenient = lenient or bool(_FILE.search(text) or _PACKAGE.search(text))
    pieces = _JOINTS.split(text)
    return (
        len(text) <= 100
        and len(pieces) <= 12
        and not _FOREIGN.search(text.replace(_SLOT, ""))
        and len(_DIGIT.findall(text)) <= 15
        and sum(_strangeness(piece, lenient, named) for piece in pieces) <= 1 + lenient
    )


def _words_of(name: str) -> Iterator[str]:
    """Yield the words an identifier is made of: `shop-carts@1.service` gives shop, carts."""
    for word in _IN_A_NAME.split(name):
        if _NAMED.fullmatch(word):
            yield word


def _address(text: str) -> bool:
    """Say whether the text is an IPv6 address, with or without a prefix length."""
    if ":" not in text or not _IPV6.fullmatch(text):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, text.split("/", 1)[0])
    except OSError:
        return False
    return True


def _disorderly(chunk: str) -> bool:
    """Say whether what has no blank in it is a jumble of odd signs and scraps of letters."""
    if "://" in chunk or chunk[0] == "/" or (_HINT.search(chunk) and _ASSIGNS.search(chunk)):
        return False
    runs = _ALNUM.findall(chunk)
    scraps = [
        run for run in runs if len(run) < 6 and not run.isdigit() and run.lower() not in _KNOWN
    ]
    if not runs:
        return len(set(chunk)) > 5
    odd = len(_ODD.intersection(chunk)) > 1 or _CLOSED.search(chunk)
    return bool(odd) and len(scraps) > 1 and "<masked:" not in chunk


def _masked(text: str, trail: str) -> List[_Piece]:
    """Return the text as masked, but for the signs at its end."""
    end = len(text.rstrip(trail))
    return [(text[:end], True), (text[end:], False)]


class _Judge:
    """Judges words alone, by their looks and the identifiers."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        whole = frozenset(identifiers)
        self.identifiers = whole.union(_NOT_A_NAME.sub("", name) for name in whole)
        self._named = frozenset(word for name in self.identifiers for word in _words_of(name))
        self.plain: Set[str] = set()
        self._verdicts: Dict[str, _Verdict] = {}

    def word(self, word: str) -> _Verdict:
        """Return the verdict on one word: no blanks, quotes or brackets in it."""
        verdict = self._verdicts.get(word)
        if verdict is None:
            level, cut = _announced(word)
            if word.startswith("pam_") and word.endswith(")"):
                level, pieces = 0, [(word, False)]
            else:
                pieces = [piece for piece in self._pieces(word[:cut]) if piece[0]]
            bad = pieces[0][1] and not any(
                sign.isalnum() for text, masked in pieces[1:] for sign in text
            )
            verdict = _Verdict(tuple(pieces), level, cut, bad)
            if len(self._verdicts) < 50000 and len(word) < 200:
                self._verdicts[word] = verdict
                if not level and word not in _RISKY_OPTIONS and pieces == [(word, False)]:
                    self.plain.add(word)
        return verdict

    def unit(self, text: str) -> bool:
        """Say whether it is a unit's whole name; a password may well be a service's or stream's."""
        return text in self.identifiers and bool(_NOT_A_NAME.search(text))

    def _known(self, text: str) -> bool:
        return (
            not text
            or text == _SLOT
            or text in self.identifiers
            or bool(_NUMBER.fullmatch(text))
            or _address(text)
        )

    def _plain(self, text: str, lenient: bool = False) -> bool:
        return _plain(text, lenient, self._named)

    def _pieces(self, word: str, depth: int = 0) -> List[_Piece]:
        if self._known(word):
            return [(word, False)]
        if len(word) > _LONG:
            return [(word, True)]
        if word[0] == "-" and word.strip("-")[:1].isalpha():
            return self._option(word)
        core = word.lstrip(_LEAD)
        lead = word[: len(word) - len(core)]
        core = core.rstrip(_TRAIL)
        if "?" in core and word[len(lead) + len(core) :].startswith("="):
            core += "="  # a query whose value is cut off
        trail = word[len(lead) + len(core) :]
        if max(len(lead), len(trail)) > 4 and len(set(lead + trail)) > 2:
            return [(word, True)]
        inside = self._core(core, depth) if core else [("", False)]
        if inside is None:
            return _masked(word, ".:?=")
        return [(lead, False)] * bool(lead) + inside + [(trail, False)] * bool(trail)

    def _option(self, word: str) -> List[_Piece]:
        name = word.lstrip("-")
        dashes = word[: len(word) - len(name)]
        head, equals, value = name.partition("=")
        if equals and value:
            return self._option(dashes + head + equals) + self._pieces(value, 1)
        bare = name.rstrip(_TRAIL)
        if len(dashes) > 1:
            if self._known(bare) or self._plain(bare, True):
                return [(word, False)]
            return [(dashes, False)] + _masked(name, _TRAIL)
        rest = bare[1:]
        if (
            bare.lower() in _LONG_OPTIONS
            or _SHORT_OPTION.fullmatch(bare)
            or (bare[0] in "DX" and self._plain(rest))
            or rest == _SLOT
            or self.unit(rest)
            or (rest.isdigit() and len(rest) < 6)
        ):
            return [(word, False)]
        if rest.startswith("/"):
            return [("-" + bare[0], False)] + self._pieces(name[1:])
        return [("-" + bare[0], False)] + _masked(name[1:], _TRAIL)

    def _core(self, core: str, depth: int) -> Optional[List[_Piece]]:
        """Judge a word bare of leading and trailing signs; None is: mask all of it."""
        kept = [(core, False)]
        if self._known(core):
            return kept
        if "://" in core.partition("=")[0]:
            return self._url(core)
        if core[0] == "/" and "?" in core:
            path, _, query = core.partition("?")
            return self._path(path) + [("?", False)] + self._query(query)
        if "=" in core:
            name, _, value = core.partition("=")
            left = self._pieces(name, 3)
            if depth < 3:
                return left + [("=", False)] + self._pieces(value, depth + 1)
            return None
        if "@" in core:
            unit = _NOT_A_NAME.search(core) and self._plain(core.replace("@", "-", 1), True)
            return kept if unit else None
        if core[0] == "/":
            return self._path(core)
        if "/" in core and not any(masked for _, masked in self._path(core)):
            return kept
        if self._plain(core):
            return kept
        head, colon, tail = core.partition(":")
        if colon and len(head) > 2 and self._plain(head) and depth < 3:
            return [(head + ":", False)] + self._pieces(tail, depth + 1)
        return None

    def _path(self, path: str) -> List[_Piece]:
        """Judge a path part by part; what is kept only leniently goes with a bad neighbour."""
        parts = re.split("([/:])", path)
        strange = []
        for part in parts:
            bare = part.lstrip("$%").strip("._~*+-@").replace("@", "-", 1)
            plain = part in "/:" or self._known(part) or self._plain(bare)
            strange.append(0 if plain else 1 if self._plain(bare, True) else 9)
        for step in (2, -2):
            for at in range(0, len(parts), 2)[:: step // 2]:
                if strange[at] == 1 and 0 <= at - step < len(parts) and strange[at - step] == 9:
                    strange[at] = 9
        loose = path[0] not in "/.~" and strange.count(1) > 1
        return [(part, found == 9 or loose) for part, found in zip(parts, strange)]

    def _url(self, url: str) -> Optional[List[_Piece]]:
        match = _URL.fullmatch(url)
        if not match or not self._plain(match.group(1)):
            return None
        scheme, user, host, port, path, query, fragment = match.groups("")
        pieces = [(scheme + "://", False)]
        if match.group(2) is not None:
            name, colon, password = user.partition(":")
            pieces += [(name, name != _SLOT), (colon, False)]
            pieces += [(password, password != _SLOT), ("@", False)]
        pieces.append((host, not (self._known(host) or (":" not in host and self._plain(host)))))
        pieces.append((port, False))
        for part in re.split("(/)", path):
            pieces.append((part, not (part == "/" or self._known(part) or self._plain(part))))
        if query:
            pieces += [("?", False)] + self._query(query[1:])
        return pieces + [(fragment[:1], False), (fragment[1:], fragment[1:] != _SLOT)]

    def _query(self, query: str) -> List[_Piece]:
        pieces = []
        for part in re.split("(&)", query):
            name, equals, value = part.rpartition("=")
            pieces.append(
                (name + equals, not (part == "&" or self._known(name) or self._plain(name)))
            )
            pieces.append((value, part != "&" and value not in ("", _SLOT)))
        return pieces


def _skip(pattern: Pattern[str], text: str, at: int) -> int:
    """Return where what the pattern finds at `at` ends."""
    found = pattern.match(text, at)
    return found.end() if found else at


def _scrap(piece: _Piece) -> bool:
    text, masked = piece
    return not masked and len(text) < 4 and text.isalnum()


class _Scan:
    """One pass over one text: finds what secret names announce, and judges the rest."""

    def __init__(self, judge: _Judge, text: str) -> None:
        self.judge = judge
        self.text = text
        self.parts: List[_Piece] = []
        self.bad_at = -1  # index in `parts` of what was last masked for its looks
        self.quote = ""  # the quote that is open, with its backslashes
        self.opened = False  # it was opened right before the word
        self.armed = self.expect = False  # prose: a secret was named; the next word may be it
        self.calm = False  # nothing pends, so a plain word is only that
        self.previous = ""
        self.nul = "\0" in text  # arguments as the kernel keeps them
        self.enclosing = ""
        self.line_end = -1
        self.partners: Optional[Dict[int, int]] = None

    def run(self) -> List[_Piece]:
        """Return the whole text in pieces."""
        text, at = self.text, 0
        while at < len(text):
            for token in _TOKEN.finditer(text, at):
                word, gap = token.groups()
                end, at = token.end(1), token.end()
                if self.calm and gap == " " and word in self.judge.plain:
                    self.parts.append((word + gap, False))
                    continue
                if "://" in word:
                    end = _skip(_USER_INFO, text, end)  # whatever signs it holds
                resumed = self._word(text[token.start() : end], end) if word else end
                if resumed != token.end(1):
                    at = resumed
                    break
                self._gap(gap, word)
        return self.parts

    def _keep(self, text: str) -> None:
        if text:
            self.parts.append((text, False))

    def _mask(self, text: str) -> None:
        if text in ("", _SLOT):
            self._keep(text)
        else:
            self.parts.append((text, True))

    def _extend(self, pieces: Iterable[_Piece]) -> None:
        for text, masked in pieces:
            (self._mask if masked else self._keep)(text)

    def _gap(self, gap: str, word: str) -> None:
        self._keep(gap)
        self.opened = False
        self.calm = gap == " " and not self.armed
        if gap == " ":
            return
        for sign in _QUOTE_OR_END.findall(gap):
            if sign in "\r\n\0":
                self.quote, self.armed, self.expect = "", False, False
            elif not self.quote:
                apostrophe = sign == "'" and gap[0] == "'" and word[-1:].isalnum()
                self.quote = "" if apostrophe else sign
            elif sign == self.quote:
                self.quote = ""
        self.opened = bool(self.quote) and gap.endswith(self.quote)
        if self.expect and not {",", ";", ")"}.isdisjoint(gap):
            self.expect = False

    def _word(self, word: str, end: int) -> int:
        """Put out one word, and the secret it announces; return where to go on."""
        verdict = self.judge.word(word)
        acl = bool(self.parts) and self.parts[-1][0].endswith(" >") and word[0].isalpha()
        if acl or (self.armed and not verdict.level and self._awaited(word)):
            self._extend(verdict.pieces if _SLOT in word else _masked(word, ".:;!?="))
            return end
        self._put(word, verdict)
        self.enclosing = self.quote
        region = None
        if verdict.level:
            region = self._announced_by(word, verdict, end)
        elif word in _RISKY_OPTIONS:
            region = self._risky(word, end)
        if region is None and self.expect:
            quoted = _QUOTE_NEXT.match(self.text, end)
            region = self._argument(quoted.end()) if quoted else None
        if region is None:
            return end
        start, stop, resumed = region
        if start > end:
            self._gap(self.text[end:start], word)
        self._mask(self.text[start:stop])
        if stop < resumed:
            self._gap(self.text[stop:resumed], "")
        self.expect = False
        return resumed

    def _put(self, word: str, verdict: _Verdict) -> None:
        """Put out a judged word; a scrap of it that one sign parts from a bad one is bad too."""
        glued = len(self.parts) > 1 and self.parts[-1][0] in _GLUE
        after = (
            glued
            and len(self.parts) - 2 == self.bad_at
            and not verdict.level
            and _scrap((word, False))
        )
        if not (verdict.bad or after):
            self._extend(verdict.pieces)
            return
        parts, at = self.parts, len(self.parts)
        while at > 1 and parts[at - 1][0] in _GLUE and _scrap(parts[at - 2]):
            parts[at - 2 : at] = [(text, True) for text, _ in parts[at - 2 : at]]
            at -= 2
        if glued and len(self.parts) - 2 == self.bad_at:
            self.parts[-1] = (self.parts[-1][0], True)
        self.bad_at = len(self.parts)
        self._extend([(word, True)] if after else verdict.pieces)

    def _awaited(self, word: str) -> bool:
        """Say whether a word of prose, in a line that named a secret, has to be taken for it."""
        bare = word.strip(_LEAD + _TRAIL).lower()
        previous, self.previous = self.previous, bare
        if bare in _FOLLOWERS:
            self.expect = False
        elif not bare or bare in _LINKS or (bare == "to" and previous in _SETTING):
            self.expect = self.expect or bool(bare) or word[-1] in "=:"
        elif self.expect:
            return True
        elif word[-1] in "=:":
            self.expect = True
        return False

    def _announced_by(self, word: str, verdict: _Verdict, end: int) -> Optional[_Region]:
        text, option = self.text, word[0] == "-"
        if verdict.cut is not None:
            at = end - len(word) + verdict.cut
            if at < end:
                return self._upto(at, self.quote) if self.opened else self._chunk(at)
            return self._argument(at) if option and text[at : at + 1].isspace() else self._field(at)
        assigned = _ASSIGNED.match(text, end)
        if assigned:
            quote, index, sign, tag = assigned.groups()
            if index and sign == ":" and (verdict.level < 2 or word in self.judge.identifiers):
                return None  # a program's name: `ssh-agent[812]: …`
            if tag:
                return self._upto(assigned.end(), "<")
            self.enclosing = "" if quote else self.quote
            return self._field(assigned.end(), bool(quote))
        for pattern, value in ((_PAIRED, self._field), (_LISTED, self._argument)):
            found = pattern.match(text, end)
            if found:
                self.enclosing = ""
                return value(found.end())
        argument = _ARGUMENT.match(text, end) if option else None
        if argument:
            return self._argument(argument.end())
        if verdict.level > 1:
            self.armed = self.expect = True
            self.previous = ""
        return None

    def _risky(self, word: str, end: int) -> Optional[_Region]:
        """`-p VALUE` and `-u USER:VALUE`: harmless only if VALUE is a port, path, or unit."""
        found = _LISTED.match(self.text, end) or _ARGUMENT.match(self.text, end)
        region = self._argument(found.end()) if found else None
        value = self.text[region[0] : region[1]] if region else ""
        harmless = _PORT_OR_PATH.match(value) or self.judge.unit(value)
        if harmless or (_RISKY_OPTIONS[word] and ":" not in value):
            return None
        return region

    def _field(self, at: int, json_like: bool = False) -> Optional[_Region]:
        """Return where the value is that follows `=` or `:`."""
        text = self.text
        blanks = _NEXT_LINE if text[at - 1] == ":" else _BLANKS
        start = _skip(blanks, text, at)
        quoted = self._quoted(start)
        if quoted:
            return quoted
        if text[start : start + 1] in ("[", "{", "("):
            close = self._partner(start)
            if close is None:
                return self._upto(start, self.enclosing)
            if text[close + 1 : close + 2] in _AFTER_VALUE:
                return start, close + 1, close + 1
        if self.nul:
            return self._chunk(start)
        if json_like:
            return self._trimmed(start, _skip(_JSON_VALUE, text, start))
        if self.opened or start > at:
            return self._upto(start, self.enclosing)
        return self._chunk(start)

    def _argument(self, at: int) -> Optional[_Region]:
        """Return where the next argument is; another long option is none."""
        start = _skip(_ALL_BLANKS, self.text, at)
        if _LONG_OPTION.match(self.text, start):
            return None
        return self._quoted(start) or self._chunk(start)

    def _quoted(self, at: int) -> Optional[_Region]:
        opening = _OPENING.match(self.text, at)
        if not opening or opening.group(1) == self.enclosing:
            return None
        found = _QUOTED.match(self.text, at)
        if not found:
            return self._upto(at, "")
        after = self.text[found.end() : found.end() + 1]
        if after and after not in _AFTER_VALUE and after != self.enclosing[-1:]:
            return None
        return found.start(3), found.end(3), found.end()

    def _chunk(self, at: int) -> Optional[_Region]:
        """Return what runs on from here to the next blank, or NUL, or enclosing quote."""
        if self.nul:
            stop = self.text.find("\0", at)
            stop = len(self.text) if stop < 0 else stop
        else:
            pattern = _INNER[self.enclosing[-1]] if self.enclosing else _CHUNK
            stop = _skip(pattern, self.text, at)
        return self._trimmed(at, stop)

    def _upto(self, at: int, sign: str) -> Optional[_Region]:
        """Return what runs on from here to the sign, or to the end of the line."""
        if at > self.line_end:
            found = _LINE_END.search(self.text, at)
            self.line_end = found.start() if found else len(self.text)
        start, stop = _skip(_BLANKS, self.text, at), self.line_end
        if sign:
            found = re.compile(re.escape(sign) + r"(?!\w)").search(self.text, start, stop)
            stop = found.start() if found else stop
        return self._trimmed(start, stop)

    def _trimmed(self, start: int, stop: int) -> Optional[_Region]:
        stop = start + len(self.text[start:stop].rstrip(" \t,;)]}>"))
        return (start, stop, stop) if stop > start else None

    def _partner(self, at: int) -> Optional[int]:
        """Return where the bracket at `at` closes, if that is near."""
        if self.partners is None:
            self.partners, opened = {}, []
            for found in _BRACKET.finditer(self.text):
                if found.group() in "[{(":
                    opened.append(found.start())
                elif opened:
                    self.partners[opened.pop()] = found.start()
        close = self.partners.get(at)
        return close if close is not None and close - at < _REACH else None


def _mark(found: Match[str]) -> str:
    return "<masked:%d>" % len(found.group())


class Masker:
    """Masks texts of one host.

    `identifiers` (units, streams, files) are kept as whole words, units without their suffix too,
    and so are the words of lower-case letters they are made of.
    """

    def __init__(self, identifiers: Iterable[str] = ()) -> None:
        self._judge = _Judge(identifiers)

    def text(self, text: str) -> Tuple[str, int]:
        """Return the text with what is not known to be harmless masked, and the number of spans.

        Never raises; masking what is masked already changes nothing and counts nothing.
        """
        shown, count = self._once(text)
        more = count
        while more:  # what stands beside a new marker may now be read otherwise
            before = shown.count("<masked:")
            shown, more = self._once(shown)
            count += shown.count("<masked:") - before
        return shown, count

    def _once(self, text: str) -> Tuple[str, int]:
        marks: List[Tuple[str, int, bool]] = []  # as shown, characters, whether new
        jumbles: Deque[int] = collections.deque()

        def jumble(found: Match[str]) -> str:
            if not _disorderly(found.group()):
                return found.group()
            jumbles.append(len(found.group()))
            return _JUMBLE

        def slot(found: Match[str]) -> str:
            whole = found.group()
            length = len(whole)
            for _ in range(whole.count(_JUMBLE)):
                length += jumbles.popleft() - 1
            new = found.group(1) is None
            marks.append(("<masked:%d>" % length if new else whole, length, new))
            return _SLOT

        text = text.replace(_SLOT, "\ufdd2").replace(_JUMBLE, "\ufdd2")
        text = _SPECIAL.sub(slot, _ODD_CHUNK.sub(jumble, text))
        waiting = iter(marks)
        out, count = [], 0
        for masked, pieces in itertools.groupby(_Scan(self._judge, text).run(), lambda p: p[1]):
            piece = "".join(text for text, _ in pieces)
            inside = list(itertools.islice(waiting, piece.count(_SLOT))) if marks else []
            if masked:
                length = len(piece) - len(inside) + sum(length for _, length, _ in inside)
                out.append("<masked:%d>" % length)
                count += 1
                continue
            kept = piece.split(_SLOT) if inside else [piece]
            out.append(kept[0])
            for (mark, _, new), rest in zip(inside, kept[1:]):
                out += [mark, rest]
                count += new
        return "".join(out), count

    def properties(self, text: str, names: AbstractSet[str]) -> Tuple[str, int]:
        """Mask the values of the named properties in `Name=value` lines (`systemctl show`).

        A line without a name continues the value before it. Of `ExecStart={ path=… ; argv[]=… ;
        … }` only argv is masked.
        """
        count, masking, lines = 0, False, []
        for line in text.split("\n"):
            found = _PROPERTY.match(line)
            masking = found.group(1) in names if found else masking and bool(line)
            head, value, tail = (found.group() if found else ""), line, ""
            command = _EXEC.fullmatch(line)
            if masking and command:
                head, value, tail = command.groups()
            elif found:
                value = line[found.end() :]
            more = 0
            if masking:
                value, more = self.text(value)
            lines.append(head + value + tail)
            count += more
        return "\n".join(lines), count

    def json_lines(self, text: str, names: AbstractSet[str]) -> Tuple[str, int]:
        """Mask the values of the named keys in lines of JSON objects (`journalctl -o json`).

        An array of byte numbers is how journalctl writes what is not UTF-8: it is decoded first.
        A line that is no object, such as one cut short, is masked as text.
        """
        masked = [self._json_line(line, names) for line in text.split("\n")]
        return "\n".join(line for line, _ in masked), sum(count for _, count in masked)

    def _json_line(self, line: str, names: AbstractSet[str]) -> Tuple[str, int]:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            hidden, count = _BYTES.subn(_mark, line)
            shown, more = self.text(hidden)
            return shown, count + more
        count = 0
        for name in sorted(names & set(entry)):
            entry[name], more = self._value(entry[name])
            count += more
        return json.dumps(entry), count

    def _value(self, value: Any) -> Tuple[Any, int]:
        """Mask a JSON value: text, an array's elements one by one, an object as the text it is."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            if value and all(type(byte) is int and 0 <= byte < 256 for byte in value):
                return self.text(bytes(value).decode("utf-8", "replace"))
            masked = [self._value(element) for element in value]
            return [element for element, _ in masked], sum(more for _, more in masked)
        if value is None or isinstance(value, bool):
            return value, 0
        shown, more = self.text(json.dumps(value))
        return (shown, more) if more else (value, 0)

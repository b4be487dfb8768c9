"""Which words are plain: the vocabulary, and a model of what words look like made of it.

There is no dictionary on a host: a word is plain if the letter triples in it also occur in
`_WORDS`, which is therefore both vocabulary and model.
"""

import re
import unicodedata
from typing import FrozenSet, List

__all__ = [
    "KNOWN",
    "NOT_A_NAME",
    "NUMBER",
    "PARTS",
    "SLOT",
    "fold",
    "is_plain",
    "is_plain_word",
    "word_set",
]

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


def word_set(words: str) -> FrozenSet[str]:
    """Return the words of a text as a set."""
    return frozenset(words.split())


_TECHNICAL = word_set(_TERMS)
KNOWN = _TECHNICAL | word_set(_WORDS) | word_set(_SERVICES)


def _triples(word: str) -> List[str]:
    """Return the letter triples of a word and its edges: `of` gives `^of`, `of$`."""
    edged = "^" + word + "$"
    return [edged[at : at + 3] for at in range(len(word))]


_TRIPLES = frozenset(triple for word in _WORDS.split() for triple in _triples(word))
_SUFFIXES = (
    r"(?i)\.(?:service|timer|socket|target|mount|automount|slice|scope|path|device|swap"
    r"|py|js|so|sh|log|conf|json|ya?ml|toml|pid|sock%s)$"
)
NOT_A_NAME = re.compile(_SUFFIXES % "")
_FILE = re.compile(_SUFFIXES % r"|pkl|pth|pt|onnx|csv|parquet|gz|db|rdb|aof|html|txt|cfg|ini|env")
_PACKAGE = re.compile(r":(?:amd64|arm64|armhf|i386|all)$")

SLOT = "\ufdd0"  # stands, as one character, for a marker while the text is worked on

NUMBER = re.compile(
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
_SYMBOL = re.compile(
    r"(?:1000)?[A-Z]{2,8}(?:USD[TC]?|BUSD|BTC|ETH|BNB|EUR|TRY|PERP)|[a-z]{2,6}usd[tc]"
)
PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_JOINTS = re.compile(r"[-_.+~:*]+|'(?=[a-z]{1,2}$)")
_LIBRARY = re.compile(r"lib[a-z]{1,14}\d{0,3}")
_NUMBERED = re.compile(r"([A-Za-z]+)(\d{1,3})")
_FOREIGN = re.compile("[^\x00-\x7f]")
_DIGIT = re.compile("[0-9]")
_FOLD = str.maketrans({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "ß": "ss", "đ": "d", "ł": "l"})


def fold(text: str) -> str:
    """Return the text with accents and invisible signs taken off, where it has any."""
    if not _FOREIGN.search(text):
        return text
    spread = unicodedata.normalize("NFKD", text.translate(_FOLD))
    return "".join(sign for sign in spread if unicodedata.category(sign) not in ("Mn", "Cf"))


def _plausible(word: str) -> bool:
    """Say whether lower-case letters look like a word: hardly any unheard-of triple."""
    strange = sum(triple not in _TRIPLES for triple in _triples(word))
    return len(word) <= 24 and strange <= (len(word) > 8) + (len(word) > 13)


def _strangeness(piece: str, lenient: bool, named: FrozenSet[str]) -> int:
    """Return 0 for a plain word, 1 for a short unknown one, 9 for what may be a secret."""
    if lenient and _LIBRARY.fullmatch(piece):
        return 0
    low = piece.lower()
    if low in KNOWN or low in named or len(piece) < 2 or (piece.isdigit() and len(piece) < 9):
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
        return 0 if NUMBER.fullmatch(piece) else 1 if short else 9
    if piece.islower() or piece.isupper() or piece.istitle():
        if _plausible(low):
            return 0
        return 1 if len(piece) < (6 if piece.isupper() else 7 if lenient else 5) else 9
    humps = PARTS.findall(piece)
    strange = [hump for hump in humps if len(hump) == 1 or _strangeness(hump, False, named)]
    if len("".join(strange)) > 3 or len(piece) < 3 * len(humps):
        return 9
    return len(strange)


def is_plain_word(word: str) -> bool:
    """Say whether a word without any joint is an ordinary one, a technical term or a number."""
    return not _strangeness(word, False, frozenset())


def is_plain(text: str, lenient: bool = False, named: FrozenSet[str] = frozenset()) -> bool:
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
        and not _FOREIGN.search(text.replace(SLOT, ""))
        and len(_DIGIT.findall(text)) <= 15
        and sum(_strangeness(piece, lenient, named) for piece in pieces) <= 1 + lenient
    )

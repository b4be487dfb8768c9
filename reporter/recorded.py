"""What the collector wrote in words, as sentences that can be read in another language.

An archive holds a reason as the English text it was when it was collected: why a probe gave no
answer, why a file was not read, what a look leaves behind. The sentences known here are those of
this version's collector; any other reason is shown as it was recorded. What the system itself says
("No such file or directory") and what a server answers is evidence, and stays as it is.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from string import Formatter

from reporter.messages import Text, Value, joined, text

__all__ = ["SENTENCES", "recorded"]

SENTENCES = (
    # the whole of a probe
    text("stopped after {seconds} s, the limit of this probe"),
    text("{what}: the {seconds} s for the whole host were over"),
    text("stopped"),
    text("never had its turn"),
    text("{reason}; it hangs in the kernel and was left behind"),
    text("{program} is there, but the interpreter it names is not"),
    text("no file matches {patterns}"),
    text("no folder is named"),
    text("no pattern is declared"),
    text("may not be searched: {folders}"),
    text("none of the {count} files that match can be read"),
    text("none of the {count} files can be read"),
    text("{count} of {all} files read; not read: {names}"),
    text("not read, limit: {path}"),
    text("no room for {path}"),
    text("there is no crontab, and no folder of cron has a file"),
    text("/proc shows only some processes (mount option hidepid)"),
    text("this Python has no ctypes: {error}"),
    text("the C library has no adjtimex: {error}"),
    text("the path of this interpreter is not known"),
    text("counting failed: {error}"),
    text("the scan was ended by {what}"),
    text("an exception"),
    text("signal {number}"),
    text("{path} is not a regular file but a {kind}"),
    text("{path}: not a folder"),
    # its targets
    text("its targets come from {probe}, which was {what}; there may be more targets"),
    text("its targets come from {probe}, which was {what}"),
    text("{count} of {all} targets looked at, limit; not looked at: {names}"),
    text("not looked at, since they would be taken for options: {names}"),
    text("denied"),
    text("absent: {reason}"),
    text("denied: {reason}"),
    text("timeout: {reason}"),
    text("error: {reason}"),
    text("collected: exit code {code} and nothing on stdout"),
    text("collected: ended by signal {number}"),
    text("collected: only the last {kept} of {size} bytes"),
    # a file, a folder, a mount
    text("a mount, which is not entered"),
    text("deeper than was asked for"),
    text("only {count} files are shown"),
    text("time"),
    text("on {fstype}, which may be another host's"),
    text("it was changed while it was looked at"),
    text("the time for reading was over"),
    text("the bytes that may be read were used up"),
    text("it is larger than {size} bytes and was not read"),
    text("some of its assignments were cut off the record"),
    text("systemd refuses it: {reason}"),
    text("it holds a NUL byte"),
    text("line {number}: it is not UTF-8"),
    text("its index cannot be read: {reason}"),
    text("not an index"),
    text("an index of version {number}"),
    text("an index that is cut"),
    text("not asked: no daemon runs, and the question would start it"),
    text("its answer is no list of containers"),
    text("it cannot be read as a list of containers"),
    text("same device as {mount}"),
    text("{fstype} holds no data"),
    text("{fstype} is not known to be local"),
    text("reached over {path}, which is {fstype}"),
    text("covered by another mount on {path}"),
    # the code of programs
    text("{count} files"),
    text("{count} files in the folders"),
    text("{count} bytes"),
    text("a file of more than {size} bytes"),
    text("not read: more than {count} files"),
    text("not read: the time was over"),
    text("not read: more than {size} bytes"),
    text("not read: more than {size} bytes in all"),
    text("not a regular file"),
    text("nested too deeply"),
    text("syntax error in line {number}"),
    text("not in the encoding it claims"),
    text("cannot be read as Python"),
    # a Redis server
    text("no connection within {seconds} s"),
    text("no TLS connection within {seconds} s: it may speak none"),
    text("no TLS ({reason}): it may speak none"),
    text("no connection: {error}"),
    text("its certificate is not accepted ({reason}): check ca, or set verify: false"),
    text("the name is not known to the control node"),
    text("{name}: {path} cannot be read on the control node"),
    text("no time was left"),
    text("no sentinel names a primary: {reasons}"),
    text("no service is called {name} there"),
    text("what it says of the cluster's slots cannot be read"),
    text("the cluster serves no slot"),
    text("the time to find out where its servers are was over"),
    text(
        "redis-py {what} on the control node: install redis 5.0 or newer for its Python (pip "
        "install 'truthmap[redis]', or add redis to the execution environment)"
    ),
    text("is not installed"),
    text("is too old ({version})"),
    text("it does not answer"),
    text("it stopped answering"),
    text("the server stopped answering"),
    text("no reply within {seconds} s"),
    text(
        "{what} before any answer; it may speak TLS only: name it in probe_redis_endpoints with "
        "tls: true"
    ),
    text("it may speak TLS only: name it in probe_redis_endpoints with tls: true"),
    text("the connection was lost"),
    text("the connection was lost: {error}"),
    text("{what} but begins with {word}"),
    text("what it answers is not Redis's protocol"),
    text("a string does not end where it should"),
    text("a reply is nested more than {count} deep"),
    text("a reply {what}, which is refused"),
    text("announces a string of {size} bytes"),
    text("holds more than {size} bytes"),
    text("is longer than {size} bytes"),
    text("its reply to INFO has not the shape it should have"),
    text("its reply has not the shape it should have: {error}"),
    text("SCAN's reply has not the shape it should have"),
    text("its reply had no room in {size} bytes"),
    text("no time was left for it: the limit of this probe"),
    text("no room was left for it: {size} bytes, the limit of this probe"),
    text("more than {count} streams, limit"),
    text("{count} clients, limit {most}"),
    text("{count} groups, limit {most}"),
    text("group {number}, limit {most}"),
    text("{count} consumers, limit {most}"),
    text("whose socket it is is not shown"),
    text("its socket belongs to the user id {uid}, which is no account of the system"),
    text(
        "the server asks for a password, and the one for all servers was not given to it: "
        "{reason}; if it is yours, give it a login in probe_redis_credentials"
    ),
    text("NOAUTH: the server asks for a password: set {variables}"),
    text("probe_redis_username and probe_redis_password, or probe_redis_credentials"),
    text("NOPERM: the user {user} may not run {command}: grant it +{right}"),
    text(
        "DENIED: the server is in protected mode and takes no connections from elsewhere: survey "
        "it from its own host, or give it a password"
    ),
    text("LOADING: the server is loading its data into memory: collect again when it has"),
    text("MASTERDOWN: a replica that has lost its primary and is set to answer nothing meanwhile"),
    text(
        "{code}: the server does not take the password given for the user {user}: check {variables}"
    ),
    text("in words that are not shown"),
    text("{command} was refused: {reason}"),
    text("{what}, asked {command}"),
    # a host
    text("the host's budget of time or size ended before every probe was done"),
    text("the time budget ended before every probe had run"),
    text("cut short"),
    text("the run ended before it was collected"),
    text("bundle unusable: {what}"),
    text("no result came back: the play dropped the host before collecting"),
    text("no reason was given"),
    text("the task took longer than collect_task_timeout_s and was given up"),
    text("the host answered nothing at all; check the login shell and the shell's start files"),
    # what a look leaves behind
    text("what its administrator did to run the collector: not known"),
    text("sshd: journal lines for the login of {user} (accepted, session opened, closed)"),
    text("pam_motd, where the host uses it: /run/motd.dynamic, written anew at the login"),
    text(
        "pam_systemd, where the host uses it: for the login of {user} a session scope, and while "
        "no other session of that user lives its user manager, user slice, runtime folder and "
        "journal file, with their journal lines"
    ),
    text(
        "lastlog and wtmp: records of the login of {user}, where the host's PAM keeps them for "
        "sessions without a terminal"
    ),
    text("{connection}: one session, recorded as that connection's service records it"),
    text("sudo: journal lines for the step from {user} to {other} (command, session)"),
    text("sudo: the time stamp of {user} in /run/sudo/ts, where sudo asked for a password"),
    text(
        "{method}: journal lines for the step from {user} to {other}, and for su a session scope "
        "where the host uses pam_systemd"
    ),
    text(
        "kernel modules tcp_diag, udp_diag and inet_diag: loaded by ss, where the kernel has them "
        "as modules and nobody has used ss since boot"
    ),
    text(
        "kernel module unix_diag: loaded by ss, where the kernel has it as a module and nobody has "
        "looked at unix sockets since boot"
    ),
    text(
        "access times of the files read, where the file system keeps them (relatime: at most one "
        "change a day each)"
    ),
    text(
        "Redis: one connection a server and its commands, in the server's counters (connections, "
        "commands, network bytes) and, while it lasts, in CLIENT LIST"
    ),
    text(
        "Redis: keyspace hits, counted by SCAN with TYPE, XINFO and XREVRANGE; their growth "
        "between the two INFO of a survey is ours and that of other clients together"
    ),
    text(
        "Redis: keys past their time that SCAN meets on a primary are removed then, as any read "
        "would have done, and counted as expired"
    ),
    text(
        "Redis: entries in ACL LOG and in the error counters for each kind of command the user may "
        "not run; before 7.2 the last access of the streams looked at"
    ),
)
"""Sentences of the collector; where several fit, the first one does."""

_DIVIDERS = ("; ", ": ")
"""Between reasons that were joined, and after the place a reason is about."""

_NUMBERS = frozenset({"all", "count", "kept", "most", "number", "seconds", "size"})
_SENTENCES_IN_IT = frozenset({"reason", "reasons", "variables", "what"})
"""Places that hold a number, and those that hold another sentence; the others hold any text."""


@lru_cache(maxsize=4096)
def recorded(said: str) -> Value:
    """Return what was recorded as the sentence it is; as it is where it is none we know.

    Its English form is what was recorded, to the letter.
    """
    head, divider, tail = said.partition(". ")
    several = [recorded(head), recorded(tail)] if tail else []
    if several and all(isinstance(part, Text) for part in several):
        return joined(several, divider)
    for pattern, sentence in _patterns():
        found = pattern.fullmatch(said)
        if found:
            places = found.groupdict()
            inner = {name: recorded(places[name]) for name in _SENTENCES_IN_IT & places.keys()}
            return sentence.filled(**{**places, **inner})
    for divider in _DIVIDERS:
        head, _, tail = said.partition(divider)
        parts = [recorded(head), recorded(tail)] if tail else []
        if any(isinstance(part, Text) for part in parts):
            return joined(parts, divider)
    return said


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Text], ...]:
    return tuple((_pattern(sentence.template), sentence) for sentence in SENTENCES)


def _pattern(template: str) -> re.Pattern[str]:
    pattern = ""
    for words, name, _, _ in Formatter().parse(template):
        pattern += re.escape(words)
        if name:
            pattern += f"(?P<{name}>{'[0-9.e+]+' if name in _NUMBERS else '.+?'})"
    return re.compile(pattern, re.DOTALL)

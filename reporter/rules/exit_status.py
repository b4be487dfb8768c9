"""What the exit statuses, signals and results of services mean.

Sources: systemd.exec(5) "Process exit codes" (1 to 7 LSB, 64 to 78 sysexits.h, 200 and above by
systemd itself before the program runs); bash(1) for 126, 127 and 128+n; signal(7);
systemd.service(5) and org.freedesktop.systemd1(5) for `Result`. A program may give any status
a meaning of its own: what is said here is the convention.
"""

from __future__ import annotations

from reporter.messages import Text, Value, text

__all__ = ["BY_SYSTEMD", "RESULTS", "SIGNALS", "STATUSES", "signal_name", "status_meaning"]

STATUSES: dict[int, Text] = {
    # Conventions of programs (libc, LSB).
    1: text("a general error; the program's own log says which"),
    2: text("invalid or too many arguments"),
    3: text("a feature that is not implemented"),
    4: text("not enough privileges"),
    5: text("the program is not installed"),
    6: text("the program is not configured"),
    7: text("the program is not running"),
    # sysexits.h
    64: text("used with wrong arguments (sysexits USAGE)"),
    65: text("wrong input data (sysexits DATAERR)"),
    66: text("an input file is missing or cannot be read (sysexits NOINPUT)"),
    67: text("a user that does not exist (sysexits NOUSER)"),
    68: text("a host that does not exist (sysexits NOHOST)"),
    69: text("a service it needs is unavailable (sysexits UNAVAILABLE)"),
    70: text("an internal error of the program (sysexits SOFTWARE)"),
    71: text("an error of the operating system (sysexits OSERR)"),
    72: text("a system file is missing or wrong (sysexits OSFILE)"),
    73: text("an output file cannot be created (sysexits CANTCREAT)"),
    74: text("an input or output error (sysexits IOERR)"),
    75: text("a failure that may pass, try again (sysexits TEMPFAIL)"),
    76: text("a protocol error in what a peer sent (sysexits PROTOCOL)"),
    77: text("permission denied (sysexits NOPERM)"),
    78: text("an error in its configuration (sysexits CONFIG)"),
    # Shells.
    126: text("a shell found the command but could not execute it"),
    127: text("a shell did not find the command"),
    # Systemd itself, while it prepared the process: the program never ran.
    200: text(
        "changing to the working directory failed: look at WorkingDirectory= and who may enter"
    ),
    201: text("setting the priority failed: look at Nice="),
    202: text("handing over file descriptors failed"),
    203: text("executing the program failed"),
    204: text("memory ran out while the process was prepared"),
    205: text("setting resource limits failed: look at the Limit...= settings"),
    206: text("setting the OOM score failed: look at OOMScoreAdjust="),
    207: text("setting the signal mask failed"),
    208: text("setting up standard input failed: look at StandardInput="),
    209: text("setting up standard output failed: look at StandardOutput=, its path and folder"),
    210: text("changing the root folder failed: look at RootDirectory="),
    211: text("setting the I/O priority failed: look at IOSchedulingClass="),
    212: text("setting the timer slack failed: look at TimerSlackNSec="),
    213: text("setting secure bits failed: look at SecureBits="),
    214: text("setting the CPU scheduler failed: look at CPUSchedulingPolicy="),
    215: text("setting the CPU affinity failed: look at CPUAffinity="),
    216: text("the group could not be taken on: look at Group= and whether that group exists"),
    217: text("the user could not be taken on: look at User= and whether that user exists"),
    218: text("dropping capabilities failed: look at CapabilityBoundingSet="),
    219: text("setting up the control group failed"),
    220: text("creating a session failed"),
    221: text("the start was not confirmed at the console"),
    222: text("setting up standard error failed: look at StandardError=, its path and folder"),
    224: text("PAM refused: look at PAMName= and the PAM configuration"),
    225: text("setting up a network namespace failed: look at PrivateNetwork="),
    226: text(
        "setting up the file system namespace failed: look for paths that do not exist in "
        "ReadWritePaths=, ReadOnlyPaths=, BindPaths=, InaccessiblePaths= and for PrivateTmp=, "
        "ProtectSystem=, RootDirectory="
    ),
    227: text("setting NoNewPrivileges= failed"),
    228: text("applying the system call filter failed: look at SystemCallFilter="),
    229: text("setting the SELinux context failed: look at SELinuxContext="),
    230: text("setting the personality failed: look at Personality="),
    231: text("changing the AppArmor profile failed: look at AppArmorProfile="),
    232: text("restricting address families failed: look at RestrictAddressFamilies="),
    233: text("setting up the runtime folder failed: look at RuntimeDirectory="),
    235: text("changing the owner of a socket failed: look at SocketUser= and SocketGroup="),
    236: text("setting the SMACK label failed: look at SmackProcessLabel="),
    237: text("setting up the kernel keyring failed"),
    238: text("setting up the state folder failed: look at StateDirectory="),
    239: text("setting up the cache folder failed: look at CacheDirectory="),
    240: text("setting up the log folder failed: look at LogsDirectory="),
    241: text("setting up the configuration folder failed: look at ConfigurationDirectory="),
    242: text("setting the NUMA policy failed: look at NUMAPolicy= and NUMAMask="),
    243: text("setting up credentials failed: look at LoadCredential= and SetCredential="),
    244: text("setting up a BPF program failed"),
    245: text("setting up kernel memory merging failed: look at MemoryKSM="),
    255: text("a general error; the program's own log says which"),
}

BY_SYSTEMD = range(200, 246)
"""Statuses systemd uses for what went wrong before the program itself ran."""

SIGNALS: dict[int, str] = {
    1: "HUP",
    2: "INT",
    3: "QUIT",
    4: "ILL",
    5: "TRAP",
    6: "ABRT",
    7: "BUS",
    8: "FPE",
    9: "KILL",
    10: "USR1",
    11: "SEGV",
    12: "USR2",
    13: "PIPE",
    14: "ALRM",
    15: "TERM",
    16: "STKFLT",
    24: "XCPU",
    25: "XFSZ",
    31: "SYS",
}
"""Signal numbers of Linux on x86, ARM, RISC-V, POWER and s390 (MIPS, SPARC and Alpha differ)."""

_SIGNAL_MEANINGS: dict[int, Text] = {
    4: text("the processor met an instruction it does not know"),
    6: text("the program gave up by itself (abort, a failed assertion)"),
    7: text("it touched memory that is not there"),
    8: text("an arithmetic error such as a division by zero"),
    9: text("killed without a chance to clean up: by hand, by a limit, or for want of memory"),
    11: text("it touched memory that is not its own (a crash)"),
    15: text("it was asked to end"),
    24: text("its CPU time limit was reached"),
    25: text("its file size limit was reached"),
    31: text("it made a system call that is forbidden to it (SystemCallFilter=)"),
}

RESULTS: dict[str, Text] = {
    "resources": text("systemd could not get what it needed to run it (its log says what)"),
    "protocol": text("it did not report itself the way its Type= promises"),
    "timeout": text("it did not start or stop within its time limit and was ended"),
    "watchdog": text("it stopped answering its watchdog (WatchdogSec=) and was ended"),
    "start-limit-hit": text("it was started too often in too short a time, so systemd gave up"),
    "oom-kill": text("the kernel or systemd-oomd killed it because memory ran out"),
    "exec-condition": text("an ExecCondition= command said that it should not run"),
    "condition": text("a condition of its unit file was not met"),
    "core-dump": text("it crashed and left a core dump"),
    "trigger-limit-hit": text("it triggered its unit too often, so systemd gave up"),
    "service-start-limit-hit": text("its service was started too often, so systemd gave up"),
    "unit-start-limit-hit": text("its unit was started too often, so systemd gave up"),
    "mount-start-limit-hit": text("its mount was started too often, so systemd gave up"),
}
"""Results that say more than the exit status: values of `Result` other than `exit-code`."""


def signal_name(number: int) -> Value:
    """Return `SIGSEGV` for 11, `signal 64` for a number without a name here."""
    if number in SIGNALS:
        return f"SIG{SIGNALS[number]}"
    return text("signal {number}", number=number)


def status_meaning(status: int) -> Text | None:
    """Return what an exit status means by convention, None where there is no convention."""
    if status in STATUSES:
        return STATUSES[status]
    if 128 < status <= 192:
        return text(
            "a shell reports that a command was ended by {signal}", signal=signal_name(status - 128)
        )
    return None


def signal_meaning(number: int) -> Text | None:
    """Return what a signal usually means for a service."""
    return _SIGNAL_MEANINGS.get(number)

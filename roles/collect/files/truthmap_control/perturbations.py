"""What a collection inevitably leaves on the host, said beforehand so that a report can list it."""

from __future__ import annotations

__all__ = ["perturbations", "redis_perturbations"]

_LOGIN_CONNECTIONS = frozenset({"ssh", "paramiko", "paramiko_ssh", "libssh"})


def redis_perturbations(on_host: bool) -> list[str]:
    """List what a survey of Redis servers leaves on them, and `on_host` on their host."""
    found = [
        "Redis: one connection a server and its commands, in the server's counters (connections, "
        "commands, network bytes) and, while it lasts, in CLIENT LIST",
        "Redis: keyspace hits, counted by SCAN with TYPE, XINFO and XREVRANGE; their growth "
        "between the two INFO of a survey is ours and that of other clients together",
        "Redis: keys past their time that SCAN meets on a primary are removed then, as any read "
        "would have done, and counted as expired",
        "Redis: entries in ACL LOG and in the error counters for each kind of command the user may "
        "not run; before 7.2 the last access of the streams looked at",
    ]
    if on_host:
        found.append(
            "kernel module unix_diag: loaded by ss, where the kernel has it as a module and nobody "
            "has looked at unix sockets since boot"
        )
    return found


def perturbations(
    connection: str, user: str, become_method: str | None = None, become_user: str = "root"
) -> list[str]:
    """List what this kind of collection leaves on the host, one sentence each.

    `connection` is the Ansible connection plugin's short name (ssh, local, podman); `user` the one
    who logs in, "" if unknown; `become_method` the short name (sudo, su) or None.
    """
    found = []
    who = user or "the login user"
    if connection in _LOGIN_CONNECTIONS:
        found += [
            f"sshd: journal lines for the login of {who} (accepted, session opened, closed)",
            "pam_motd, where the host uses it: /run/motd.dynamic, written anew at the login",
            f"pam_systemd, where the host uses it: for the login of {who} a session scope, and "
            "while no other session of that user lives its user manager, user slice, runtime "
            "folder and journal file, with their journal lines",
            f"lastlog and wtmp: records of the login of {who}, where the host's PAM keeps them for "
            "sessions without a terminal",
        ]
    elif connection != "local":
        found.append(f"{connection}: one session, recorded as that connection's service records it")
    if become_method == "sudo":
        found += [
            f"sudo: journal lines for the step from {who} to {become_user} (command, session)",
            f"sudo: the time stamp of {who} in /run/sudo/ts, where sudo asked for a password",
        ]
    elif become_method is not None:
        found.append(
            f"{become_method}: journal lines for the step from {who} to {become_user}, and for su "
            "a session scope where the host uses pam_systemd"
        )
    found.append(
        "kernel modules tcp_diag, udp_diag and inet_diag: loaded by ss, where the kernel has them "
        "as modules and nobody has used ss since boot"
    )
    found.append(
        "access times of the files read, where the file system keeps them (relatime: at most one "
        "change a day each)"
    )
    return found

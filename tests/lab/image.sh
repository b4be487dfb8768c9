#!/bin/sh
# Makes a fresh Debian root folder ($1) look like a newly rented VPS. mmdebstrap runs it last.
set -eu
root=$1

# Every host makes its own host keys before its first boot (hosts.py); shared ones would make
# checking them worthless.
rm -f "$root"/etc/ssh/ssh_host_*

# The container runtime gives each host its name and its machine ID.
rm -f "$root/etc/hostname"

printf 'LANG=C.UTF-8\n' > "$root/etc/default/locale"

# A persistent journal, as on hosts that keep logs over a reboot. The runtime mounts a volume here;
# it takes owner and mode from this folder.
mkdir -p "$root/var/log/journal"
chroot "$root" chgrp systemd-journal /var/log/journal
chmod 2755 "$root/var/log/journal"

# The people who log in. '*' means no password, but keys work. The operator's password differs per
# lab and is set when the host starts.
add_user() { chroot "$root" useradd --create-home --shell /bin/bash --password '*' "$@"; }
add_user auditor
add_user --gid operator --groups sudo operator  # Debian has a group of that name
add_user deploy
printf 'deploy ALL=(ALL:ALL) NOPASSWD: ALL\n' > "$root/etc/sudoers.d/deploy"
chmod 0440 "$root/etc/sudoers.d/deploy"

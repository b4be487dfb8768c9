#!/bin/sh
# Installs the Debian packages named as arguments, where this is root on Debian or Ubuntu.
# Elsewhere it says which are missing and goes on: the tests that need them say so themselves.
set -eu

command -v dpkg-query >/dev/null 2>&1 || { echo "Not Debian or Ubuntu: install by hand: $*" >&2; exit 0; }

missing=
for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "Not root, so not installed:$missing (as root: apt-get install$missing)" >&2
    exit 0
fi

echo "Installing$missing ..." >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# A package that brings a service (redis-server) would start it: this machine wants the program
# only. invoke-rc.d(8) and deb-systemd-invoke ask this file first.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
# shellcheck disable=SC2086  # a list of names
apt-get install -y -qq --no-install-recommends $missing >/dev/null

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   sysroot.sh ARCH DIR
#
# Debian's libraries for another architecture (arm64) and what else runs there,
# unpacked in DIR with all that they depend on, for a compiler's --sysroot. Does
# nothing where they are. Nothing is installed, and dpkg hears of no architecture.
set -euo pipefail
# shellcheck source=scripts/apt-apart.sh
. "$(dirname "$0")/apt-apart.sh"

arch=$1
dir=$2
# Debian 13's libelf.a can't be linked; see CONTRIBUTING.md.
suites=${SYSROOT_SUITES:-bookworm bookworm-security}

die() {
	echo "sysroot: $*" >&2
	exit 1
}

read -ra packages <<<"$("$(dirname "$0")/deps.sh" foreign build test vm)"
wanted="$arch $suites ${packages[*]}"
[ "$(cat "$dir/.wanted" 2>/dev/null)" != "$wanted" ] || exit 0
# What is not from here is somebody's: it is not replaced.
[ ! -e "$dir" ] || [ -e "$dir/.wanted" ] || die "$dir is there, and none of mine: name another with SYSROOT="

new=$dir.new
rm -rf "$new"
mkdir -p "$new"
trap 'rm -rf "$new"' EXIT
# shellcheck disable=SC2086 # a list
apt_apart "$dir.apt" "$arch" $suites
echo "sysroot: fetching Debian's libraries for $arch" >&2
apt-get -q -y --download-only install "${packages[@]}" \
	>>"$APT_LOG" 2>&1 || die "no libraries: $(apt_first_error)"
for deb in "$dir.apt"/cache/archives/*.deb; do
	dpkg-deb -x "$deb" "$new"
	rm "$deb"
done
echo "$wanted" >"$new/.wanted"
rm -rf "$dir"
mv "$new" "$dir"

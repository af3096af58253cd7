#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   fetch.sh SERIES DIR
#
# Gets Debian's cloud kernel of a series (5.10, 6.1, ... or "newest") for VM_ARCH
# as DIR/vmlinuz and DIR/modules; of "newest-16k" the one with such pages, which
# arm64 has. What can't be had is one line on stderr, and status 1.
set -euo pipefail
# shellcheck source=scripts/apt-apart.sh
. "$(dirname "$0")/../../scripts/apt-apart.sh"

series=$1
dir=$2
arch=${VM_ARCH:-amd64}
flavour=cloud-$arch

die() {
	echo "$*" >&2
	exit 1
}

# Each series is where it is the stable kernel; backports keep all later ones.
case $series in
5.10) suite=bullseye-security ;;
6.1) suite=bookworm-security ;;
6.12) suite=trixie-security ;;
*) suite=trixie-backports ;;
esac

case $series in
*-16k)
	series=${series%-16k}
	flavour=$arch-16k
	;;
esac

new=$dir.new
trap 'rm -rf "$new"' EXIT
apt_apart "$(dirname "$dir")/.apt-$suite" "$arch" $suite

releases() {
	apt-cache search --names-only "^linux-image-[0-9].*[0-9]-$flavour\$" |
		sed -n 's/^linux-image-\([^ ]*\) .*/\1/p' | sort -V
}

case $series in
newest) release=$(releases | tail -n 1) ;;
*) release=$(releases | awk -v s="$series." 'index($0, s) == 1' | tail -n 1) ;;
esac
[ -n "$release" ] || die "$suite has no kernel $series-$flavour"

# From 6.19 on the image package is empty and what it had comes in three others.
packages=$(apt-cache depends --important "linux-image-$release" |
	awk -v v="$release" '$2 ~ "^linux-(binary|modules|base)-" && substr($2, length($2) - length(v) + 1) == v { print $2 }')
rm -rf "$new"
mkdir -p "$new/root"
for package in linux-image-"$release" $packages; do
	(cd "$new" && apt-get -q download "$package") >>"$APT_LOG" 2>&1 ||
		die "$package can't be downloaded: $(apt_first_error)"
done
for deb in "$new"/*.deb; do
	dpkg-deb -x "$deb" "$new/root"
	rm "$deb"
done

first() {
	find "$new/root" -path "$1" | head -n 1
}

vmlinuz=$(first "*/vmlinuz*")
modules=$(first "*/modules/$release")
if [ -z "$vmlinuz" ] || [ -z "$modules" ]; then
	die "linux-image-$release has no kernel or no modules"
fi
echo "$release" >"$new/release"
mv "$vmlinuz" "$new/vmlinuz"
mv "$modules" "$new/modules"
rm -rf "$new/root" "$dir"
mv "$new" "$dir"

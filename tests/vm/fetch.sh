#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   fetch.sh SERIES DIR
#
# Gets Debian's cloud kernel of a series (5.10, 6.1, ... or "newest") as
# DIR/vmlinuz and DIR/modules. Debian's tools check the signatures; sources,
# lists and cache are our own, beside DIR: the system's stay as they are.
# What can't be had is one line on stderr, and status 1.
set -euo pipefail

series=$1
dir=$2
arch=${VM_ARCH:-amd64}
mirror=${VM_MIRROR:-http://deb.debian.org}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

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
case $suite in
*-security) url=$mirror/debian-security ;;
*) url=$mirror/debian ;;
esac

for tool in apt-get apt-cache dpkg-deb; do
	command -v $tool >/dev/null || die "no $tool here to fetch it with"
done
[ -e $keyring ] || die "no $keyring here to check it with"

mkdir -p "$(dirname "$dir")"
apt=$(cd "$(dirname "$dir")" && pwd)/.apt-$suite
new=$dir.new
trap 'rm -rf "$new"' EXIT
mkdir -p "$apt"/{lists/partial,cache/archives/partial,state}
: >"$apt/state/status"
echo "deb [signed-by=$keyring] $url $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<-END
	Dir::Etc::SourceList "$apt/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State "$apt/state";
	Dir::State::Lists "$apt/lists";
	Dir::State::Status "$apt/state/status";
	Dir::Cache "$apt/cache";
	APT::Architecture "$arch";
	APT::Architectures { "$arch"; };
	APT::Sandbox::User "";
	Acquire::Languages "none";
	Acquire::Retries "2";
	Acquire::Check-Valid-Until "false";
	Debug::NoLocking "true";
END
export APT_CONFIG=$apt/apt.conf

apt-get -q update >"$apt/log" 2>&1 ||
	die "no index of $suite from $url: $(sed -n 's/^[EW]: //p' "$apt/log" | head -n 1)"

releases() {
	apt-cache search --names-only "^linux-image-[0-9].*-cloud-$arch\$" |
		sed -n 's/^linux-image-\([^ ]*\) .*/\1/p' | sort -V
}

case $series in
newest) release=$(releases | tail -n 1) ;;
*) release=$(releases | awk -v s="$series." 'index($0, s) == 1' | tail -n 1) ;;
esac
[ -n "$release" ] || die "$suite has no cloud kernel $series"

# From 6.19 on the image package is empty and what it had comes in three others.
packages=$(apt-cache depends --important "linux-image-$release" |
	awk -v v="$release" '$2 ~ "^linux-(binary|modules|base)-" && substr($2, length($2) - length(v) + 1) == v { print $2 }')
rm -rf "$new"
mkdir -p "$new/root"
for package in linux-image-"$release" $packages; do
	(cd "$new" && apt-get -q download "$package") >>"$apt/log" 2>&1 ||
		die "$package can't be downloaded: $(sed -n 's/^[EW]: //p' "$apt/log" | head -n 1)"
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

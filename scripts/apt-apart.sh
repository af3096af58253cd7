#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# To be sourced: Debian's packages of any suite and architecture by Debian's own
# tools, which check the signatures. Sources, lists and cache are apart: the
# system's stay as they are, and it takes no root.
#
#   apt_apart DIR ARCH SUITE...   from here on apt-get and apt-cache see these alone; state is in DIR
#   apt_first_error               what the last of them complained of, one line
#
# The caller has die(), which does not return. $APT_LOG has what apt-get said.

apt_apart() {
	local mirror=${DEBIAN_MIRROR:-http://deb.debian.org}
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	local dir arch=$2 suites=${*:3} suite url tool

	for tool in apt-get apt-cache apt-config dpkg-deb; do
		command -v $tool >/dev/null || die "no $tool here to fetch it with"
	done
	[ -e $keyring ] || die "no $keyring here to check it with"

	mkdir -p "$1"/{lists/partial,cache/archives/partial,state}
	dir=$(cd "$1" && pwd)
	: >"$dir/state/status"
	for suite in $suites; do
		url=$mirror/debian
		[[ $suite != *-security ]] || url=$mirror/debian-security
		echo "deb [signed-by=$keyring] $url $suite main"
	done >"$dir/sources.list"
	# The system's configuration would be read after this one, and with it what others
	# have run after an update. Of it only the way to a mirror counts, a proxy for one.
	rm -f "$dir/apt.conf.new"
	(umask 077 && apt-config dump | grep -E '^Acquire::(https?::|ForceIPv)' >"$dir/apt.conf.new") || :
	cat >>"$dir/apt.conf.new" <<-END
		Dir::Etc::Parts "/dev/null";
		Dir::Etc::Main "/dev/null";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::SourceList "$dir/sources.list";
		Dir::Etc::SourceParts "/dev/null";
		Dir::Etc::PreferencesParts "/dev/null";
		Dir::State "$dir/state";
		Dir::State::Lists "$dir/lists";
		Dir::State::Status "$dir/state/status";
		Dir::Cache "$dir/cache";
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "";
		Acquire::Languages "none";
		Acquire::Retries "2";
		Acquire::http::Timeout "20";
		APT::Update::Error-Mode "any";
		Acquire::Check-Valid-Until "false";
		Debug::NoLocking "true";
	END
	mv "$dir/apt.conf.new" "$dir/apt.conf"
	export APT_CONFIG=$dir/apt.conf
	APT_LOG=$dir/log
	apt-get -q update >"$APT_LOG" 2>&1 || die "no index of $suites: $(apt_first_error)"
}

apt_first_error() {
	sed -n 's/^[EW]: //p' "$APT_LOG" | head -n 1
}

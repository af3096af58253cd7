#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The Debian package: built, looked at by lintian, installed below a directory
# of its own, used, and taken away again.
cd "$(dirname "$0")/../.." || exit 1

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

for tool in dpkg-buildpackage dh fakeroot; do
	command -v $tool >/dev/null || skip_all "no $tool here"
done
[ "$(id -u)" -eq 0 ] || skip_all "dpkg installs as root only"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
n=0 failed=0

# ok STATUS NAME [TEXT]
ok() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
		[ -z "${3:-}" ] || sed 's/^/# /' <<<"$3" | tail -n 30
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

version=$(sed -n 's/^VERSION *:= *//p' Makefile)
date=$(sed -n 's/^DATE *:= *//p' Makefile)
said=$(VERSION=$version DATE=$date scripts/deb.sh "$dir/deb" 2>&1)
ok $? "it is built" "$said"
deb=$(echo "$dir"/deb/tcpdwell_*.deb)
if [ ! -e "$deb" ]; then
	echo "1..$n"
	exit 1
fi

if command -v lintian >/dev/null; then
	said=$(lintian --allow-root --fail-on error,warning "$dir"/deb/*.changes 2>&1)
	ok $? "lintian has nothing against it" "$said"
	[ -z "$said" ]
	ok $? "nor anything to note" "$said"
else
	skip "lintian has nothing against it" "no lintian here"
fi

# What it loads by name is what dpkg-shlibdeps does not see.
soname=$(dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/bin/tcpdwell | grep -ao 'libmicrohttpd\.so\.[0-9]*' | head -n 1)
package=$(dpkg-query -S "*/${soname:-?}" 2>&1 | sed -n '1s/:.*//p')
said=$(dpkg-deb -f "$deb" Depends)
[ -n "$package" ] && [[ ", $said" == *", $package (>= "* ]]
ok $? "it depends on the library that it loads by name" "$soname of $package: $said"

root=$dir/root
mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
: >"$root/var/lib/dpkg/status"
dpkg_there() {
	dpkg --root="$root" --force-depends --force-script-chrootless --log=/dev/null "$@"
}

said=$(dpkg_there --force-confold -i "$deb" 2>&1)
ok $? "it is installed" "$said"
said=$("$root/usr/bin/tcpdwell" --version 2>&1)
[ "$said" = "tcpdwell $version" ]
ok $? "the program says its version" "$said"
said=$("$root/usr/bin/tcpdwell" list --summary --json 2>&1)
if [[ $said == *'"type":"summary"'* ]]; then
	ok 0 "it reads this host's sockets"
elif "$root/usr/bin/tcpdwell" doctor >/dev/null 2>&1; then
	ok 1 "it reads this host's sockets" "$said"
else
	skip "it reads this host's sockets" "this kernel does not let it"
fi
for command in $("$root/usr/bin/tcpdwell" --help | sed -n 's/^  \([a-z]\{1,\}\)  *.*/\1/p'); do
	[ -s "$root/usr/share/man/man8/tcpdwell-$command.8.gz" ]
	ok $? "the page of $command"
done
for file in bash-completion/completions/tcpdwell zsh/vendor-completions/_tcpdwell \
	fish/vendor_completions.d/tcpdwell.fish; do
	[ -s "$root/usr/share/$file" ]
	ok $? "$file"
done
grep -qs '^ExecStart=/usr/bin/tcpdwell ' "$root"/{usr/,}lib/systemd/system/tcpdwell.service
ok $? "the unit starts the program that is installed"
[ -s "$root/etc/tcpdwell.ini" ]
ok $? "the rules that the unit reads"
said=$(dpkg_there -P tcpdwell 2>&1)
ok $? "it is taken away" "$said"
said=$(find "$root" -path "$root/var/lib/dpkg" -prune -o -type f -print)
[ -z "$said" ]
ok $? "and leaves nothing" "$said"
echo "1..$n"
exit $failed

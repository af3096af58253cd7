#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The RPM spec: parsed, and built without a look at what Fedora would call the
# libraries; what is installed is what it lists, or rpmbuild fails.
cd "$(dirname "$0")/../.." || exit 1

command -v rpmbuild >/dev/null || {
	echo "1..0 # SKIP no rpmbuild here"
	exit 0
}
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

version=$(sed -n 's/^VERSION *:= *//p' Makefile)
date=$(sed -n 's/^DATE *:= *//p' Makefile)
mkdir -p "$dir"/{SOURCES,SPECS,tcpdwell-"$version"}
VERSION=$version DATE=$date scripts/spec.sh >"$dir/SPECS/tcpdwell.spec"
ok $? "the spec is written"
if [ -e .git ]; then
	git ls-files -co --exclude-standard -z
else
	find . -path ./build -prune -o -type f -print0
fi | tar -c --null -T - --ignore-failed-read 2>/dev/null | tar -x -C "$dir/tcpdwell-$version"
tar -C "$dir" -czf "$dir/SOURCES/tcpdwell-$version.tar.gz" "tcpdwell-$version"

define=(--define "_topdir $dir" --define "_unitdir /usr/lib/systemd/system"
	--define "systemd_post() %nil" --define "systemd_preun() %nil"
	--define "systemd_postun_with_restart() %nil"
	--define "set_build_flags export CFLAGS='-O2 -g'" --define "debug_package %nil")
said=$(rpmspec -P "${define[@]}" "$dir/SPECS/tcpdwell.spec" 2>&1)
ok $? "it is parsed" "$said"
! grep -q '@[A-Z_]*@' "$dir/SPECS/tcpdwell.spec"
ok $? "nothing in it is left to fill in"
if command -v rpmlint >/dev/null; then
	said=$(rpmlint "$dir/SPECS/tcpdwell.spec" 2>&1)
	ok $? "rpmlint has nothing against it" "$said"
else
	n=$((n + 1))
	echo "ok $n - rpmlint has nothing against it # SKIP no rpmlint here"
fi

said=$(env -u MAKEFLAGS -u MAKELEVEL rpmbuild -bb --nodeps "${define[@]}" "$dir/SPECS/tcpdwell.spec" 2>&1)
ok $? "it is built" "$said"
rpm=$(find "$dir/RPMS" -name 'tcpdwell-[0-9]*.rpm' 2>/dev/null | head -n 1)
said=$(rpm -qlp "$rpm" 2>/dev/null)
[[ $said == *"/usr/bin/tcpdwell"* && $said == *"/man8/tcpdwell-trace.8"* ]]
ok $? "it has the program and its pages" "$said"
said=$(rpm -q --requires -p "$rpm" 2>/dev/null)
grep -qxE 'libmicrohttpd\.so\.[0-9]+\(\)\(64bit\)' <<<"$said"
ok $? "it requires the library that it loads by name" "$said"
echo "1..$n"
exit $failed

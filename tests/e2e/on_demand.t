#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# libmicrohttpd is loaded where pages are served, and nowhere else.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
command -v readelf >/dev/null || skip_all "there is no readelf"
needed=$(readelf -d "$TCPDWELL" | grep '(NEEDED)')
[ -n "$needed" ] || skip_all "a static program loads nothing"

soname=$(readelf -p .note.dlopen "$TCPDWELL" | grep -o 'libmicrohttpd\.so\.[0-9]*')
like "$soname" '^libmicrohttpd\.so\.[0-9]+$' "its name is noted in the program"
[[ $needed != *libmicrohttpd* ]]
ok $? "it is not loaded with the program"

# loads LIBRARY ARG...: whether the loader looks for it; the program's status has to be 0
loads() {
	local library=$1

	shift
	LD_DEBUG=libs run "$@"
	[ "$status" -eq 0 ] || diag "$* ended with status $status"
	grep -q "find library=$library" "$dir/err"
}

for command in --version "list --summary" "trace --duration 100ms" "watch --duration 100ms"; do
	# shellcheck disable=SC2086 # its words
	loads 'libc\.' $command && ! loads "$soname" $command && [ "$status" -eq 0 ]
	ok $? "not for $command"
done
loads "$soname" watch --listen 0 --duration 100ms && [ "$status" -eq 0 ]
ok $? "for watch --listen it is"

# The loader looks here first, and goes no further when it finds it spoilt.
mkdir "$dir/lib"
export LD_LIBRARY_PATH=$dir/lib
: >"$dir/lib/$soname"
run watch --listen 0 --duration 1s
is "$status" 3 "without it no page can be served"
like "$(cat "$dir/err")" "HTTP takes libmicrohttpd: [^ ]*$soname: " "which is told, with the loader's reason"
run watch --duration 100ms
is "$status" 0 "watch without pages does not need it"
ln -sf "$(ldd "$TCPDWELL" | awk '$1 ~ /^libc\./ { print $3 }')" "$dir/lib/$soname"
run watch --listen 0 --duration 1s
is "$status" 3 "nor can one with another library by that name"
like "$(cat "$dir/err")" "HTTP takes libmicrohttpd: .*undefined symbol: MHD_" "which is told"
done_testing

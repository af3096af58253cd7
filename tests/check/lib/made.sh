# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# To be read by a test of what `make docs` makes: it is then at the top of the tree, and has $made.
#
#	. lib/made.sh; made_in DIRECTORY FILE
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=$PWD/build}"
n=0

# made_in DIRECTORY FILE: in $made; skips all if FILE is not there
made_in() {
	made=$BUILD/$1
	[ -e "$made/$2" ] && return
	echo "1..0 # SKIP no $made: make docs"
	exit 0
}

# ok STATUS NAME [TEXT]: TEXT is shown if it failed
ok() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		[ -z "${3:-}" ] || sed 's/^/# /' <<<"$3" | head -n 20
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

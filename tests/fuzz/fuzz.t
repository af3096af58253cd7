#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Each fuzz target with some thousand inputs that are the same each time: a change is
# judged by what it does, not by luck. "make fuzz" looks for new ones.
cd "$(dirname "$0")/../.." || exit 1
export BUILD=$PWD/build # instrumented in its own way, whatever the others are

if ! scripts/deps.sh missing test | grep -qx libfuzzer; then
	said=$(env -u MAKEFLAGS -u MAKELEVEL nice make -s fuzzers 2>&1)
else
	said="there is no libFuzzer here (Debian: libclang-rt-dev)"
	echo "1..0 # SKIP $said"
	exit 0
fi
n=0 failed=0
while IFS= read -r line; do
	case $line in
	"ok "*) n=$((n + 1)) && echo "ok $n - ${line#ok }" ;;
	"not ok "*) n=$((n + 1)) failed=1 && echo "not ok $n - ${line#not ok }" ;;
	*) echo "# $line" ;;
	esac
done < <(T='' INPUTS=${INPUTS:-3000} SECONDS_EACH=60 tests/fuzz/run.sh 2>&1)
[ $n -gt 0 ] || sed 's/^/# /' <<<"$said" | tail -n 20
echo "1..$n"
[ $n -gt 0 ] || exit 1
exit $failed

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# That the program was built with what makes a fault in it hard to use.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=$PWD/build}"
program=${1:-$BUILD/tcpdwell}
n=0

command -v readelf >/dev/null || {
	echo "1..0 # SKIP no readelf here"
	exit 0
}
if readelf -Ws "$program" | grep -q '__asan_init\|__ubsan_handle'; then
	echo "1..0 # SKIP built with sanitizers"
	exit 0
fi
headers=$(readelf -Whl "$program")
dynamic=$(readelf -Wd "$program")
symbols=$(readelf -Ws "$program")
# The C library's start files have no such note on Debian, which takes it from the program.
object=$BUILD/user/main.o
notes=$(readelf -Wn "$object" 2>/dev/null)

# has NAME TEXT PATTERN
has() {
	n=$((n + 1))
	if grep -qE -- "$3" <<<"$2"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
	fi
}

has_not() {
	n=$((n + 1))
	if grep -qE -- "$3" <<<"$2"; then
		echo "not ok $n - $1"
	else
		echo "ok $n - $1"
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

has "position independent" "$headers" 'Type: +DYN'
has "relocations read-only after the start" "$headers" 'GNU_RELRO'
has "all of them bound at the start" "$dynamic" 'BIND_NOW|FLAGS_1.*NOW'
has_not "no stack to run code from" "$headers" 'GNU_STACK.*RWE'
has_not "no segment to write and run" "$headers" 'LOAD.* RWE '
has_not "no library path of its own" "$dynamic" 'R(UN)?PATH'
if [[ ${CFLAGS:-} == *-O0* ]]; then
	skip "checked string functions" "-O0"
elif [[ $dynamic == *'Shared library'* ]]; then
	has "checked string functions" "$symbols" 'UND .*__[a-z]+_chk'
else
	has "checked string functions" "$symbols" '__[a-z]+_chk'
fi
has "stack protector" "$symbols" '__stack_chk_fail'
if [[ $headers == *X86-64* && -e $object ]]; then
	has "indirect branches tracked, in our own code" "$notes" 'IBT'
	has "shadow stack, in our own code" "$notes" 'SHSTK'
elif [[ $headers == *AArch64* && -e $object ]]; then
	has "branch targets marked, in our own code" "$notes" 'BTI'
	has "return addresses signed, in our own code" "$notes" 'PAC'
fi
echo "1..$n"

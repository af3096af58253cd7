#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   run.sh [--tap] [SERIES...]
#
# Boots Debian's kernels in QEMU and runs the kernel tests in each, under each
# tier that it allows. Prints what failed and a table, or TAP with --tap.
# The status is 1 when a test failed, or a guest.
#
#   ARCH         the guests' machine: arm64, or this one's
#   T="words"    only the tests whose name has one of these words
#   VM_TIERS     fentry, timer, sweep, or "best" for the first of them that the kernel allows
#   VM_CACHE     where the kernels are kept (build/vm/kernels)
#   VM_JOBS      how many guests at a time (2)
#   VM_LIMIT     seconds for a test program, VM_SILENCE for a guest that says nothing
#   VM_ACCEL     QEMU's accelerator; kvm only where a probe finds that it works
#   DEBIAN_MIRROR  where the kernels come from
set -euo pipefail
cd "$(dirname "$0")/../.."

tap=0
if [ "${1:-}" = --tap ]; then
	tap=1
	shift
fi
[ $# -gt 0 ] || set -- 5.10 6.1 6.12 6.17 newest
build=build/vm
cache=${VM_CACHE:-$build/kernels}
case ${ARCH:-$(uname -m)} in
arm64 | aarch64)
	VM_ARCH=arm64
	build+=/arm64
	cache+=/arm64
	qemu="qemu-system-aarch64"
	package="qemu-system-arm"
	;;
*)
	VM_ARCH=amd64
	qemu="qemu-system-x86_64"
	package="qemu-system-x86"
	;;
esac
VM_BUSYBOX=$(command -v busybox || :)
if [ $VM_ARCH = arm64 ] && [ "$(uname -m)" != aarch64 ]; then
	VM_BUSYBOX=${SYSROOT:-build/arm64/sysroot}/bin/busybox
fi
export VM_ARCH VM_BUSYBOX
logs=$build/logs
here=tests/vm

skip_all() {
	[ $tap -eq 0 ] || echo "1..0 # SKIP $*"
	echo "test-vm: $*" >&2
	exit 0
}

say() {
	echo "# $*" >&2
}

need() {
	local lacking=
	command -v $qemu >/dev/null || lacking+=" $package"
	command -v busybox >/dev/null || lacking+=" busybox-static"
	[ -e "$VM_BUSYBOX" ] || lacking+=" a busybox for $VM_ARCH (make deps ARCH=$VM_ARCH)"
	ldd "$VM_BUSYBOX" >/dev/null 2>&1 && lacking+=" a busybox that is static"
	[ -z "$lacking" ] || skip_all "no virtual machines without:$lacking"
}

# The test programs as static ones too: the guest has no libraries.
tests=()
build_all() {
	local source name word
	for source in tests/kernel/*.t.c; do
		name=$(basename "$source" .t.c)
		for word in ${T:-$name}; do
			[[ $name != *$word* ]] || { tests+=("$build/tests/kernel/$name.t") && break; }
		done
	done
	[ ${#tests[@]} -gt 0 ] || skip_all "no kernel test has one of these words in its name: $T"
	mkdir -p $build
	say "building static programs"
	# shellcheck disable=SC2016 # for make
	make ARCH="${ARCH:-}" B=$build STATIC=1 SAN= CFLAGS=-O2 LDFLAGS=-s TEST_LD='$(LD_ALL)' \
		TEST_LIBS='-ljansson $(LIBS)' $build/tcpdwell "${tests[@]}" >$build/build.log 2>&1 && return
	cat $build/build.log >&2
	exit 1
}

fetch() {
	local series=$1 why
	[ -e "$cache/$series/vmlinuz" ] && return
	say "fetching kernel $series"
	why=$($here/fetch.sh "$series" "$cache/$series" 2>&1) && return
	say "kernel $series: $why"
	echo "@missing $why" >"$logs/$series.tests.log"
	return 1
}

# An openable /dev/kvm proves nothing: where this is a guest itself, a kernel may hang in it.
probe_kvm() {
	local series=$1
	[ -z "${VM_ACCEL:-}" ] && [ -w /dev/kvm ] || return 0
	if VM_ACCEL=kvm VM_SILENCE=10 $here/boot.sh "$cache/$series" "$build/$series.img" \
		"$build/kvm-probe" nothing 2>/dev/null; then
		export VM_ACCEL=kvm
	else
		export VM_ACCEL=tcg,thread=single
		say "KVM does not work here: the guests are emulated"
	fi
}

need
build_all
mkdir -p "$cache"
rm -rf "$logs"
mkdir -p "$logs"
jobs=()
files=()
for series; do
	files+=("$logs/$series.tests.log")
	fetch "$series" || continue
	$here/pack.sh "$cache/$series" $build "$build/$series.img" "${tests[@]}"
	[ ${#jobs[@]} -gt 0 ] || probe_kvm "$series"
	for run in tests lockdown; do
		jobs+=("$cache/$series" "$build/$series.img" "$logs/$series.$run.log" "$run")
	done
	files+=("$logs/$series.lockdown.log")
done
# A guest that failed says so in its log.
[ ${#jobs[@]} -eq 0 ] ||
	printf '%s\0' "${jobs[@]}" | xargs -0 -n 4 -P "${VM_JOBS:-2}" $here/boot.sh || :

awk -v tap=$build/results.tap -v table=$build/table -v failures=$build/failures \
	-f $here/report.awk "${files[@]}"
if [ $tap -eq 1 ]; then
	cat $build/results.tap
	sed 's/^/# /' $build/table
else
	for file in "${files[@]}"; do
		grep -q '^@doctor' "$file" || continue
		echo "tcpdwell doctor on $(basename "$file" .tests.log):"
		sed -n 's/^@doctor/ /p' "$file"
	done
	cat $build/failures $build/table
	echo "All that the guests said is in $logs."
fi
! grep -q '^not ok' $build/results.tap

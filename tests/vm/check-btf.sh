#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   check-btf.sh [--cached] [SERIES...]
#
# Resolves the CO-RE relocations of the objects in BUILD against the BTF of
# Debian's kernels and of the running one, without booting any: what is missing
# by its name, and a table. With --cached nothing is fetched: only the kernels that "make test-vm"
# or an earlier run left in VM_CACHE (build/vm/kernels) are looked at. Status 1
# when a relocation does not resolve.
set -euo pipefail
cd "$(dirname "$0")/../.."

cached=0
if [ "${1:-}" = --cached ]; then
	cached=1
	shift
fi
[ $# -gt 0 ] || set -- 5.10 6.1 6.12 6.17 newest
: "${BUILD:=$PWD/build}"
cache=${VM_CACHE:-build/vm/kernels}
# Light skeletons, which the kernel relocates itself, from 5.17 on; before it others stand in.
# shellcheck disable=SC2016 # for make
light=$(sed -n 's|^\$(B)/skel/\(.*\)\.skel\.h: SKEL_FLAGS := -L$|\1|p' Makefile | sed 's|\.skel\.h \$(B)/skel/| |g')
status=0
table=

row() {
	table+=$(printf '%-8s %-28s %12s %10s %8s' "$@")$'\n'
}

# objects RELEASE: those that are for such a kernel
objects() {
	local object name

	for object in "$BUILD"/bpf/*.bpf.o; do
		name=$(basename "$object" .bpf.o)
		case " $light " in
		*" $name "*) [ "$(printf '%s\n' 5.17 "$1" | sort -V | head -n 1)" = 5.17 ] || continue ;;
		esac
		echo "$object"
	done
}

# judge NAME RELEASE BTF
judge() {
	local said list counts

	mapfile -t list < <(objects "$2")
	said=$("$BUILD/tests/check/btf_relo" "$1" "$3" "${list[@]}") || status=1
	grep -v '^row ' <<<"$said" || :
	read -ra counts <<<"$(sed -n 's/^row [^ ]* //p' <<<"$said")"
	[ ${#counts[@]} -eq 3 ] || counts=('?' '?' '?')
	row "$1" "$2" "${counts[@]}"
}

# fetch SERIES: 0 when its kernel is there
fetch() {
	local why

	[ ! -e "$cache/$1/vmlinuz" ] || return 0
	if [ $cached -eq 1 ]; then
		why="not in $cache"
	else
		echo "check-btf: fetching kernel $1" >&2
		why=$(tests/vm/fetch.sh "$1" "$cache/$1" 2>&1) && return
	fi
	row "$1" "not looked at: $why" "" "" ""
	return 1
}

# Unpacked once: BTF is all that stays.
btf_of() {
	local dir=$cache/$1

	[ ! "$dir/vmlinux.btf" -nt "$dir/vmlinuz" ] || return 0
	tests/vm/btf.sh "$dir/vmlinuz" "$dir/vmlinux.elf" || return 1
	"${OBJCOPY:-objcopy}" --dump-section .BTF="$dir/vmlinux.btf" "$dir/vmlinux.elf" "$dir/vmlinux.out" \
		2>/dev/null || :
	rm -f "$dir/vmlinux.elf" "$dir/vmlinux.out"
	[ -s "$dir/vmlinux.btf" ]
}

row kernel release relocations otherwise missing
for series; do
	fetch "$series" || continue
	if btf_of "$series"; then
		judge "$series" "$(cat "$cache/$series/release")" "$cache/$series/vmlinux.btf"
	else
		row "$series" "not looked at: no BTF" "" "" ""
	fi
done
if [ -r /sys/kernel/btf/vmlinux ]; then
	judge running "$(uname -r)" /sys/kernel/btf/vmlinux
fi
printf '%s' "$table"
exit $status

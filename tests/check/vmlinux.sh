#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# vmlinux.sh [--btf FILE] [HEADER]: holds vmlinux/vmlinux.h, or another header
# like it, against the BTF of the running kernel or of FILE.  Needs BUILD.
set -euo pipefail

btf=()
if [ "${1-}" = --btf ]; then
	btf=(--btf "$2")
	shift 2
fi
header=${1:-$(dirname "$0")/../../vmlinux/vmlinux.h}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# clang writes BTF for what is used: so one pointer to each type. An enum
# without a name gets one, to be found by.
awk '
/^enum *\{/ { sub(/enum/, "enum tcpdwell_check_" ++anonymous); }
{ print }
/^(struct|union|enum) +[A-Za-z0-9_]+ *\{/ { use($1 " " $2) }
/^\} *[A-Za-z0-9_]+;/ { sub(/;.*/, "", $2); use($2) }
/^typedef .*[ *][A-Za-z0-9_]+;/ { sub(/;.*/, "", $NF); sub(/^\*/, "", $NF); use($NF) }
function use(type) { uses[++n] = type }
END { for (i = 1; i <= n; i++) print uses[i] " *tcpdwell_use_" i ";" }
' "$header" >"$work/all.c"
"${CLANG:-clang}" -target bpf -g -O2 -w -c "$work/all.c" -o "$work/all.o"
"${BUILD:?}/tests/check/vmlinux_check" "${btf[@]}" "$work/all.o"

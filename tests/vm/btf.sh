#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   btf.sh VMLINUZ OUT
#
# Writes the kernel that a bzImage holds, an ELF file with the section .BTF, to
# OUT. What can't be done is one line on stderr, and status 1.
set -euo pipefail

image=$1
out=$2

die() {
	echo "$*" >&2
	exit 1
}

# number OFFSET BYTES: little endian, as is everything in a bzImage
number() {
	od -An -t "u$2" -j "$1" -N "$2" "$image" | tr -d ' '
}

# Documentation/arch/x86/boot.rst: HdrS, setup_sects, payload_offset, payload_length
[ "$(dd if="$image" bs=1 skip=514 count=4 2>/dev/null)" = HdrS ] || die "$image is no bzImage"
start=$((($(number 497 1) + 1) * 512 + $(number 584 4)))
length=$(number 588 4)

payload() {
	tail -c +$((start + 1)) "$image" | head -c "$length"
}

magic=$(payload 2>/dev/null | od -An -t x1 -N 4 | tr -d ' ' || :)
case $magic in
1f8b*) tool=gzip ;;
fd377a58) tool=xz ;;
28b52ffd) tool=zstd ;;
02214c18) tool=lz4 ;;
425a*) tool=bzip2 ;;
*) die "$image: compressed in a way that is not known here ($magic)" ;;
esac
command -v $tool >/dev/null || die "no $tool here to unpack $image with"

# The size of what comes out follows the payload, which some tools complain of.
payload | $tool -dc >"$out.new" 2>/dev/null || :
[ "$(dd if="$out.new" bs=1 skip=1 count=3 2>/dev/null)" = ELF ] || die "$image: what $tool unpacked is no ELF file"
mv "$out.new" "$out"

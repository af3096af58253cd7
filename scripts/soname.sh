#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   soname.sh FLAG...
#
# The names by which a program that CC links with these (-lmicrohttpd) asks for its shared
# libraries, one a line. The linker is asked: it knows where it finds them.
set -eu

: "${CC:?}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck disable=SC2086 # a command and its arguments
$CC -shared -nostdlib -Wl,--no-as-needed -o "$dir/linked" "$@"
readelf -d "$dir/linked" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'

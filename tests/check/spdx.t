#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Each file says under which licence it is.
cd "$(dirname "$0")/../.." || exit 1

# All but what has no place for it: the licences themselves, a format of one
# line, and the inputs for the fuzzers, which have a file beside them.
files() {
	if [ -e .git ] && git ls-files -co --exclude-standard; then
		return
	fi
	find . \( -path './build*' -o -path ./.git -o -path ./.cache \) -prune -o -type f -print |
		sed 's,^\./,,'
}
no_place='^(LICENSES/.*|dist/debian/source/format|tests/fuzz/corpus/.*/.*|compile_commands\.json)$'
line='SPDX-License-Identifier("?): "?GPL-2\.0-only OR BSD-2-Clause'

echo 1..2
lacking=$(files | grep -vE "$no_place" | sort | while read -r file; do
	[ ! -f "$file" ] || head -n 5 "$file" | grep -qE "$line" || echo "$file"
done)
if [ -z "$lacking" ]; then
	echo "ok 1 - each file has its licence line"
else
	echo "not ok 1 - each file has its licence line"
	sed 's/^/# no licence line: /' <<<"$lacking"
fi
[ "$(files | wc -l)" -gt 300 ] || echo -n "not "
echo "ok 2 - there are files"

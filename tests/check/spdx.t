#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Each source file says under which licence it is.
cd "$(dirname "$0")/../.." || exit 1

echo 1..1
lacking=$(find . \( -path './build*' -o -path ./.git -o -path ./.cache \) -prune -o -type f \( \
	-name '*.[ch]' -o -name '*.sh' -o -name '*.t' -o -name '*.py' -o -name '*.pl' \
	-o -name '*.awk' -o -name '*.y*ml' -o -name '*.service' -o -name '*.bash' -o -name '*.[1-8]' \
	-o -name Makefile -o -path ./.ci/run \) -print | sort | while read -r file; do
	head -n 5 "$file" | grep -q 'SPDX-License-Identifier: GPL-2\.0-only OR BSD-2-Clause' || echo "$file"
done)
if [ -z "$lacking" ]; then
	echo "ok 1 - each source file has its licence line"
else
	echo "not ok 1 - each source file has its licence line"
	sed 's/^/# no licence line: /' <<<"$lacking"
fi

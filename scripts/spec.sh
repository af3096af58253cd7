#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Writes the RPM spec: dist/rpm/tcpdwell.spec.in with VERSION, DATE, and what it
# is built with from the table of deps.sh.
set -eu
cd "$(dirname "$0")/.."

: "${VERSION:?}" "${DATE:?}"
day=$(LC_ALL=C date -u -d "$DATE" '+%a %b %d %Y')
requires=$(scripts/deps.sh packages fedora build | sed 's/^/BuildRequires:  /')
awk -v version="$VERSION" -v day="$day" -v requires="$requires" '
	/@BUILD_REQUIRES@/ { print requires; next }
	{ gsub(/@VERSION@/, version); gsub(/@DATE@/, day); print }
' dist/rpm/tcpdwell.spec.in

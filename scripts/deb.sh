#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   deb.sh DIR
#
# Builds a Debian package of this tree in DIR. VERSION and DATE (2026-01-31) are
# the Makefile's; what it is built with is the table of deps.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${VERSION:?}" "${DATE:?}"
out=$1
tree=$out/tcpdwell-$VERSION

command -v dpkg-buildpackage >/dev/null || {
	echo "deb: no dpkg-buildpackage here" >&2
	exit 1
}
rm -rf "$out"
mkdir -p "$tree"

# The sources as they are, changes included.
if [ -e .git ]; then
	git ls-files -co --exclude-standard -z
else
	find . -path ./build -prune -o -type f -print0
fi | tar -c --null -T - --ignore-failed-read 2>/dev/null | tar -x -C "$tree"

debian=$tree/debian
cp -R dist/debian "$debian"
scripts/deps.sh packages debian build | sed 's/.*/ &,/' >"$debian/depends"
sed -e '/^# SPDX-/d' -e "/@BUILD_DEPENDS@/{
	r $debian/depends
	d
}" "$debian/control.in" >"$debian/control"
sed -n '3,$p' LICENSES/BSD-2-Clause.txt | sed 's/^$/./; s/^/ /' >"$debian/bsd"
sed -e '/^# SPDX-/d' -e "/@BSD_TEXT@/{
	r $debian/bsd
	d
}" "$debian/copyright.in" >"$debian/copyright"
rm "$debian"/{depends,bsd,control.in,copyright.in}
cat >"$debian/changelog" <<-END
	tcpdwell ($VERSION) unstable; urgency=medium

	  * Version $VERSION.

	 -- tcpdwell maintainers <maintainers@tcpdwell.example>  $(LC_ALL=C date -u -R -d "$DATE")
END

unset MAKEFLAGS MAKELEVEL MFLAGS # this is another make's tree
(cd "$tree" && dpkg-buildpackage -b -us -uc) >"$out/log" 2>&1 || {
	tail -n 30 "$out/log" >&2
	echo "deb: the package can't be built; all of it is in $out/log" >&2
	exit 1
}
ls "$out"/*.deb

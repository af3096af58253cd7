#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What "make install" does after the build: puts everything below DESTDIR and PREFIX. B is the
# build directory.
set -eu
cd "$(dirname "$0")/.."

: "${B:?}" "${PREFIX:?}"
root=${DESTDIR:-}
share=$root$PREFIX/share

# put MODE TARGET FILE...: into that directory; says where
put() {
	mode=$1
	target=$2
	shift 2
	for file; do
		install -D -m "$mode" "$file" "$target/${file##*/}"
		echo "  INSTALL $target/${file##*/}"
	done
}

put 755 "$root$PREFIX/bin" "$B/tcpdwell"
put 644 "$share/man/man8" "$B"/man/*.8
put 644 "$share/bash-completion/completions" "$B/completion/tcpdwell"
put 644 "$share/${ZSH_COMPLETIONS:-zsh/site-functions}" "$B/completion/_tcpdwell"
put 644 "$share/fish/vendor_completions.d" "$B/completion/tcpdwell.fish"

# pages of files, the unit and the samples, as far as there are any
for page in man/*.[1-8]; do
	[ ! -e "$page" ] || put 644 "$share/man/man${page##*.}" "$page"
done
for unit in dist/systemd/*.service; do
	[ -e "$unit" ] || continue
	sed "s|/usr/bin/tcpdwell|$PREFIX/bin/tcpdwell|" "$unit" >"$B/${unit##*/}"
	put 644 "$root$PREFIX/lib/systemd/system" "$B/${unit##*/}"
done
for sample in dist/prometheus/*.y*ml dist/prometheus/*.json; do
	[ ! -e "$sample" ] || put 644 "$share/doc/tcpdwell/examples" "$sample"
done
# What the unit reads; one that is there is somebody's work.
[ -e "$root/etc/tcpdwell.ini" ] || put 644 "$root/etc" dist/systemd/tcpdwell.ini

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The man pages: one for each command, with each option of its help, and no
# warning from what renders them.
# shellcheck source=tests/check/lib/made.sh
. "$(dirname "$0")/lib/made.sh"
made_in man tcpdwell.8

commands() {
	"$BUILD/tcpdwell" --help | sed -n 's/^  \([a-z]\{1,\}\)  *.*/\1/p'
}

have_man=0
man --warnings -l "$made/tcpdwell.8" >/dev/null 2>&1 && have_man=1

for page in "$made"/*.8; do
	name=${page##*/}
	if [ $have_man -eq 1 ]; then
		said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)
		[ -z "$said" ]
		ok $? "$name: man has no warning" "$said"
	else
		skip "$name: man has no warning" "there is no man that can show a file"
	fi
	if command -v mandoc >/dev/null; then
		said=$(mandoc -Tlint -Wwarning "$page" 2>&1)
		ok $? "$name: mandoc has no warning" "$said"
	else
		skip "$name: mandoc has no warning" "there is no mandoc"
	fi
done

for command in $(commands); do
	page=$made/tcpdwell-$command.8
	[ -e "$page" ]
	ok $? "$command has a page"
	grep -qs "tcpdwell.*$command" "$made/tcpdwell.8"
	ok $? "$command is in tcpdwell(8)"
	missing=
	for option in $("$BUILD/tcpdwell" "$command" --help | grep -oE -- '^ +(-., +)?--[a-z0-9-]+' |
		grep -oE -- '--[a-z0-9-]+'); do
		grep -qsF -- "\\fB${option//-/\\-}\\fR" "$page" || missing+=" $option"
	done
	[ -z "$missing" ]
	ok $? "$command: each option of its help is in its page" "missing:$missing"
done

# That the check would see it: a page with an error in it.
if command -v mandoc >/dev/null; then
	! printf '.TH X 8 2026-11-22 x x\n.SH NAME\nx \\- y\n.XX\n' | mandoc -Tlint -Wwarning >/dev/null 2>&1
	ok $? "a page with an unknown macro is found"
else
	skip "a page with an unknown macro is found" "there is no mandoc"
fi
echo "1..$n"

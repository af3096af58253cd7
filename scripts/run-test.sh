#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs one TAP test for prove: as root where it needs the kernel, with a limit
# on its time, keeping a copy of what it says for the list of skipped tests.
set -eu

test=$1
case $test in
/*) ;;
*) test=./$test ;;
esac
limit=${TEST_TIMEOUT:-600}
log=$TAP_LOGS/$(printf '%s' "${1#"$BUILD"/}" | sed 's|.*/tests/|tests/|' | tr / %).log

# On a terminal the test stays in its process group, for ^C to reach it; where
# there is none the time limit ends everything that the test has started.
foreground=
[ ! -t 0 ] || foreground=--foreground

# cmocka says "not ok N # SKIP name", which prove takes for a failure.
run() {
	export CMOCKA_MESSAGE_OUTPUT=TAP
	# shellcheck disable=SC2086 # empty or one option
	case $test in
	*/tests/kernel/* | */tests/e2e/*)
		if [ "$(id -u)" -eq 0 ]; then
			timeout -k 5 $foreground "$limit" "$test"
		elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
			sudo -n env BUILD="$BUILD" TCPDWELL="$TCPDWELL" \
				timeout -k 5 $foreground "$limit" "$test"
		else
			echo "1..0 # SKIP needs root, and sudo does not give it"
		fi
		;;
	*)
		timeout -k 5 $foreground "$limit" "$test"
		;;
	esac
}

attempt() {
	{
		status=0
		run </dev/null || status=$?
		echo "$status" >"$log.status"
	} | sed -u 's/^not ok \([0-9]*\) # SKIP \(.*\)/ok \1 - \2 # SKIP/' >"$log"
	read -r status <"$log.status"
}

# Some hosts do not run BPF programs at every step of a socket ("A step that the
# kernel does not show" in the README).  What failed while one was missing is run
# again, and once more; what fails a third time is a fault of ours.
attempt
for again in 1 2; do
	if [ "$status" -eq 0 ] || ! grep -q '"not_shown":[1-9]' "$log"; then
		break
	fi
	echo "# ${1##*/}: the kernel did not show a step to any program: run again ($again)" >&2
	attempt
done
cat "$log"
exit "$status"

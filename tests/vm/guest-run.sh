#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=dash
#
# What the guest runs. Its output is TAP between lines that begin with "@",
# which say whose it is; report.awk reads it.
#
#   @begin TIER TEST         @end TIER TEST STATUS SECONDS
#   @refused TIER REASON     this kernel has not got this tier
#   @doctor LINE
: "${VM_LIMIT:=180}"
export TCPDWELL=/bin/tcpdwell
tmp=$(mktemp -d)

seconds() {
	read -r uptime _ </proc/uptime
	echo "${uptime%.*}"
}

# run TIER TEST COMMAND...: the command prints TAP
run() {
	tier=$1 name=$2
	shift 2
	start=$(seconds)
	echo "@begin $tier $name"
	timeout -s KILL "$VM_LIMIT" "$@" 2>&1
	status=$?
	echo
	echo "@end $tier $name $status $(($(seconds) - start))"
}

# point STATUS NAME: one line of TAP
point() {
	points=$((points + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $points - $2"
	else
		echo "not ok $points - $2"
		failed=1
	fi
}

short_trace() {
	timeout -s KILL 120 tcpdwell trace --json --duration 100ms "$@" >"$tmp/out" 2>"$tmp/err"
}

said() {
	sed 's/^/# /' "$tmp/err"
}

# What any kernel in range has to do, with no tier asked for.
loads() {
	points=0 failed=0
	short_trace
	status=$?
	point $status "the tracer loads, runs and ends"
	[ $status -eq 0 ] || echo "# status $status"
	said
	sed -n '/"hello"/s/^/# /p' "$tmp/out"
	echo 1..$points
	return $failed
}

# refused WORD: the tracer must not run, say so with status 3, and why
refused() {
	points=0 failed=0
	short_trace
	[ $? -eq 3 ]
	point $? "trace ends with status 3"
	grep -qi "$1" "$tmp/err"
	point $? "its message names the cause ($1)"
	[ "$(wc -l <"$tmp/err")" -le 3 ]
	point $? "it is a message, not a log"
	said
	echo 1..$points
	return $failed
}

tiers() {
	for tier in fentry timer sweep; do
		if short_trace --tier $tier || [ $? -ne 3 ]; then
			for test in /tests/*.t; do
				name=${test##*/}
				TCPDWELL_ARGS="--tier $tier" run $tier "${name%.t}" "$test"
			done
		else
			echo "@refused $tier $(head -n 1 "$tmp/err")"
		fi
	done
}

doctor() {
	tcpdwell doctor >"$tmp/doctor" 2>&1
	# wrong usage: there is no such command
	[ $? -eq 2 ] || sed 's/^/@doctor /' "$tmp/doctor"
}

case $1 in
tests)
	doctor
	run unprivileged refuses su -s /bin/sh user -c "/bin/guest-run unprivileged"
	# not run(): its status is what counts here
	run auto loads /bin/guest-run loads
	if [ $status -eq 0 ]; then
		tiers
	fi
	;;
lockdown) run lockdown refuses /bin/guest-run locked ;;
loads) loads ;;
locked) refused lockdown ;;
unprivileged) refused 'root\|CAP_' ;;
esac

#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=dash
#
# What the guest runs. Its output is TAP between lines that begin with "@",
# which say whose it is; report.awk reads it.
#
#   @begin TIER TEST
#   @end TIER TEST STATUS SECONDS
#   @doctor LINE
: "${VM_LIMIT:=300}"
export TCPDWELL=/bin/tcpdwell
# An emulated timer's interrupts come when the host has time for them.
export TEST_TICK_MS=300
tmp=$(mktemp -d)

seconds() {
	read -r uptime _ </proc/uptime
	echo "${uptime%.*}"
}

# run TIER TEST COMMAND...: the command prints TAP
run() {
	whose="$1 $2"
	shift 2
	start=$(seconds)
	echo "@begin $whose"
	timeout -s KILL "$VM_LIMIT" "$@" 2>&1
	status=$?
	# what it started; not init, and not this shell
	[ $status -ne 137 ] || kill -KILL -1
	echo
	echo "@end $whose $status $(($(seconds) - start))"
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

# loads WANTED [ARG...]: it takes that tier, with these arguments
loads() {
	points=0 failed=0 wanted=$1
	shift
	short_trace "$@"
	status=$?
	point $status "the tracer loads, runs and ends"
	if [ $status -ne 0 ]; then
		echo "# status $status"
		short_trace --verbose "$@"
		# the end of what the verifier says is where it says no
		tail -n 25 "$tmp/err" >"$tmp/tail"
		mv "$tmp/tail" "$tmp/err"
	else
		grep -q "\"hello\".*\"tier\":\"$wanted\"" "$tmp/out"
		point $? "its tier is $wanted"
		sed -n '/"hello"/s/^/# /p' "$tmp/out"
	fi
	said
	echo 1..$points
	return $failed
}

# refuses WORD COMMAND [ARG...]: it must not run, say so with status 3, and why
refuses() {
	word=$1 name=$2
	shift
	timeout -s KILL 120 tcpdwell "$@" >"$tmp/out" 2>"$tmp/err"
	[ $? -eq 3 ]
	point $? "$name ends with status 3"
	grep -qi "$word" "$tmp/err"
	point $? "its message names the cause ($word)"
	[ "$(wc -l <"$tmp/err")" -le 3 ]
	point $? "it is a message, not a log"
	said
}

# refused WORD: nothing that needs the kernel works here; doctor says what is missing
refused() {
	points=0 failed=0
	refuses "$1" trace --json --duration 100ms
	refuses "$1" watch --duration 100ms
	refuses "$1" list
	refuses "$1" holders
	refuses "$1" states
	refuses "$1" doctor
	grep -q '^ *no ' "$tmp/out"
	point $? "doctor lists what is refused"
	grep '^ *no ' "$tmp/out" | sed 's/^/# /'
	echo 1..$points
	return $failed
}

# service: all that watch does on the way to an alert, where a system call that its
# filter does not have ends it; each architecture and kernel has its own calls
service() {
	points=0 failed=0
	nc -l -p 4711 -e sleep 60 &
	sleep 1
	timeout 1 nc 127.0.0.1 4711 </dev/null
	TCPDWELL_SECCOMP="kill" timeout -s KILL 120 tcpdwell watch --json --max CLOSE_WAIT=100ms \
		--user user --exec /bin/true --duration 5s >"$tmp/out" 2>"$tmp/err"
	point $? "watch runs and ends with its filter of system calls"
	grep -q '"status":"firing".*"holders":.*"comm":"sleep"' "$tmp/out"
	point $? "it finds a leak, and who holds it"
	said
	kill $!
	echo 1..$points
	return $failed
}

# no_fentry: asked for, it says why there is none, and so does doctor
no_fentry() {
	points=0 failed=0
	refuses "direct calls" trace --tier fentry --duration 100ms
	tcpdwell doctor >"$tmp/out" 2>&1
	grep -q '^ *no fentry .*direct calls' "$tmp/out"
	point $? "doctor says why there is no fentry"
	grep '^ *no fentry' "$tmp/out" | sed 's/^/# /'
	echo 1..$points
	return $failed
}

# best: each of these kernels allows each tier, but for fentry on arm64 before
# Linux 6.4 (2aa6ac03516d)
best() {
	case $(uname -m)-$(uname -r) in
	aarch64-5.* | aarch64-6.[0-3].*) echo timer ;;
	*) echo fentry ;;
	esac
}

tier() {
	if [ "$1" = fentry ] && [ "$(best)" != fentry ]; then
		run fentry refuses /bin/guest-run no_fentry
		return
	fi
	run "$1" loads /bin/guest-run loads "$1" --tier "$1"
	[ $status -eq 0 ] || return
	for program in /tests/*.t; do
		name=${program##*/}
		TCPDWELL_ARGS="--tier $1" run "$1" "${name%.t}" "$program"
	done
}

# doctor WANTED: it finds that tier
doctor() {
	points=0 failed=0
	tcpdwell doctor >"$tmp/out" 2>"$tmp/err"
	point $? "doctor finds all that a trace needs"
	grep -q "is seen by the tier $1" "$tmp/out"
	point $? "it names the tier $1"
	sed 's/^/@doctor /' "$tmp/out"
	said
	echo 1..$points
	return $failed
}

case $1 in
tests)
	run auto doctor /bin/guest-run doctor "$(best)"
	run unprivileged refuses su -s /bin/sh user -c "/bin/guest-run unprivileged"
	run auto loads /bin/guest-run loads "$(best)"
	run auto service /bin/guest-run service
	tiers=${VM_TIERS:-fentry,timer,sweep}
	[ "$tiers" != best ] || tiers=$(best)
	for tier in $(echo "$tiers" | tr , ' '); do
		tier "$tier"
	done
	;;
lockdown) run lockdown refuses /bin/guest-run locked ;;
loads)
	shift
	loads "$@"
	;;
doctor) doctor "$2" ;;
locked) refused lockdown ;;
no_fentry) no_fentry ;;
service) service ;;
unprivileged) refused 'root\|CAP_' ;;
esac

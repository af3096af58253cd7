#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell doctor` as a user types it: what it finds is what trace meets, and
# nothing is left behind.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

# can_trace: whether trace does
can_trace() {
	"$TCPDWELL" trace --netns "$netns" --duration 50ms --json >"$dir/trace" 2>"$dir/trace.err"
}

# left: our programs that are in the kernel
left() {
	bpftool -j prog show 2>/dev/null | grep -o '"id":[0-9]*,[^{}]*"name":"probe_[a-z_]*"' | sort
}

# The kernel frees them a little later, and others may be at the same.
# shellcheck disable=SC2317 # wait_for calls it
none_left() {
	[ -z "$(comm -12 "$dir/left" <(left))" ]
}

run doctor
if can_trace; then
	is "$status" 0 "status 0: it can trace here"
	like "$(tail -n 1 "$dir/out")" "can trace here" "the verdict comes last"
	like "$(tail -n 1 "$dir/out")" "tier $(grep -o '"tier":"[a-z]*"' "$dir/trace" |
		cut -d'"' -f4)" "the tier is the one that trace takes"
	is "$(cat "$dir/err")" "" "nothing to say besides"
else
	is "$status" 3 "status 3: it can't trace here"
	like "$(tail -n 1 "$dir/out")" "can't trace here" "the verdict comes last"
fi
release=$(uname -r | sed 's/[+.]/\\&/g')
like "$(head -n 1 "$dir/out")" "^tcpdwell [0-9.]+ on Linux $release, $(uname -m)" "the kernel"
for name in "rights" "rights over processes" "kernel types" "freedom from lockdown" "ring buffer" "socket storage" "socket iterator" \
	"descriptor iterator" "fentry" "timer tracepoints" "tw_timer_handler" "cgroup v2"; do
	grep -qE "^  (ok|no) $name" "$dir/out"
	ok $? "it says of $name"
done
is "$(grep -cE '^  no ' "$dir/out")" "$(grep -c 'without it: ' "$dir/out")" \
	"each thing that is missing: what is lost"

if command -v bpftool >/dev/null || [ -x /usr/sbin/bpftool ]; then
	PATH=$PATH:/usr/sbin
	left >"$dir/left"
	wait_for 60 none_left
	ok $? "no program is left behind"
else
	skip "no program is left behind" "there is no bpftool"
fi

if command -v jq >/dev/null; then
	text_ok=$(grep -cE '^  ok ' "$dir/out")
	run doctor --json
	is "$(wc -l <"$dir/out")" 1 "JSON: one line"
	is "$(jq -r .type "$dir/out")" doctor "JSON: its type"
	is "$(jq '.findings | map(select(.usable)) | length' "$dir/out")" "$text_ok" \
		"JSON: as many things usable as in the text"
	is "$(jq '.findings | all(has("id") and has("name") and has("usable") and has("needed") and
		(.usable or (has("error") and has("lost"))))' "$dir/out")" true "JSON: its fields"
	is "$(jq '.findings | map(.id) | length == (unique | length)' "$dir/out")" true \
		"JSON: each id once"
	is "$(jq '.can_trace' "$dir/out")" "$(can_trace && echo true || echo false)" "JSON: the verdict"
else
	skip "JSON as jq reads it" "there is no jq"
fi

if command -v setpriv >/dev/null; then
	chmod 755 "$dir"
	cp "$TCPDWELL" "$dir/tcpdwell"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/tcpdwell" doctor >"$dir/out" \
		2>"$dir/err" || status=$?
	is "$status" 3 "without rights: status 3"
	like "$(cat "$dir/out")" "no rights +missing: CAP_SYS_ADMIN" "without rights: which"
	like "$(tail -n 1 "$dir/out")" "can't trace here; it needs rights$" "without rights: the verdict"
	like "$(cat "$dir/out")" "ok kernel types" "without rights: what can be told is told"
else
	skip "without rights" "there is no setpriv"
fi

# with RIGHTS COMMAND...: as root that has no other rights
with() {
	status=0
	setpriv --bounding-set="-all,$1" --inh-caps="-all,$1" "$TCPDWELL" "${@:2}" >"$dir/out" \
		2>"$dir/err" || status=$?
}

# What it says of rights is so: what it does not ask for is not needed, and its verdict is what trace meets.
if command -v setpriv >/dev/null && setpriv --bounding-set=-all true 2>/dev/null && can_trace; then
	run doctor
	grep -E '^  no ' "$dir/out" >"$dir/refused"
	with +sys_admin,+sys_ptrace,+syslog,+dac_read_search doctor
	is "$status $(cat "$dir/err")" "0 " "with four rights: it can trace"
	is "$(grep -E '^  no ' "$dir/out")" "$(cat "$dir/refused")" "with four rights: no less than with all"
	with +sys_admin doctor
	is "$status" 0 "with one right: it can trace"
	like "$(cat "$dir/out")" "no rights over processes +missing: CAP_SYS_PTRACE" "with one right: which is missing"
	like "$(cat "$dir/out")" "no cgroup v2 .*CAP_DAC_READ_SEARCH" "with one right: what names of cgroups take"
	like "$(cat "$dir/out")" "no tw_timer_handler .*CAP_SYSLOG" "with one right: what the timer tier takes"
	for rights in +sys_admin +bpf,+perfmon +sys_ptrace; do
		with "$rights" trace --netns "$netns" --duration 50ms
		traced=$status
		with "$rights" doctor
		is "$status" "$traced" "with $rights: the verdict is what trace meets"
	done
else
	skip "with some rights" "there is no setpriv, or nothing to try them with"
fi

run doctor --all
is "$status" 2 "unknown option: status 2"
run doctor now
is "$status" 2 "an argument: status 2"
done_testing

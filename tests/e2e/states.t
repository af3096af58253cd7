#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell states` as a user types it: what each state means, how many there
# are, the state machine, and live counts on its arrows.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

esc=$'\e'

# count STATE: how many the table says
count() {
	awk -v s="$1" '$1 == s { print $2; exit }' "$dir/out"
}

# in_timed_wait: how many the kernel has: it keeps each for a minute
in_timed_wait() {
	awk '$1 == "TCP:" { for (i = 2; i < NF; i += 2) if ($i == "tw") print $(i + 1) }' /proc/net/sockstat
}

traffic 3
run states --netns "$netns"
is "$status" 0 "status 0"
is "$(grep -oE '^[A-Z][A-Z_0-9]+ ' "$dir/out" | tr -d ' ' | tr '\n' ' ')" \
	"STATE SYN_SEND SYN_RECEIVED ESTABLISHED LISTEN FIN_WAIT_1 TIMED_WAIT CLOSE_WAIT FIN_WAIT_2 LAST_ACK CLOSED CLOSING " \
	"the article's states in its order"
is "$(count TIMED_WAIT) $(count LISTEN) $(count CLOSED)" "3 0 -" "how many there are"
like "$(grep '^ESTABLISHED' "$dir/out")" "tracepoint$" "by what ESTABLISHED is seen"
like "$(grep '^TIMED_WAIT' "$dir/out")" "(fentry|timer|sweep)$" "by what TIMED_WAIT is seen"
is "$(grep -cE -- '[-<]+.*\[|\[ .*\]' "$dir/out")" 7 "the state machine below"
is "$(cat "$dir/err")" "" "nothing to say besides"

run states --netns "$netns" --tier sweep
like "$(grep '^TIMED_WAIT' "$dir/out")" "sweep$" "--tier: by what it is seen then"
run states --netns "$netns" --names rfc
like "$(cat "$dir/out")" "TIME-WAIT +[0-9]+ " "--names rfc"
run states --netns "$netns" --names kernel
like "$(cat "$dir/out")" "TCP_TIME_WAIT +[0-9]+ " "--names kernel"
run states --netns "$netns" --state LISTEN
is "$(count TIMED_WAIT)" 0 "filters filter the numbers"

# live OPTION...: the counts of some seconds, with 5 connections in them. It prints nothing before its
# end, so that all there is to see of a program that has started is that it waits.
live() {
	env --default-signal=INT "$TCPDWELL" states --live --netns "$netns" "$@" >"$dir/out" \
		2>"$dir/err" </dev/null &
	tracer=$!
	wait_for 30 grep -qs poll "/proc/$tracer/wchan" || diag "it does not wait in epoll_wait()"
	traffic 5
	sleep 1
	end INT
}

live
is "$status" 0 "--live: status 0"
is "$(grep -cE '^5[0-9] transitions in [0-9]+(\.[0-9]+|m[0-9]+)?s$' "$dir/out")" 1 "--live: how many in how long"
is "$(grep -oE '[^0-9_]5 ' "$dir/out" | wc -l)" 10 "--live: a number on each arrow of theirs"
like "$(cat "$dir/out")" "\[ +TIMED_WAIT [5-8] +\]" "--live: how many are in a state"

if command -v jq >/dev/null; then
	more=$(in_timed_wait)
	run states --netns "$netns" --json
	less=$(in_timed_wait)
	is "$(jq -rs 'map(.type) | .[0], .[-1]' "$dir/out" | tr '\n' ' ')" "hello summary " \
		"JSON: hello first, summary last"
	is "$(jq -s '.[0].netns_count' "$dir/out")" 1 "JSON: of the namespaces only the one asked for is read"
	is "$(jq -s 'map(select(.type == "state")) | length' "$dir/out")" 11 "JSON: the states"
	n=$(jq -s 'map(select(.type == "state" and .state == "TIMED_WAIT")) | .[0].count' "$dir/out")
	[ "$n" -le "$more" ] && [ "$n" -ge "$less" ]
	ok $? "JSON: how many"
	is "$(jq -s 'map(select(.type == "state")) | all(has("meaning") and has("via") and
		(has("count") or has("count_unknown")))' "$dir/out")" true "JSON: fields of a state"
	is "$(jq -s 'map(select(.type == "arrow")) | length > 0 and all(has("count") | not)' \
		"$dir/out")" true "JSON: arrows have no numbers where nothing was followed"
	live --json
	is "$status" 0 "--live --json: status 0"
	is "$(jq -rs 'map(.type) | .[0], .[-1]' "$dir/out" | tr '\n' ' ')" "hello summary " \
		"--live --json: hello first, summary last"
	is "$(jq -rs 'map(select(.type == "arrow" and .count == 5 and .from != "TIMED_WAIT")) | map(.from + ">" + .to) | sort | join(" ")' \
		"$dir/out")" \
		"CLOSED>SYN_SEND CLOSE_WAIT>LAST_ACK ESTABLISHED>CLOSE_WAIT ESTABLISHED>FIN_WAIT_1 FIN_WAIT_1>FIN_WAIT_2 FIN_WAIT_2>TIMED_WAIT LAST_ACK>CLOSED LISTEN>SYN_RECEIVED SYN_RECEIVED>ESTABLISHED SYN_SEND>ESTABLISHED" \
		"--live --json: the arrows of a connection"
	is "$(jq -s 'map(select(.type == "arrow").count) | add' "$dir/out")" \
		"$(jq -s '.[-1].transitions' "$dir/out")" "--live --json: all transitions are on some arrow"
else
	skip "JSON as jq reads it" "there is no jq"
fi

# A terminal
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	TERM=xterm script -qec "stty rows 24 cols 80; '$TCPDWELL' states --live --duration 2500ms --netns $netns" \
		/dev/null </dev/null >"$dir/tty" 2>&1
	like "$(grep -o "$esc\[H" "$dir/tty" | wc -l)" "^[2-5]$" \
		"--live on a terminal: cleared, drawn again each second, and last"
	is "$(sed "s/$esc\[[0-9;]*[A-Za-z]//g" "$dir/tty" | tr -d '\r' | awk 'length > 80')" "" \
		"--live on a terminal: no line wider than it"
	for size in "60 0 1" "80 2 0"; do
		cols=${size%% *}
		TERM=xterm script -qec "stty rows 24 cols $cols; '$TCPDWELL' states --netns $netns" \
			/dev/null </dev/null >"$dir/tty" 2>&1
		is "$(grep -cE '\[ +CLOSED +\]' "$dir/tty") $(grep -c 'The figure takes 80 columns' "$dir/tty")" \
			"${size#* }" "$cols columns: the figure whole, or not at all"
	done
else
	skip "--live on a terminal" "script does not work here"
fi

# A namespace that is not there, as list has it
run states --netns "$netns" --netns 123
is "$status" 3 "--netns that is not there: status 3"
like "$(cat "$dir/err")" "network namespace 123 is not found" "... and which"
like "$(cat "$dir/out")" "CLOSE_WAIT" "... and what is there is shown"

# Wrong use, no rights
run states --live --duration soon
is "$status $(wc -c <"$dir/out")" "2 0" "--duration: status 2"
like "$(cat "$dir/err")" "--duration takes" "--duration: what it takes"
if command -v setpriv >/dev/null; then
	chmod 755 "$dir"
	cp "$TCPDWELL" "$dir/tcpdwell"
	unable=(setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/tcpdwell" states)
	status=0
	"${unable[@]}" >"$dir/out" 2>"$dir/err" || status=$?
	is "$status" 3 "without rights: status 3"
	like "$(cat "$dir/err")" "run it as root" "without rights: what to do"
	is "$(count ESTABLISHED)" - "without rights: no numbers"
	like "$(cat "$dir/out")" "-: the sockets could not be read" "without rights: why"
	like "$(cat "$dir/out")" "CLOSE_WAIT" "without rights: the meanings all the same"
	status=0
	"${unable[@]}" --live --duration 1s >"$dir/out" 2>"$dir/err" || status=$?
	is "$status $(wc -c <"$dir/out")" "3 0" "without rights, --live: status 3, no output"
else
	skip "without rights" "there is no setpriv"
fi
done_testing

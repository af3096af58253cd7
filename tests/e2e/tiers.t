#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# All tiers beside each other on the same storm: each tells what the kernel's own
# figures say, and all tell the same of each connection.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/chains.sh
. "$(dirname "$0")/lib/chains.sh"

needs jq nsenter perl ss

CONNECTIONS=3000
LATE=100 # whose FIN_WAIT_2 lasts
NEVER=20 # whose FIN_WAIT_2 times out

MANY=4000
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -gt $((MANY + 100)) ] || MANY=$(($(ulimit -n) - 100))

storm() {
	inside perl "$(dirname "$0")/lib/storm.pl" "$@"
}

# hid_something NAME: the kernel shows a program nothing while it is running on that CPU already, which
# no tracer can help: it is told as lost. Then this trace is not compared.
hid_something() {
	grep -qE '"type":"lost".*"(interrupted|not_shown)"' "$dir/$1.out"
}

# begin_tiers: those that work; they are $tiers, and $tracers their process ids
begin_tiers() {
	local tier

	tiers=() tracers=()
	for tier in timer sweep fentry; do
		if tier_works "$tier"; then
			begin "$tier" --json --tier "$tier"
			tiers+=("$tier")
			tracers+=("$tracer")
		else
			skip "$tier" "$why"
		fi
	done
	tracer=${tracers[*]} # for end_all
}

check_tiers_alive() {
	local tier

	for tier in "${tiers[@]}"; do
		hid_something "$tier" || check_alive "$tier" "$tier$1"
	done
}

end_tiers() {
	local i pids=("${tracers[@]}")

	compared=()
	for i in "${!pids[@]}"; do
		tracer=${pids[i]}
		if hid_something "${tiers[i]}"; then
			end INT
			tracer=
			is "$status" 0 "${tiers[i]}: the trace ends well"
			skip "${tiers[i]}" "an interrupt hid something from it this time, as it says"
			continue
		fi
		compared+=("${tiers[i]}")
		check_trace "${tiers[i]}" "${tiers[i]}"
		cp "$dir/steps" "$dir/${tiers[i]}.steps"
		check_figures "${tiers[i]}"
	done
}

# unmet TIER: connections whose FIN_WAIT_2 was over before a sweep came by, which a busy machine may
# delay. There was a small socket, and that is all that is known: it is told as at least a TIMED_WAIT.
unmet() {
	[ "$1" = sweep ] || return 0
	awk -F'\t' '$2 == "TIMED_WAIT" && $10 == "at_least" && $11 == "killed" { print $1 }' "$dir/$1.steps"
}

# timeouts: small sockets in FIN_WAIT_2 that timed out, of $dir/steps. One whose ACK came while its
# process was closing it stays a big one, and ends with a RST: the kernel does not count that.
timeouts() {
	awk -F'\t' '$2 == "FIN_WAIT_2" && $3 == "CLOSED" && $11 == "timeout" { n++ } END { print n + 0 }' \
		"$dir/steps"
}

# check_figures TIER: of $dir/steps
check_figures() {
	local unmet

	unmet=$(unmet "$1" | wc -l)
	[ "$unmet" -eq 0 ] || diag "$1: $unmet ended between two sweeps"
	is $(($(count_steps '.*' TIMED_WAIT) - unmet)) "$(kernel netstat TcpExt TW)" \
		"$1: TIMED_WAIT entered, as the kernel counts it"
	is $(($(count_steps TIMED_WAIT CLOSED) - unmet)) "$(kernel netstat TcpExt TW)" "$1: and left"
	is $(($(timeouts) + unmet)) "$(kernel netstat TcpExt TWKilled)" \
		"$1: FIN_WAIT_2 that timed out, as the kernel counts it"
	is "$(alive)" "" "$1: nothing is left"
}

# told TIER COLUMNS: those of its steps, without the connections in $dir/unmet
told() {
	awk -F'\t' 'FILENAME == ARGV[1] { unmet[$1]; next } !($1 in unmet)' "$dir/unmet" "$dir/$1.steps" |
		cut -f "$2" | sort
}

# same TIER TIER COLUMNS WHAT
same() {
	{ unmet "$1" && unmet "$2"; } >"$dir/unmet"
	told "$1" "$3" >"$dir/one"
	told "$2" "$3" >"$dir/two"
	cmp -s "$dir/one" "$dir/two"
	ok $? "$1 and $2: $4"
	cmp -s "$dir/one" "$dir/two" || diag "$(diff "$dir/one" "$dir/two" | head -n 8)"
}

# close_by TIER TIER FROM TO NS: whether nine of ten stays of one are as long as the other's, to within NS
close_by() {
	awk -F'\t' -v from="$3" -v to="$4" -v within="$5" '
	$2 != from || $3 != to { next }
	FILENAME == ARGV[1] { one[$1] = $9; next }
	{ apart = one[$1] > $9 ? one[$1] - $9 : $9 - one[$1]; n++ }
	apart > within { far++; if (far <= 5) print "# " $1 ": " one[$1] ", " $9 }
	END { exit n == 0 || far > n / 10 }' "$dir/$1.steps" "$dir/$2.steps"
	ok $? "$1 and $2: how long from $3 to $4"
}

# A tick is 10 ms at most, and there is one at each end. A busy machine looks at its timers late.
compare() {
	same "$1" "$2" 2,3,11 "the same transitions, as often"
	same "$1" "$2" 1,2,3,11 "the same of each connection"
	close_by "$1" "$2" FIN_WAIT_2 TIMED_WAIT 20000000
	close_by "$1" "$2" FIN_WAIT_2 CLOSED 500000000
	close_by "$1" "$2" TIMED_WAIT CLOSED 500000000
}

# What no record tells, and no sweep has so far, is told at the end.
ended_at_once() {
	begin end --json --tier "$1"
	storm 0 "$LATE" 0
	end INT
	tracer=
	if hid_something end; then
		is "$status" 0 "$1, ended at once: the trace ends well"
		skip "$1, ended at once" "an interrupt hid something from it this time, as it says"
		return 0
	fi
	check_trace end "$1, ended at once"
	is "$(count_steps FIN_WAIT_2 TIMED_WAIT)" "$LATE" "$1, ended at once: each FIN_WAIT_2 became TIMED_WAIT"
}

# Late acknowledgements come in bundles, in the midst of other connections' calls: what a program misses
# since it has interrupted itself is known by the small socket, or at least said to be lost.
interrupted() {
	begin many --json --tier "$1"
	storm 0 "$MANY" 0
	end INT
	tracer=
	steps "$dir/many.out" >"$dir/steps"
	lost=$(jq 'select(.type == "summary") | .lost' "$dir/many.out")
	shown=$(count_steps FIN_WAIT_1 FIN_WAIT_2)
	[ "$shown" -le "$MANY" ] && [ $((shown + lost)) -ge "$MANY" ]
	ok $? "$1, many at once: each FIN_WAIT_2 is shown, or a loss"
	diag "$1: $shown of $MANY shown, $lost said to be lost"
}

for tier in timer sweep fentry; do
	enter_tier tiers "$tier" && ended_at_once "$tier" && interrupted "$tier"
done

drop_netns
new_netns
begin_tiers
storm "$CONNECTIONS" "$LATE" "$NEVER"
ok $? "the storm runs"
check_tiers_alive ""
wait_for 300 no_timed_wait
check_tiers_alive ", a minute later"
end_tiers
for tier in "${compared[@]:1}"; do
	compare "${compared[0]}" "$tier"
done

done_testing

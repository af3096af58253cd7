#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What `tcpdwell top` takes of a core while connections come and go: of each, all ten steps are
# seen. Prints; never fails on a figure.
#
#	top.sh [ROUNDS [CONNECTIONS]]
set -u

GOAL_RATE=20000
GOAL_PERCENT=3
rounds=${1:-5} connections=${2:-100000}
: "${BUILD:?}" "${TCPDWELL:?}"

command -v tmux >/dev/null || { echo "top: not measured: no tmux"; exit 0; }
dir=$(mktemp -d)
export TMUX_TMPDIR=$dir
end() {
	tmux kill-server 2>/dev/null
	rm -rf "$dir"
}
trap end EXIT

# cpu_ns PID: of all its threads
cpu_ns() {
	cat /proc/"$1"/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

# one_round: prints "RATE PERCENT", of the time that the storm took
one_round() {
	local pid before began after ended

	tmux new-session -d -x 80 -y 24 "exec $TCPDWELL top 2>$dir/err"
	pid=$(tmux list-panes -F '#{pane_pid}')
	for _ in $(seq 100); do
		tmux capture-pane -p | grep -q 'q quit' && break
		sleep 0.1
	done
	coproc STORM { exec "$BUILD/bench/storm" -w -t 2 -n "$connections"; }
	read -r -u "${STORM[0]}" _
	before=$(cpu_ns "$pid") began=$(date +%s%N)
	printf x >&"${STORM[1]}"
	read -r -u "${STORM[0]}" _
	after=$(cpu_ns "$pid") ended=$(date +%s%N)
	awk -v n="$connections" -v ns=$((ended - began)) -v cpu=$((after - before)) \
		'BEGIN { printf "%.0f %.2f\n", n * 1e9 / ns, 100 * cpu / ns }'
	printf x >&"${STORM[1]}"
	wait "$STORM_PID" 2>/dev/null
	tmux send-keys q
	for _ in $(seq 50); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	tmux kill-server 2>/dev/null
}

for _ in $(seq "$rounds"); do
	one_round
done >"$dir/rounds"

echo
echo "top, 80x24, painted once a second; $connections connections in each of $rounds rounds"
echo
awk -v goal="$GOAL_RATE" -v most="$GOAL_PERCENT" '
	BEGIN { print "connections a second    % of a core    % at " goal " a second, by proportion" }
	{
		at = $2 * goal / $1
		printf "%20d %14.2f %14.2f\n", $1, $2, at
		if (NR == 1 || at < least)
			least = at
	}
	END { printf "\ngoal: under %d%% at %d a second: %s in the best round\n", most, goal,
		least < most ? "met" : "not met" }' "$dir/rounds"

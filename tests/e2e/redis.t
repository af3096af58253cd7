#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# redis under redis-benchmark: a connection for each command, then some that
# stay for many, then clients that end early. Every connection's chain is
# one of the state machine's, and what is alive is what ss shows.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/chains.sh
. "$(dirname "$0")/lib/chains.sh"

needs jq nsenter redis-benchmark redis-cli redis-server ss

# load ADDRESS ARG...
load() {
	inside redis-benchmark -q -p 6390 -h "$@" >"$dir/load" 2>&1
}

# cli SECONDS ARG...: a client, killed when it takes longer
cli() {
	inside timeout -s KILL "$1" redis-cli -p 6390 "${@:2}" >"$dir/answer" 2>&1
}

# A client that is killed while it waits for the server, and one that the server ends.
unruly() {
	nsenter -t "$holder" -n timeout -s KILL 30 redis-cli -p 6390 -h ::1 subscribe news >/dev/null 2>&1 &
	cli 0.5 blpop never 0
	wait_for 30 subscribed
	cli 10 client kill type pubsub
	wait $!
}

# shellcheck disable=SC2317 # wait_for calls it
subscribed() {
	cli 10 pubsub channels && grep -q news "$dir/answer"
}

# redis_under TIER
redis_under() {
	begin redis --json --tier "$1"
	serve redis-server --port 6390 --bind 127.0.0.1 ::1 --dir "$dir" --save "" --appendonly no
	wait_for 20 listening 6390 2
	ok $? "redis, $1: it listens"
	load 127.0.0.1 -k 0 -n 1000 -c 20 -t set &&
		load ::1 -k 0 -n 1000 -c 20 -t get -d 2000 &&
		load 127.0.0.1 -n 2000 -c 50 -t incr
	ok $? "redis, $1: redis-benchmark runs"
	unruly
	check_alive redis "redis, $1"
	stop_server TERM
	check_alive redis "redis, $1, ended"
	check_trace redis "redis, $1"
	[ "$(count_steps CLOSED SYN_SEND)" -ge 2050 ]
	ok $? "redis, $1: each command had a connection"
	is "$(count_steps CLOSED LISTEN) $(count_steps LISTEN CLOSED)" "2 2" "redis, $1: its listeners are closed"
	diag "redis, $1: $(wc -l <"$dir/steps") transitions"
}

for tier in timer sweep fentry; do
	enter_tier redis "$tier" && redis_under "$tier"
done

done_testing

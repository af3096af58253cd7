#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell hist` as a user types it: distributions that agree with what `trace`
# told of the same connections, groups, intervals, filters, and JSON.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

command -v jq >/dev/null || skip_all "there is no jq"

# count OPTION...: hist of this namespace in the background, to $dir/out and $dir/err; its process in $hist
count() {
	rm -f "$dir/out" "$dir/err"
	env --default-signal=INT,PIPE "$TCPDWELL" hist --netns "$netns" "$@" >"$dir/out" \
		2>"$dir/err" </dev/null &
	hist=$!
	wait_for 30 grep -qs . "$dir/out" "$dir/err" || diag "hist: no header"
}

stop() {
	kill -s INT "$hist" 2>/dev/null
	status=0
	wait "$hist" || status=$?
}

# hist FILTER: what jq makes of the lines, of the whole run
hist() {
	jq -cs "map(select(.type == \"hist\" and .whole)) | $1" "$dir/out"
}

# About the first pass of a state: one that is hit by an interrupt may be missed, and is then said to be.
begin trace --json
count --json
traffic 60 0.005
traffic 30 0.04
traffic 10 0.15
sleep 0.5
stop
is "$status" 0 "status 0"
end INT
is "$(jq -rs 'map(.type) | .[0], .[-1]' "$dir/out" | tr '\n' ' ')" "hello summary " "JSON: hello first, summary last"
is "$(hist 'all(.count == ([.buckets[].count] | add))')" true "JSON: the buckets have all that was counted"
is "$(hist 'all(.p50_ns <= .p90_ns and .p90_ns <= .p99_ns and .p99_ns <= .p999_ns and .p999_ns <= .max_ns)')" true \
	"JSON: percentiles grow"
is "$(hist 'all(.by == "state")')" true "JSON: by state, unless asked otherwise"

# exact STATE: the percentiles of the counts against those of the lines of trace, an eighth off, and
# some places of rank for what one of the two may have seen later, or not
exact() {
	jq -s --arg state "$1" --slurpfile hist "$dir/out" '
		(map(select(.type == "transition" and .from == $state and .dwell == "exact").dwell_ns) | sort) as $v |
		($hist | map(select(.whole and .state == $state)) | .[0]) as $h |
		def at($q): ($v | length) as $n | ((($n * $q / 1000) | ceil) - 1) as $i |
			[$v[[$i - 5, 0] | max], $v[[$i + 5, $n - 1] | min]];
		def near($got; $q): at($q) as [$low, $high] | $got >= $low * 0.874 and $got <= $high * 1.126;
		($v | length) > 90 and $h.count > 90 and
		(($v | length) - $h.count | fabs) <= 5 and
		near($h.p50_ns; 500) and near($h.p90_ns; 900) and near($h.p99_ns; 990)
	' "$dir/trace.out"
}

for state in CLOSE_WAIT SYN_RECEIVED ESTABLISHED; do
	is "$(exact $state)" true "$state: percentiles are those of the transitions that trace told of"
	[ "$(exact $state)" = true ] || diag "$(hist "map(select(.state == \"$state\") | del(.buckets))")"
done
is "$(hist 'map(select(.state == "LISTEN"))[0].count > 1')" true "LISTEN: each listener"
is "$(hist 'map(select(.state == "SYN_RECEIVED"))[0] | .count > 90 and .p50_ns > 1000')" true \
	"SYN_RECEIVED: the time of the handshakes"
is "$(hist 'map(select(.of == "age"))[0].count > 90')" true "the age of connections"
if [ "$(jq -rs '.[0].tier' "$dir/out")" = timer ]; then
	is "$(hist 'map(select(.state == "FIN_WAIT_2"))[0] | .count > 90 and .max_ns > 100000000')" true \
		"FIN_WAIT_2: to its end, in small sockets too"
else
	is "$(jq -rs '.[-1] | has("small_not_seen")' "$dir/out")" true "small sockets: why they are not seen"
fi

# Groups
count --json --by port
traffic 3
stop
is "$(hist 'map(select(.state == "CLOSE_WAIT")) | length == 1 and (.[0].port > 0) and .[0].count <= 3')" true \
	"--by port: one service"
is "$(hist '(map(select(.state == "SYN_SEND"))[0].port) == (map(select(.state == "CLOSE_WAIT"))[0].port)')" true \
	"--by port: both ends with the service's"
count --json --by process
traffic 3
stop
is "$(hist 'map(select(.state == "CLOSE_WAIT" or .state == "SYN_SEND")) | length == 2 and all(.comm == "perl" and .pid > 1)')" true \
	"--by process: who opened, and for those accepted who listens"
count --json --by peer
traffic 3
stop
is "$(hist 'map(select(.state == "SYN_SEND")) | .[0].peer')" '"127.0.0.1"' "--by peer"
count --json --by cgroup
traffic 3
stop
is "$(hist 'map(select(.state == "SYN_SEND")) | .[0] | has("cgroup_id")')" true "--by cgroup"

# A listener that was there before: its owner is found
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	$| = 1;
	print $l->sockport, "\n";
	while (my $s = $l->accept) { <$s>; close $s }' >"$dir/port" &
server=$!
wait_for 30 grep -qs . "$dir/port"
count --json --by process
perl -MIO::Socket::INET -e '
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift) or die;
	shutdown $c, 1;
	<$c>' "$(cat "$dir/port")"
stop
kill "$server"
wait "$server" 2>/dev/null
is "$(hist "map(select(.state == \"CLOSE_WAIT\")) | .[0].pid")" "$server" "--by process: of a listener that was there before"

# A handshake whose SYN-ACK is sent again, after a second: the listener waits for data
count --json --state SYN_RECEIVED
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	setsockopt $l, 6, 9, pack "i", 1 or die; # TCP_DEFER_ACCEPT
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die;
	select undef, undef, undef, 1.3;
	print $c "x\n";
	$c->flush;
	$l->accept;'
stop
if [ "$(jq -rs '.[0].tier' "$dir/out")" = timer ]; then
	is "$(hist 'map([.state, .count, .max_ns > 900000000])')" '[["SYN_RECEIVED",1,true]]' \
		"SYN_RECEIVED: from the first SYN-ACK, also when it was sent again"
else
	is "$(jq -rs '.[-1].not_counted.unsure' "$dir/out")" 1 "SYN_RECEIVED: the SYN-ACK was sent again"
fi

# Filters
count --json --state CLOSE_WAIT --min-dwell 3s
traffic 5
traffic 1 3.2
stop
is "$(hist 'map([.state, .count])')" '[["CLOSE_WAIT",1]]' "--state, --min-dwell"
count --json --rport 1
traffic 3
stop
is "$(hist 'length')" 0 "a filter that drops all"
count --json --comm perl --by process
traffic 3
stop
is "$(hist 'map(select(.state == "CLOSE_WAIT")) | .[0].comm')" '"perl"' "--comm"
count --json --comm nosuch
traffic 3
stop
is "$(hist 'length')" 0 "--comm: of nobody"

# Views
# parts: how many stays in CLOSE_WAIT the views of the intervals have together
parts() {
	jq -s 'map(select(.type == "hist" and .state == "CLOSE_WAIT" and (.whole | not)).count) | add // 0' "$dir/out"
}

# shellcheck disable=SC2317 # wait_for calls it
parts_there() {
	[ "$(parts)" -ge 3 ] 2>/dev/null
}

count --json --interval 300ms
traffic 2
traffic 2
wait_for 30 parts_there
stop
is "$status" 0 "--interval: status 0"
is "$(hist "map(select(.state == \"CLOSE_WAIT\"))[0].count - $(parts) | . == 0 or . == 1")" true \
	"--interval: what ended in each is the whole together"
run hist --netns "$netns" --json --interval 100ms --count 3
is "$status" 0 "--count: it ends"
run hist --netns "$netns" --duration 300ms
is "$status" 0 "--duration: it ends"
count --names rfc
traffic 4
stop
like "$(head -1 "$dir/out")" "^STATE +COUNT +P50 +P90 +P99 +P99.9 +MAX$" "text: the title"
like "$(grep '^CLOSE-WAIT ' "$dir/out")" "^CLOSE-WAIT +[34]( +[0-9.]+[a-z]+){5}$" "text: a line of the table, --names"
like "$(grep '|#' "$dir/out")" "[0-9]+(ns|us|ms|s) - .*\|#+" "text: bars"
is "$(awk 'length > 80' "$dir/out")" "" "text: not wider than 80 columns"
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	TERM=xterm script -qec "stty rows 24 cols 50; '$TCPDWELL' hist --interval 500ms --count 2 --netns $netns" \
		/dev/null </dev/null >"$dir/tty" 2>&1
	is "$(grep -o $'\e\[H' "$dir/tty" | wc -l)" 3 "on a terminal: each view in the place of the last"
	is "$(grep -c "ended in the last [0-9.]*m*s of [0-9.]*m*s" "$dir/tty")" 2 "on a terminal: of which time it is"
	is "$(sed $'s/\e\[[0-9;]*[A-Za-z]//g' "$dir/tty" | tr -d '\r' | grep -v '^tcpdwell:' | awk 'length > 50')" "" \
		"on a terminal: no line wider than it"
else
	skip "on a terminal" "script does not work here"
fi
status=0
"$TCPDWELL" hist --netns "$netns" --interval 200ms 2>"$dir/err" | head -1 >"$dir/out" || status=$?
is "${PIPESTATUS[0]} $(head -c 5 "$dir/out")" "0 STATE" "a closed pipe ends it"

# Wrong use, no rights
run hist --by color
is "$status" 2 "--by: status 2"
like "$(cat "$dir/err")" "--by takes state, port" "--by: what it takes"
run hist --count 3
is "$status" 2 "--count without --interval: status 2"
if command -v setpriv >/dev/null; then
	chmod 755 "$dir"
	cp "$TCPDWELL" "$dir/tcpdwell"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/tcpdwell" hist --duration 1s >"$dir/out" 2>"$dir/err" || status=$?
	is "$status $(wc -c <"$dir/out")" "3 0" "without rights: status 3, no output"
	like "$(cat "$dir/err")" "run it as root" "without rights: what to do"
else
	skip "without rights" "there is no setpriv"
fi
done_testing

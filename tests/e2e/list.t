#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell list` as a user types it. That it agrees with ss is list_ss.t's.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

esc=$'\e'

# A listener that nobody else has, connections, one of them leaked, and a
# process whose name is none.
perl -MIO::Socket::INET -e '
	$0 = "\e[31mred\a";
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 4711)
		or die;
	my (@c, @s);
	for (0 .. 3) {
		$c[$_] = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 4711) or die;
		$s[$_] = $l->accept or die;
	}
	close $c[0];
	close $c[1];
	close $s[1];
	$| = 1;
	print "ready\n";
	sleep 1000;
' >"$dir/ready" &
server=$!
trap 'kill $server; rm -rf "$dir"' EXIT
wait_for 30 grep -qs ready "$dir/ready" || diag "no server"
sleep 0.3

list() {
	run list --netns "$netns" "$@"
}

# rows: how many lines of data
rows() {
	tail -n +2 "$dir/out" | wc -l
}

list
is "$status" 0 "list: status 0"
like "$(head -n 1 "$dir/out")" "^STATE +FOR +LEFT +RECV-Q +SEND-Q +LOCAL +REMOTE +OWNER$" "titles"
like "$(cat "$dir/out")" "LISTEN +- +- +0 +5 127.0.0.1:4711 +0.0.0.0:\*" "the listener, with its backlog"
like "$(cat "$dir/out")" "CLOSE_WAIT +>=[0-9.]+m?s +- +1 +0 127.0.0.1:4711 " "the leaked one"
like "$(cat "$dir/out")" "TIMED_WAIT +[0-9.]+m?s +[0-9.]+s +0 +0 127.0.0.1:" "one that was closed"
is "$(grep -c ESTABLISHED "$dir/out")" 4 "both ends of two connections"
like "$(cat "$dir/err")" "^[0-9]+ TCP sockets in 1 network namespace" "how many, on stderr"
like "$(cat "$dir/err")" ">= at least:" "what >= says"
is "$(tr -d '[:print:]\n' <"$dir/out" | wc -c)" 0 "a hostile name does not reach the terminal"
grep -qF 'x1b[31mred' "$dir/out"
ok $? "it is shown, escaped"

# How many. First, for the kernel ends FIN_WAIT_2 and TIMED_WAIT after a minute.
list --summary
like "$(cat "$dir/out")" "STATE +SOCKETS +LONGEST" "--summary: by state"
like "$(cat "$dir/out")" "ESTABLISHED +4 " "--summary: how many"
like "$(cat "$dir/out")" "PROCESS +SOCKETS +STATES" "--summary: by process"
like "$(cat "$dir/out")" "\(no process\) +2  1 FIN_WAIT_2, 1 TIMED_WAIT" "--summary: of no process"
is "$(tr -d '[:print:]\n' <"$dir/out" | wc -c)" 0 "--summary: a hostile name does not reach the terminal"

# Filters
list --state LISTEN
is "$(rows)" 1 "--state LISTEN"
list --state close-wait --state time_wait
is "$(rows)" "$(grep -cE 'CLOSE_WAIT|TIMED_WAIT' "$dir/out")" "--state twice: either"
list --lport 4711 --state ESTABLISHED
is "$(rows)" 2 "--lport: one end of each"
list --port 4712
is "$(rows)" 0 "--port: none"
list -6
is "$(rows)" 0 "-6: none"
list --pid $server --state TIMED_WAIT
is "$(rows)" 0 "--pid: what is closed has no owner"
list --pid $server --state ESTABLISHED
is "$(rows)" 4 "--pid"
list --addr 127.0.0.0/8 --min-dwell 1h
is "$(rows)" 0 "--min-dwell: none is so old"
list --min-dwell 100ms --state CLOSE_WAIT
is "$(rows)" 1 "--min-dwell: what is old enough"
run list --lport 4711
like "$(head -n 1 "$dir/out")" "NETNS" "several namespaces: which"

list --netns 123 --state LISTEN --fail-if-any
is "$status $(rows)" "3 1" "--netns that is not there: what is there is shown, and status 3"
is "$(grep 'namespace 123' "$dir/err")" \
	"tcpdwell: network namespace 123 is not found: no process is in it, and it is not mounted in /run/netns" \
	"--netns that is not there: which"
run watch --once --netns 123
is "$status $(cat "$dir/out")" "3 TCPDWELL UNKNOWN - the sockets could not be read" \
	"watch --once says of it that it can't tell"
run holders --netns 123
is "$status" 3 "... and so do holders"

# The end of it
list --state LISTEN --fail-if-any
is "$status $(rows)" "1 1" "--fail-if-any: status 1 when there is one"
list --state SYN_SEND --fail-if-any
is "$status $(rows)" "0 0" "--fail-if-any: status 0 when there is none"
list --state LISTEN --fail-if-any --summary
is "$status" 1 "--fail-if-any with --summary"
list --state CLOSE_WAIT --fail-if-any --json
is "$status" 1 "--fail-if-any with --json"

# Order
list --sort local --state ESTABLISHED
is "$(tail -n +2 "$dir/out" | awk '{ print $5 }')" \
	"$(tail -n +2 "$dir/out" | awk '{ print $5 }' | sort -t: -k2n)" "--sort local"
list --sort recv_q
like "$(sed -n 2p "$dir/out")" "^CLOSE_WAIT" "--sort recv_q: most first"
list --sort colour
is "$status $(wc -c <"$dir/out")" "2 0" "--sort: no such key, status 2"
like "$(cat "$dir/err")" "--sort takes .*, not 'colour'" "--sort: what it takes"

# Names
list --names rfc
like "$(cat "$dir/out")" "CLOSE-WAIT" "--names rfc"
list --names kernel
like "$(cat "$dir/out")" "TCP_CLOSE_WAIT" "--names kernel"

# JSON
if command -v jq >/dev/null; then
	list --json
	is "$(jq -rs 'map(.type) | .[0], .[-1]' "$dir/out" | tr '\n' ' ')" "hello summary " \
		"JSON: hello first, summary last"
	is "$(jq -s '.[-1].sockets == (map(select(.type == "socket")) | length)' "$dir/out")" true \
		"JSON: the summary counts the rows"
	is "$(jq -s '(map(select(.type == "socket").sk) | unique | length) == .[-1].sockets' \
		"$dir/out")" true "JSON: each socket once"
	is "$(jq -s '.[0].sockets == .[-1].states' "$dir/out")" true "JSON: hello and summary agree"
	is "$(jq -s --argjson pid $server 'map(select(.state == "CLOSE_WAIT")) | .[0] |
		.owner.pid == $pid and .owner.comm == "\u001b[31mred\u0007" and .recv_q == 1 and
		.dwell == "at_least" and .dwell_by == "last_segment"' "$dir/out")" true \
		"JSON: the leaked one, whose, since when"
	list --json --summary
	is "$(jq -rs 'map(.type) | join(" ")' "$dir/out")" "hello summary" "JSON: --summary has no rows"
	is "$(jq -s '.[1].processes | map(.sockets) | add' "$dir/out")" \
		"$(jq -s '.[1].sockets' "$dir/out")" "JSON: each socket is some process's, or none's"
else
	skip "JSON as jq reads it" "there is no jq"
fi

# A terminal
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	for columns in 30 80 200; do
		TERM=xterm script -qec "stty cols $columns; '$TCPDWELL' list --netns $netns" /dev/null \
			</dev/null 2>/dev/null | tr -d '\r' |
			sed "s/$esc\[[0-9;]*m//g" >"$dir/tty"
		is "$(grep -vE '^(>=|- not|[0-9]+ TCP)' "$dir/tty" | awk -v w=$columns 'length > w')" "" \
			"no row wider than $columns columns"
	done
else
	skip "rows fit the terminal" "script does not work here"
fi

# Nobody listens, nobody may
{
	"$TCPDWELL" list --json --netns "$netns" 2>"$dir/err"
	echo $? >"$dir/status"
} | head -n 1 >/dev/null
is "$(cat "$dir/status")$(cat "$dir/err")" 0 "a closed pipe ends it quietly"
if command -v setpriv >/dev/null; then
	chmod 755 "$dir"
	cp "$TCPDWELL" "$dir/tcpdwell"
	status=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$dir/tcpdwell" list >"$dir/out" \
		2>"$dir/err" || status=$?
	is "$status $(wc -c <"$dir/out")" "3 0" "without rights: status 3, no output"
	like "$(cat "$dir/err")" "run it as root" "without rights: what to do"
	is "$(wc -l <"$dir/err")" 1 "without rights: one sentence"
else
	skip "without rights" "there is no setpriv"
fi
# Those without an owner: in its listener's queue, and closed with data that the peer does not read.
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 4713)
		or die;
	sub client {
		return IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 4713) || die;
	}
	my $c = client();
	my $s = $l->accept;
	my $waits = client();
	$c->blocking(0);
	1 while syswrite $c, "x" x 65536;
	close $c;
	$| = 1;
	print "closed\n";
	sleep 1000;' >"$dir/ownerless" &
ownerless=$!
trap 'kill $server $ownerless; rm -rf "$dir"' EXIT
wait_for 30 grep -qs closed "$dir/ownerless" || diag "no server"
list --lport 4713 --state ESTABLISHED
is "$(grep -c 'ESTABLISHED .*(not accepted)' "$dir/out")" 1 "one that waits to be accepted, as such"
list --rport 4713 --state FIN_WAIT_1
is "$(grep -c 'FIN_WAIT_1 .*(closed)' "$dir/out")" 1 "one that its program has closed, as such"

# FINs that the peer never sees: since when, the timeouts tell. Its sockets have a filter that
# drops everything.
perl -MIO::Socket::INET -MSocket -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e '
	my $drop = pack "SCCL", 6, 0, 0, 0;
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 4712)
		or die;
	sub deaf {
		setsockopt $_[0], SOL_SOCKET, 26, pack "S x6 P", 1, $drop or die; # SO_ATTACH_FILTER
	}
	sub pair {
		my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 4712) or die;
		return $c, scalar $l->accept;
	}
	my @first = pair();
	deaf($first[0]);
	my @second = pair();
	deaf($second[0]);
	shutdown $second[0], 1;
	sysread $second[1], my $eof, 1;
	$| = 1;
	print clock_gettime(CLOCK_MONOTONIC), "\n";
	close $first[1];
	close $second[1];
	print "closed\n";
	sleep 1000;' >"$dir/deaf" &
deaf=$!
trap 'kill $server $ownerless $deaf; rm -rf "$dir"' EXIT
wait_for 30 grep -qs closed "$dir/deaf" || diag "no peer"
# shellcheck disable=SC2317 # wait_for calls it
known() {
	list --json --lport 4712
	[ "$(grep -c '"dwell_by":"fin_timeouts"' "$dir/out")" -eq 2 ]
}
if ! command -v jq >/dev/null; then
	skip "FIN_WAIT_1 and LAST_ACK" "there is no jq"
else
	wait_for 60 known
	ok $? "FIN_WAIT_1 and LAST_ACK: for how long at least is known after the first timeout"
	sleep 2
	passed() {
		perl -MTime::HiRes=clock_gettime,CLOCK_MONOTONIC -e '
			printf "%d", (clock_gettime(CLOCK_MONOTONIC) - $ARGV[0]) * 1e9' \
			"$(head -1 "$dir/deaf")"
	}
	before=$(passed)
	list --json --lport 4712
	after=$(passed)
	# a bound that is none would be above, one that is of no use below
	is "$(jq -s --argjson before "$before" --argjson after "$after" '
		[.[] | select(.dwell_by == "fin_timeouts") |
		.dwell_ns <= $after and .dwell_ns >= $before / 4] | [length == 2] + . | all' \
		"$dir/out")" true "... no more than it is" || diag "$before to $after: $(cat "$dir/out")"
	run watch --once --max LAST_ACK=100ms
	is "$status" 1 "watch --once sees a LAST_ACK that is over its threshold"
fi

done_testing

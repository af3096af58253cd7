#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell watch`: each kind of leak is alerted of once, with what is wrong and
# who holds the socket, and resolved when it is closed; rules from a file,
# --once, --kill.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

# shellcheck source=tests/e2e/lib/watch.sh
. "$(dirname "$0")/lib/watch.sh"

declare -A diagnosis=(
	[not_reading]=eof_unread
	[data]=data_unread
	[not_closing]=eof_read_not_closed
	[child]=kept_by_other
	[in_flight]=in_flight
	[not_accepted]=not_accepted
)

for kind in not_reading data not_closing child in_flight not_accepted; do
	watch "$kind" --max CLOSE_WAIT=1s
	leak "$kind" 3
	wait_for 30 has_alerts 3 "$kind" firing
	ok $? "$kind: three sockets are alerted of"
	is "$(alerts "$kind" firing ".diagnosis == \"${diagnosis[$kind]}\"")" 3 \
		"$kind: ${diagnosis[$kind]}" || diag "$(cat "$dir/$kind.out")"
	is "$(jq -c 'select(.type == "alert" and .lport != '"$port"')' "$dir/$kind.out" | wc -l)" 0 \
		"$kind: nothing else is"
	is "$(jq -s '[.[] | select(.type == "alert") | .group.count] | max' "$dir/$kind.out")" 3 \
		"$kind: the group has three"
	unleak
	wait_for 30 has_alerts 3 "$kind" resolved
	ok $? "$kind: they are resolved when they are closed"
	is "$(alerts "$kind" resolved '.dwell_ns > 1000000000')" 3 "$kind: with all of the time"
	is "$(alerts "$kind" firing)" 3 "$kind: one alert a socket"
	unwatch "$kind"
done

# Who holds it.
watch holder --max CLOSE_WAIT=1s
leak not_closing
wait_for 30 has_alerts 1 holder firing
is "$(jq 'select(.type == "alert" and .status == "firing") | .holders[0].pid' "$dir/holder.out")" \
	"$leak_pid" "the holder is the leaking process"
unleak
unwatch holder

# A thread with a descriptor table of its own, which its process does not share.
watch thread --max CLOSE_WAIT=1s
leak thread
wait_for 30 has_alerts 1 thread firing
ok $? "kept by a thread's own descriptor table: alerted of"
is "$(jq -c 'select(.type == "alert" and .status == "firing") | [.holders[] | [.pid, .tid]]' "$dir/thread.out")" \
	"[[$leak_pid,$(sed -n 's/^tid //p' "$dir/leak")]]" "... the holder is that thread alone"
unleak
wait_for 30 has_alerts 1 thread resolved
ok $? "... and resolved"
unwatch thread

# A half-close that is in use is left alone, unless it is asked for.
watch quiet --max CLOSE_WAIT=1s --max FIN_WAIT_2=1s
leak sending
sleep 3
is "$(alerts quiet firing)" 0 "a half-close in use is not alerted of, at neither end"
unwatch quiet
watch asked --half-close --max CLOSE_WAIT=1s --max FIN_WAIT_2=1s
for state in CLOSE_WAIT FIN_WAIT_2; do
	wait_for 30 has_alerts 1 asked firing ".state == \"$state\" and .diagnosis == \"half_close_in_use\""
	ok $? "--half-close: it is, in $state"
done
unwatch asked
unleak

# Nothing answers: a listener with a full queue drops the SYN.
watch syn --max SYN_SEND=1s
perl -MSocket -MFcntl -e '
	my ($l, @c);
	socket $l, AF_INET, SOCK_STREAM, 0 or die "$!";
	bind $l, sockaddr_in(0, INADDR_LOOPBACK) and listen $l, 0 or die "$!";
	for (1 .. 3) {
		socket my $c, AF_INET, SOCK_STREAM, 0 or die "$!";
		fcntl $c, F_SETFL, O_NONBLOCK;
		connect $c, getsockname $l;
		push @c, $c;
	}
	sleep 1000;' &
caller=$!
pids+=("$caller")
wait_for 30 has_alerts 1 syn firing '.state == "SYN_SEND" and .diagnosis == "no_answer"'
ok $? "SYN_SEND: alerted of"
is "$(alerts syn firing '.lport == 0')" 0 "... with its local port, which no record tells"
kill "$caller"
wait_for 30 has_alerts 1 syn resolved
ok $? "... and resolved"
unwatch syn

# Stuck before the start.
leak not_closing 5
sleep 2
watch before --max CLOSE_WAIT=1s
wait_for 30 has_alerts 5 before firing
ok $? "sockets that were stuck before the start are alerted of"
run watch --once --netns "$netns" --max CLOSE_WAIT=1s
is "$status" 1 "--once: status 1 while there are any"
like "$(head -n 1 "$dir/out")" "^TCPDWELL WARNING - 5 sockets stuck: 5 CLOSE_WAIT.*stuck=5" \
	"--once: the first line sums it up"
is "$(grep -c 'held by' "$dir/out")" 5 "--once: with who holds each"
unleak
wait_for 30 has_alerts 5 before resolved
ok $? "... and resolved"
unwatch before
run watch --once --netns "$netns" --max CLOSE_WAIT=1s
is "$status" 0 "--once: status 0 when there is none"
like "$(cat "$dir/out")" "^TCPDWELL OK" "--once: says so"
run watch --once --netns "$netns" --max CLOSE_WAIT=never
is "$status" 2 "--once: status 2 for wrong usage"

without=(setpriv --bounding-set=-all --inh-caps=-all)
if "${without[@]}" test -x "$TCPDWELL" 2>/dev/null; then
	status=0
	"${without[@]}" "$TCPDWELL" watch --once >"$dir/out" 2>"$dir/err" || status=$?
	is "$status" 3 "--once: status 3 when it may not look"
	like "$(cat "$dir/out")" "^TCPDWELL UNKNOWN" "--once: says so"
else
	skip "--once: status 3 when it may not look" "setpriv can't run it without capabilities here"
fi

# Rules from a file.
cat >"$dir/rules" <<-END
	[rule other]
	state = CLOSE_WAIT
	comm = nobody-is-so
	max = 1s
END
watch rules --config "$dir/rules"
leak not_closing 2
sleep 2
is "$(alerts rules firing)" 0 "a rule for another process fires for nobody else"
cat >"$dir/rules" <<-END
	[rule mine]
	state = close-wait
	comm = leaker
	lport = $port, 1
	max = 1s
	grave = 2s
END
kill -HUP "$watcher"
wait_for 30 has_alerts 2 rules firing '.rule == "mine_grave"'
ok $? "SIGHUP: sockets that are stuck already are judged by the new rules"
is "$(alerts rules firing '.severity == "critical"')" 2 "... the graver step too"
echo "[rule broken]" >"$dir/rules"
kill -HUP "$watcher"
wait_for 30 grep -q "rules stay as they were" "$dir/rules.err"
ok $? "SIGHUP: a bad file leaves the rules as they are, and is told of"
like "$(cat "$dir/rules.err")" "rules:1: there is nothing in this section" "... with its line"
is "$(alerts rules resolved)" 0 "... nothing is resolved by it"
: >"$dir/rules"
kill -HUP "$watcher"
wait_for 30 has_alerts 2 rules resolved '.resolved_by == "rules"'
ok $? "SIGHUP: alerts whose rule has gone are resolved"
unwatch rules
unleak

bad_file() {
	printf '%b' "$1" >"$dir/bad"
	run watch --config "$dir/bad"
	is "$status" 2 "$2: status 2"
	like "$(cat "$dir/err")" "$3" "$2: file, line and why"
}
bad_file '[rule x]\nstate = CLOSE_WAIT\nmax = 1s\ncolour = red\n' "an unknown key" "bad:4: no such key: 'colour'"
bad_file '\n[rule x]\nstate = SLEEPING\n' "no such state" "bad:3: state takes .* not 'SLEEPING'"
bad_file '[rule x]\nstate = CLOSE_WAIT\n' "no threshold" "bad:1: rule x needs one of max and alert = no"
bad_file '[service]\nlisten = 1\n' "an unknown section" "bad:1: no such section: \[service\]"
bad_file '[rule x]\nstate = CLOSE_WAIT\nmax = 1s\nport = 80, 99999\n' "a bad port" "bad:4: port takes .* not '99999'"
run watch --config "$dir/nowhere"
is "$status" 2 "no such file: status 2"

# Closing them.
cat >"$dir/rules" <<-END
	[rule mine]
	state = CLOSE_WAIT
	max = 1s
	kill = yes
END
leak not_closing 3
watch off --config "$dir/rules"
wait_for 30 has_alerts 3 off firing
sleep 1
is "$(jq -c 'select(.type == "kill")' "$dir/off.out" | wc -l)" 0 "without --kill nothing is closed"
unwatch off
watch dry --config "$dir/rules" --dry-run
# shellcheck disable=SC2317 # wait_for calls it
kills() {
	[ "$(jq -c "select(.type == \"kill\" and .result == \"$2\")" "$dir/$1.out" | wc -l)" -ge "$3" ]
}
wait_for 30 kills dry dry_run 3
ok $? "--dry-run: says which it would close"
is "$(alerts dry resolved)" 0 "--dry-run: closes none"
unwatch dry
watch kill --config "$dir/rules" --kill
wait_for 30 kills kill ok 3 || kills kill failed 1
if grep -q CONFIG_INET_DIAG_DESTROY "$dir/kill.err"; then
	skip "--kill: closes them" "this kernel was built without CONFIG_INET_DIAG_DESTROY"
else
	kills kill ok 3
	ok $? "--kill: closes them"
	wait_for 30 has_alerts 3 kill resolved
	ok $? "--kill: they are resolved"
fi
unwatch kill
unleak
if ! grep -q CONFIG_INET_DIAG_DESTROY "$dir/kill.err"; then
	LEAK_DEVICE=lo leak not_closing 2
	watch bound --config "$dir/rules" --kill
	wait_for 30 kills bound ok 2
	ok $? "--kill: sockets that are bound to an interface too"
	wait_for 30 has_alerts 2 bound resolved
	ok $? "... they are resolved"
	unwatch bound
	unleak
fi

# Ports that run out.
echo 40000 40099 >/proc/sys/net/ipv4/ip_local_port_range
echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse
watch ports
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 100, LocalAddr => "127.0.0.1", LocalPort => 8080,
				      ReuseAddr => 1) or die "$!";
	for (1 .. 90) {
		my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 8080) or die "$!";
		my $s = $l->accept or die;
		close $c;
		close $s;
	}'
wait_for 30 grep -q '"pressure"' "$dir/ports.out"
ok $? "80% of the local ports towards one service taken: told"
is "$(jq -r 'select(.type == "pressure") | "\(.of) \(.raddr) \(.rport) \(.usable)"' "$dir/ports.out")" \
	"local_ports 127.0.0.1 8080 100" "... which service, and of how many"
unwatch ports

done_testing

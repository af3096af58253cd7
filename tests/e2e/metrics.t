#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What watch serves over HTTP, to clients of every kind.
# shellcheck disable=SC2016,SC2317 # programs in perl; what wait_for calls
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/service.sh
. "$(dirname "$0")/lib/service.sh"
export PATH=$PATH:/usr/local/sbin:/usr/sbin

begin_watch --max CLOSE_WAIT=500ms
is "$(ask GET /metrics) $(ask HEAD /metrics) $(ask GET /healthz) $(ask GET /api/stuck)" "200 200 200 200" \
	"the pages are there"
is "$(ask GET /) $(ask GET /metrics/) $(ask GET /api)" "404 404 404" "there is no other"
is "$(ask POST /metrics) $(ask PUT /metrics) $(ask DELETE /api/stuck)" "405 405 405" "to be read only"

leak 3
wait_for 30 has_metric 'tcpdwell_stuck_sockets{rule="close_wait",state="CLOSE_WAIT",process="leaky"} 3'
ok $? "three sockets are stuck"
metrics >"$dir/metrics"
is "$(grep -c '^tcpdwell_stuck_oldest_seconds{.*process="leaky"}' "$dir/metrics")" 1 "and for how long"
has() {
	grep -qE "^$1\$" "$dir/metrics"
	ok $? "$2"
}
# the scrapes are connections too
has 'tcpdwell_sockets\{state="CLOSE_WAIT"\} [3-9]' "sockets by state"
has 'tcpdwell_transitions_total\{from="ESTABLISHED",to="CLOSE_WAIT"\} ([3-9]|[1-9][0-9]+)' "transitions"
has 'tcpdwell_dwell_seconds_count\{state="ESTABLISHED"\} [1-9][0-9]*' "times in a state"
has 'tcpdwell_tier_info\{tier="[a-z]+",.*\} 1' "the tier"
if command -v promtool >/dev/null; then
	promtool check metrics <"$dir/metrics" >"$dir/promtool" 2>&1
	ok $? "promtool check metrics"
	is "$(cat "$dir/promtool")" "" "promtool has nothing to say"
else
	skip "promtool check metrics" "there is no promtool (Debian package prometheus)"
fi

# On a slow machine a scrape's own connection may be stuck for a moment.
three_stuck() {
	stuck=$(get "http://127.0.0.1:$port/api/stuck")
	[ "$(jq -r '"\(.count) \(.listed) \(.stuck | length)"' <<<"$stuck")" = "3 3 3" ]
}
wait_for 30 three_stuck
ok $? "/api/stuck has them"
is "$(jq -r '[.stuck[] | "\(.state) \(.diagnosis) \(.holders[0].comm) \(.holders[0].pid)"] | unique[]' <<<"$stuck")" \
	"CLOSE_WAIT eof_read_not_closed leaky $leaker" "with what is wrong and who holds them"
is "$(jq '[.stuck[] | select(.stuck_ns >= .dwell_ns and .dwell_ns >= 500000000)] | length' <<<"$stuck")" 3 \
	"and the time"
is "$(jq '[.stuck[].group.id] | unique | length' <<<"$stuck")" 1 "in one group"
unleak
wait_for 30 alerts_are resolved 3
ok $? "resolved"
# the page may be of a moment before
three_counted() {
	metrics | grep -qE '^tcpdwell_alerts_total\{state="CLOSE_WAIT",status="resolved"\} ([3-9]|[1-9][0-9]+)$'
}
wait_for 30 three_counted
ok $? "and counted"
none_stuck() {
	! metrics | grep -q '^tcpdwell_stuck_sockets{' && [ "$(get "http://127.0.0.1:$port/api/stuck" | jq .count)" = 0 ]
}
wait_for 30 none_stuck
ok $? "none is stuck, in /metrics and in /api/stuck"
forget

# Clients that do not behave, while others scrape and connections come and go.
background crowd perl -MIO::Socket::INET -MTime::HiRes=sleep -e '
	my $port = shift;
	$SIG{PIPE} = "IGNORE";
	my @open;
	sub dial { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) }
	for (1 .. 20) {
		my $slow = dial() or next;
		print $slow "GET /metrics HTTP/1.1\r\n";
		push @open, $slow;
	}
	for (1 .. 10) {
		my $deaf = dial() or next;
		print $deaf "GET /api/stuck HTTP/1.1\r\nHost: x\r\n\r\n" x 20;
		push @open, $deaf;
	}
	while (1) {
		my $s = dial() or next;
		print $s join "", map { chr rand 256 } 1 .. 3000;
		$s = dial() or next;
		print $s "GET /metrics HTTP/1.1\r\n", "X-Long: ", "x" x 60000, "\r\n\r\n";
		sleep 0.02;
	}' "$port"
crowd=$pid
scrape='
	my ($port, $times) = @ARGV;
	for (1 .. $times) {
		my $r = HTTP::Tiny->new(timeout => 300)->get("http://127.0.0.1:$port/metrics");
		die "$r->{status} $r->{content}" unless $r->{success} &&
			$r->{content} =~ /^process_resident_memory_bytes \d+$/m;
	}'
scrapers=()
for _ in $(seq 50); do
	perl -MHTTP::Tiny -e "$scrape" "$port" 5 2>>"$dir/scrape.err" &
	scrapers+=($!)
done
before=$(metrics | sed -n 's/^tcpdwell_transitions_total{from="LAST_ACK",to="CLOSED"} //p')
traffic 200
served=0
for p in "${scrapers[@]}"; do
	wait "$p" && served=$((served + 1))
done
is $served 50 "50 scrapers at once, beside clients that do not read, do not end, and talk nonsense"
[ ! -s "$dir/scrape.err" ] || diag "$(head -3 "$dir/scrape.err")"
finish $crowd
all_counted() {
	local now

	now=$(metrics | sed -n 's/^tcpdwell_transitions_total{from="LAST_ACK",to="CLOSED"} //p')
	[ "$((now - ${before:-0}))" -ge 200 ]
}
wait_for 30 all_counted
ok $? "each of 200 connections meanwhile was followed to its end"
# what an interrupt keeps from the program (cause interrupted) has nothing to do with who scrapes
is "$(metrics | grep -cE '^tcpdwell_events_lost_total\{cause="(ring_full|storage)"\} 0$')" 2 "nothing was lost"
leak 1
wait_for 30 alerts_are firing 4
ok $? "and alerts still fire"
forget
finish "$watch"
is $status 0 "it ends as it should"
is "$(grep -cv '/metrics is at port' "$dir/watch.err")" 0 "without a word of trouble"

run watch --listen 127.0.0.1:99999
is $status 2 "no such port"
run watch --listen localhost:80
is $status 2 "no names"
background taken perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die;
	$| = 1;
	print $l->sockport, "\n";
	sleep 1000;'
wait_for 30 test -s "$dir/taken.out"
run watch --listen "$(cat "$dir/taken.out")" --duration 30s
is $status 3 "a port that is in use"
like "$(cat "$dir/err")" "listen .*: Address already in use" "is told"
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The reader is stopped under a storm: what it is told and what it says that it lost are all that the
# kernel counted, and then it knows again what there is.
# shellcheck disable=SC2317,SC2154 # wait_for calls it; what tap.sh sets
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

command -v jq >/dev/null || skip_all "there is no jq"
CONNECTIONS=1500

# Sweeps: no other records than those of the tracepoint. A connection that ends by RST makes five: three
# of the client, and two of the server, since LISTEN > SYN_RECEIVED is told with the step after it.
RECORDS=5
begin trace --json --tier sweep --buffer-size 16k
trap '{ kill -CONT $tracer; kill $tracer ${held:-}; } 2>/dev/null; rm -rf "$dir"' EXIT
file=$dir/trace.out

count() {
	jq -c "select(.type == \"transition\") | select($1)" "$file" | wc -l
}

# of FILE LINE COUNTER: of /proc/net/FILE
of() {
	awk -v line="$2:" -v counter="$3" '
	$1 != line { next }
	!n { n = split($0, name, " "); next }
	{ for (i = 2; i <= n; i++) if (name[i] == counter) print $i }' "/proc/net/$1"
}

# Connections by the name of "keeper" that are made while nobody reads, and closed on one word.
mkfifo "$dir/go"
kill -STOP "$tracer"
perl -MIO::Socket::INET -MSocket -e '
	my ($n, $go, $ready) = @ARGV;
	sub reset_pair {
		my ($c, $s) = @_;
		setsockopt $c, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0 or die;
		close $c;
		sysread $s, my $error, 1;
		close $s;
	}
	$0 = "keeper";
	my $l = IO::Socket::INET->new(Listen => 128, LocalAddr => "127.0.0.1", LocalPort => 9999) or die;
	for (1 .. $n) {
		my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die;
		my $s = $l->accept or die;
		if ($_ > $n - 5) {
			push @kept, $c, $s;
			next;
		}
		reset_pair($c, $s);
	}
	open my $r, ">", $ready;
	close $r;
	open my $f, "<", $go;
	<$f>;
	reset_pair(splice @kept, 0, 2) while @kept;' "$CONNECTIONS" "$dir/go" "$dir/ready" &
held=$!
wait_for 60 test -e "$dir/ready"
ok $? "a storm, while the reader is stopped"
sleep 1
kill -CONT "$tracer"
wait_for 30 grep -q '"type":"lost"' "$file"
ok $? "the loss is told"

# Whole again: what is kept is known, with its owner, by what it does next. The look at all sockets that
# brings that has been there when the trace has nothing left to do.
rests() {
	local before after

	before=$(cut -d ' ' -f 3,14,15 "/proc/$tracer/stat")
	sleep 1
	after=$(cut -d ' ' -f 3,14,15 "/proc/$tracer/stat")
	[ "$before" = "$after" ] && [ "${after%% *}" = S ]
}
wait_for 30 rests
echo >"$dir/go"
wait "$held"
held=
listener_is_gone() {
	[ "$(count '.from == "LISTEN" and .to == "CLOSED"')" -eq 1 ]
}
wait_for 30 listener_is_gone
ok $? "what was kept is seen when it is closed"
end INT
is "$status" 0 "the trace ends well"
is "$(jq -r 'select(.type == "transition" and .from == "ESTABLISHED" and .rport == 9999) |
	"\(.to) \(.laddr) \(.owner.comm // "-")"' "$file" | tail -n 5 | sort | uniq -c | xargs)" \
	"5 CLOSED 127.0.0.1 keeper" "with its addresses and its owner, although its begin was lost"
is "$(of snmp Tcp ActiveOpens) $(of snmp Tcp PassiveOpens)" "$CONNECTIONS $CONNECTIONS" \
	"the kernel counts the connections"
lost=$(jq 'select(.type == "summary").lost' "$file")
told=$(jq -c 'select(.type == "lost").count' "$file" | awk '{ n += $1 } END { print n }')
is "$told" "$lost" "each loss is told, and the summary has their sum"
# and the listener's two
records=$(count '.via == "tracepoint" and (.from != "LISTEN" or .to == "CLOSED")')
is "$((records + lost))" $((CONNECTIONS * RECORDS + 2)) "what is told and what is lost is all that there was"

done_testing

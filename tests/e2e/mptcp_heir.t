#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell watch --comm`: an MPTCP socket that a process opened that matches, and
# that one keeps that does not. No table of the kernel has it, so that its alert
# depends, when records are lost, on the descriptor of a process that is none of the filter's.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/watch.sh
. "$(dirname "$0")/lib/watch.sh"

watch heir --comm perl --buffer-size 4k --max CLOSE_WAIT=1s
mkfifo "$dir/fifo"
# shellcheck disable=SC2016 # perl's variables
perl -MSocket -e '
	my ($l, $c, $s, $mptcp) = (undef, undef, undef, 262);
	socket $l, AF_INET, SOCK_STREAM, $mptcp or exit 77;
	bind $l, sockaddr_in(0, INADDR_LOOPBACK) and listen $l, 5 or die "listen: $!";
	my $at = getsockname $l;
	socket $c, AF_INET, SOCK_STREAM, $mptcp or die "socket: $!";
	connect $c, $at or die "connect: $!";
	accept $s, $l or die "accept: $!";
	close $c;
	my $heir = fork;
	if (!$heir) { close $l; $0 = "heir"; <STDIN>; exit 0; }
	close $_ for $s, $l;
	waitpid $heir, 0;' <"$dir/fifo" 2>"$dir/perl.err" &
opener=$!
pids+=("$opener")
exec 9>"$dir/fifo"
# shellcheck disable=SC2317 # wait_for calls it
fired() {
	gone "$opener" || has_alerts 1 heir firing '.proto == "mptcp"'
}
wait_for 30 fired
gone "$opener" && skip_all "no MPTCP here: $(cat "$dir/perl.err")"
is "$(alerts heir firing '.proto == "mptcp"')" 1 "the socket that another process keeps is alerted of"

# Not one lost record, but some resyncs.
perl "$(dirname "$0")/lib/storm.pl" 1000000 0 0 &
storm=$!
pids+=("$storm")
wait_for 60 grep -q '"type":"lost"' "$dir/heir.out"
ok $? "records are lost, so that all sockets are looked at anew"
sleep 4
is "$(alerts heir resolved '.proto == "mptcp"')" 0 "the alert goes on while it is stuck" ||
	diag "$(grep mptcp "$dir/heir.out")"
kill "$storm"
wait "$storm" 2>/dev/null
exec 9>&-
wait_for 30 has_alerts 1 heir resolved '.proto == "mptcp"'
ok $? "it is resolved once it is closed"
unwatch heir

done_testing

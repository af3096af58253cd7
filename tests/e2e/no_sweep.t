#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# With nothing to sweep for, no sweep runs: on the sweep tier, where else they
# come once a second, nothing is read while no small socket may be there.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/chains.sh
. "$(dirname "$0")/lib/chains.sh"

needs nsenter perl ss

# All that it has read so far, in bytes: rows are read from iterators.
has_read() {
	sed -n 's/^rchar: //p' "/proc/$tracer/io" 2>/dev/null
}

# A listener and both ends of a connection, so that a sweep has rows to read; a line on its input
# opens and closes one more.
cat >"$dir/peer.pl" <<'END'
use IO::Socket::INET;
my $l = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1', LocalPort => 7000) or die;
sub pair { my $c = IO::Socket::INET->new('127.0.0.1:7000') or die; return ($c, $l->accept); }
my @held = pair();
print "ready\n";
while (<STDIN>) { my ($c, $s) = pair(); close $c; close $s; }
sleep 100;
END

new_netns
mkfifo "$dir/in"
nsenter -t "$holder" -n perl "$dir/peer.pl" <"$dir/in" >"$dir/server.log" 2>&1 &
server=$!
exec 3>"$dir/in"
wait_for 30 listening 7000 1 || diag "$(cat "$dir/server.log")"
begin idle --json --tier sweep
[ -n "$(has_read)" ] || skip_all "the kernel does not count what a process reads"
sleep 1 # what the start has left to do
before=$(has_read)
sleep 4
is "$(has_read)" "$before" "nothing is read while there is nothing to sweep for"
echo >&3
# shellcheck disable=SC2317 # wait_for calls it
swept() {
	[ "$(has_read)" -gt "$before" ]
}
wait_for 30 swept
ok $? "with one in TIMED_WAIT it is"
end INT
tracer=
is "$status" 0 "the trace ends well"
done_testing

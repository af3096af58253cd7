#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What goes on in namespaces that the filter leaves out is neither shown nor
# told as lost: the children of a listener there inherit its socket storage, and
# no step of theirs is looked at before a sweep meets them.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

command -v jq >/dev/null || skip_all "there is no jq"
mkfifo "$dir/go"

# A listener elsewhere, and 5 connections to it that stay once there is a word.
# shellcheck disable=SC2016 # for perl
unshare -n sh -c 'ip link set lo up && exec perl -MIO::Socket::INET -e '\''
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	open my $made, ">", "$ARGV[0]/listens" or die;
	open my $go, "<", "$ARGV[0]/go" or die;
	<$go>;
	my @both = map { (IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport)
		|| die, $l->accept || die) } 1 .. 5;
	open $made, ">", "$ARGV[0]/connected" or die;
	sleep 3600;'\'' "$1"' sh "$dir" </dev/null &
stranger=$!
trap 'kill $stranger; wait $stranger 2>/dev/null; rm -rf "$dir"' EXIT
wait_for 30 test -e "$dir/listens" || skip_all "no listener in another namespace"

# shellcheck disable=SC2317 # wait_for calls it
swept() {
	grep -q '"to":"TIMED_WAIT"' "$dir/sweep.out"
}

begin sweep --json --tier sweep
echo go >"$dir/go"
wait_for 30 test -e "$dir/connected"
ok $? "connections in another namespace"
traffic 1
wait_for 30 swept
ok $? "a sweep comes upon them"
end INT
is "$status $(tail -n 1 "$dir/sweep.out" | jq -c .lost)" "0 0" "none of their steps is told as lost"
is "$(grep '"type":"transition"' "$dir/sweep.out" | jq .netns | sort -u)" "$netns" "or shown"

# Nor is the reader woken for them, listeners included: 100 of these, far enough apart that each
# would do it by itself.
cat >"$dir/listeners" <<'END'
#!/bin/sh
ip link set lo up && exec perl -MIO::Socket::INET -e '
	for (1 .. 100) {
		IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
		select undef, undef, undef, 0.04;
	}'
END
chmod 755 "$dir/listeners"
switches() {
	sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$tracer/status"
}
begin woken --json
before=$(switches)
"$dir/listeners"
n=$(($(switches) - before))
[ "$n" -ge 50 ]
ok $? "listeners here wake the reader: $n times"
before=$(switches)
unshare -n "$dir/listeners"
n=$(($(switches) - before))
[ "$n" -lt 50 ]
ok $? "listeners elsewhere do not: $n times"
end INT
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How many files may be open: more than the soft limit, and where the hard one is too low, that is said
# with what to do; nothing is left out in silence.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
command -v jq >/dev/null || skip_all "there is no jq"
most=$(ulimit -Hn)
[ "$most" = unlimited ] || [ "$most" -ge 4096 ] || skip_all "only $most files may be open here"

# limited SOFT HARD ARG...: as run
limited() {
	local soft=$1 hard=$2

	shift 2
	status=0
	timeout -k 5 120 prlimit --nofile="$soft:$hard" "$TCPDWELL" "$@" \
		>"$dir/out" 2>"$dir/err" </dev/null || status=$?
}

too_few="only 20 files may be open.* it needs [0-9]+: raise the limit with ulimit -n"
for command in "trace --duration 10ms" list holders "hist --duration 10ms" "watch --once" doctor \
	"record -o $dir/few.rec --duration 10ms"; do
	# shellcheck disable=SC2086 # words
	limited 20 20 $command
	is "$status $(wc -c <"$dir/out") $(wc -l <"$dir/err")" "3 0 1" "$command, 20 files: status 3, one line"
	like "$(cat "$dir/err")" "$too_few" "$command, 20 files: what to do"
done
limited 20 20 trace --port 0
is "$status" 2 "20 files: what is typed wrong is said first"
limited 20 20 trace --help
is "$status" 0 "20 files: help is there"
limited 20 1024 trace --netns "$netns" --duration 10ms
is "$status" 0 "20 files, of 1024: it takes more"

# More namespaces than files, with a socket in the last.
sleepers=()
trap 'kill "${sleepers[@]}" 2>/dev/null; rm -rf "$dir"' EXIT
for _ in {1..80}; do
	unshare -n sleep 1000 &
	sleepers+=($!)
done
cat >"$dir/listen" <<-'END'
	use IO::Socket::INET;
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 7003) or die;
	$| = 1;
	print "listening\n";
	sleep 1000;
END
unshare -n sh -c "ip link set lo up; exec perl $dir/listen" >"$dir/listener" &
sleepers+=($!)
wait_for 30 grep -qs listening "$dir/listener"

limited 70 70 list --port 7003
is "$status $(wc -l <"$dir/err")" "3 1" "more namespaces than files, list: status 3"
like "$(cat "$dir/err")" "could not be read: too many open files, of which 70 are allowed: raise" \
	"... and what to do"
limited 70 70 trace --port 7003 --duration 10ms
is "$status $(wc -c <"$dir/out")" "3 0" "more namespaces than files, trace: status 3"
like "$(cat "$dir/err")" "too many open files, of which 70 are allowed: raise" "... and what to do"
limited 70 4096 list --json --port 7003
is "$status $(jq -r 'select(.type == "socket") | .state' "$dir/out")" "0 LISTEN" \
	"more namespaces than the soft limit has files: all are read"

kill "${sleepers[@]}"
wait "${sleepers[@]}" 2>/dev/null
sleepers=()

# What is told goes on when a look at all sockets is not possible any more.
prlimit --nofile=120:120 env --default-signal=INT "$TCPDWELL" trace --json --tier sweep --netns "$netns" \
	>"$dir/later.out" 2>"$dir/later.err" </dev/null &
tracer=$!
wait_for 30 grep -qs . "$dir/later.out"
for _ in {1..120}; do
	unshare -n sleep 1000 &
	sleepers+=($!)
done
# shellcheck disable=SC2317 # wait_for calls it
traffic_fails_to_be_read() {
	traffic
	grep -q "too many open files" "$dir/later.err"
}
wait_for 30 traffic_fails_to_be_read
ok $? "more namespaces than files while it runs: that is said"
before=$(transitions "$dir/later.out")
traffic 5
# shellcheck disable=SC2317 # wait_for calls it
told_more() {
	[ "$(transitions "$dir/later.out")" -ge $((before + 45)) ]
}
wait_for 30 told_more
ok $? "... and the transitions are told all the same"
end INT
is "$status" 0 "... to the end"

# The command of --exec has the limit that watch was started with.
cat >"$dir/say" <<-END
	#!/bin/sh
	ulimit -Sn >>$dir/limits
END
chmod +x "$dir/say"
prlimit --nofile=200:4096 "$TCPDWELL" watch --netns "$netns" --max CLOSE_WAIT=1ms --exec "$dir/say" \
	>"$dir/watch.out" 2>&1 </dev/null &
tracer=$!
wait_for 30 grep -qs . "$dir/watch.out"
# shellcheck disable=SC2317 # wait_for calls it
told_of_limit() {
	traffic 1 0.3
	[ -s "$dir/limits" ]
}
wait_for 30 told_of_limit
is "$(head -n 1 "$dir/limits" 2>/dev/null)" 200 "the command of --exec has the soft limit from before"
end TERM
done_testing

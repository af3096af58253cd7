#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Recording and replay: what is replayed is what was shown live, byte for byte;
# with filters it is that part; and whatever happens to the recorder, its disk or
# its files, what was written can be read.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
command -v jq >/dev/null || skip_all "there is no jq"

# record NAME ARG...: in the background, to NAME.rec*, with what it shows in NAME.json; $recorder
record() {
	local name=$1

	shift
	rm -f "$dir/$name".*
	env --default-signal=INT,PIPE "$TCPDWELL" record -o "$dir/$name.rec" --json --netns "$netns" "$@" \
		>"$dir/$name.json" 2>"$dir/$name.err" </dev/null &
	recorder=$!
	wait_for 30 test -s "$dir/$name.json" || diag "$name: no header: $(cat "$dir/$name.err")"
}

# stop: its status in $status
stop() {
	kill -INT "$recorder"
	status=0
	wait "$recorder" || status=$?
}

# shown NAME PATTERN
shown() {
	wait_for 30 grep -qE "$2" "$dir/$1.json"
}

# replayed NAME TEXT: the live lines again
replayed() {
	run replay --json "$dir/$1".rec*
	cmp -s "$dir/out" "$dir/$1.json"
	ok $? "$2: $(transitions "$dir/$1.json") transitions are the same replayed"
	cmp "$dir/out" "$dir/$1.json" >"$dir/diff" 2>&1 || diag "$(cat "$dir/diff" "$dir/err")"
}

# chosen NAME JQ ARG...: a replay with ARG... gives the transitions that JQ chooses of the live ones
chosen() {
	local name=$1 what=$2

	shift 2
	run replay --json "$@" "$dir/$name.rec"
	grep '"transition"' "$dir/out" >"$dir/got"
	grep '"transition"' "$dir/$name.json" | jq -c "select($what)" >"$dir/want.jq"
	jq -c . <"$dir/got" >"$dir/got.jq"
	cmp -s "$dir/got.jq" "$dir/want.jq" && [ -s "$dir/got.jq" ]
	ok $? "replay $*: $(wc -l <"$dir/got.jq") transitions, those of the live ones that it is about"
}

# Connections that end by FIN and by RST, and one that a program forgot.
many() {
	perl -MIO::Socket::INET -MSocket -e '
		my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
		for my $n (1 .. $ARGV[0]) {
			my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
						      PeerPort => $l->sockport) or die;
			my $s = $l->accept or die;
			setsockopt $c, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0) if $n % 10 == 5;
			syswrite $s, "x" x $n;
			sysread $c, my $read, $n;
			close $c;
			select undef, undef, undef, 0.6 if $n == $ARGV[0];
			close $s;
		}' "$1"
}

#
# Live and replayed
#

for tier in timer sweep; do
	traffic 20 # small sockets from before the start
	record "$tier" --tier "$tier"
	if ! [ -s "$dir/$tier.json" ]; then
		wait "$recorder"
		skip "tier $tier" "not here: $(head -n 1 "$dir/$tier.err")"
		continue
	fi
	many 300
	sleep 1.5 # a sweep, where there are some
	many 5
	stop
	is "$status" 0 "tier $tier: the recorder ends well"
	replayed "$tier" "tier $tier"
done

record loss --buffer-size 4k
many 1000
sleep 1
stop
replayed loss "a small buffer ($(jq -r 'select(.type == "summary") | .lost' "$dir/loss.json") lost)"

is "$(stat -c %a "$dir/loss.rec")" 600 "a recording is its owner's alone"

#
# Filters
#

record all
many 20
shown all '"from":"CLOSE_WAIT","to":"CLOSED"|"from":"LAST_ACK"'
sleep 1
stop
server=$(jq -r 'select(.to == "LISTEN") | .lport' "$dir/all.json" | head -n 1)
client=$(jq -r 'select(.from == "SYN_SEND") | .lport' "$dir/all.json" | head -n 1)
chosen all ".lport == $server" --lport "$server"
chosen all ".rport == $server" --rport "$server"
chosen all '.dwell_ns >= 100000' --min-dwell 100us
chosen all '.from == "CLOSE_WAIT" or .to == "CLOSE_WAIT"' --state CLOSE_WAIT
chosen all '.owner.comm == "perl"' --comm perl
pid=$(jq -r 'select(.to == "LISTEN") | .owner.pid' "$dir/all.json" | head -n 1)
chosen all ".owner.pid == $pid" --pid "$pid"
run replay --json --lport "$client" "$dir/all.rec"
is "$(jq -r 'select(.to == "SYN_SEND") | .lport' "$dir/out")" "$client" \
	"replay --lport: SYN_SEND is there too, with the port that it did not have yet"
run replay --json --comm nobody "$dir/all.rec"
is "$(transitions "$dir/out")" 0 "replay --comm: none of another"
run replay --json --count 7 "$dir/all.rec"
is "$(transitions "$dir/out")" 7 "replay --count"
cgroup=$(jq -r 'select(.type == "transition") | .owner.cgroup // empty' "$dir/all.json" | head -n 1)
if [ -n "$cgroup" ]; then
	chosen all ".owner.cgroup == \"$cgroup\"" --cgroup "$cgroup"
else
	skip "replay --cgroup" "the sockets have no cgroup (v2) here"
fi
run replay "$dir/all.rec"
is "$(grep -c -- '->' "$dir/out")" "$(($(transitions "$dir/all.json") + 1))" \
	"replay as text: a line each, and the title"

#
# Rules
#

run replay --watch --max CLOSE_WAIT=200ms --json "$dir/all.rec"
is "$status" 1 "replay --watch: status 1 when a threshold was passed"
is "$(jq -r 'select(.status == "firing") | .state' "$dir/out" | sort -u)" CLOSE_WAIT \
	"replay --watch: the alert that would have been"
is "$(jq -r 'select(.status == "firing") | .dwell_ns' "$dir/out" | head -n 1)" 200000000 \
	"replay --watch: when the threshold was passed, though nobody looked then"
is "$(transitions "$dir/out")" 0 "replay --watch: alerts alone"
like "$(cat "$dir/err")" "a half-close in use, which .watch' leaves out, is among these" \
	"replay --watch: what it can't know"
run replay --watch --max CLOSE_WAIT=1h "$dir/all.rec"
is "$status $(grep -c half-close "$dir/err")" "0 0" "replay --watch: status 0 when none was, and no more to say"
printf '[rule slow]\nstate = CLOSE_WAIT\nmax = 200ms\n' >"$dir/rules"
run replay --watch --config "$dir/rules" --json "$dir/all.rec"
is "$status" 1 "replay --watch --config: status 1 when a rule of the file was broken"
is "$(jq -r 'select(.status == "firing") | .rule' "$dir/out" | sort -u)" slow "... which one it was"
printf '[rule slow]\nstate = CLOSE_WAIT\nmax = 200ms\ncomm = nobody-is-so\n' >"$dir/rules"
run replay --watch --config "$dir/rules" "$dir/all.rec"
is "$status" 0 "... of another process: none was"
echo '[rule broken]' >"$dir/rules"
run replay --watch --config "$dir/rules" "$dir/all.rec"
is "$status" 2 "... a bad file: status 2"
run replay --config "$dir/rules" "$dir/all.rec"
is "$status" 2 "replay: --config without --watch: status 2"

#
# Files
#

run record -o "$dir/all.rec" --count 1 --netns "$netns"
is "$status" 3 "no overwriting"
replayed all "... the recording is still what it was"
echo precious >"$dir/text"
run record -o "$dir/text" --force --count 1 --netns "$netns"
is "$status $(cat "$dir/text")" "3 precious" "--force overwrites recordings, nothing else"
for there in "$dir/text" "$dir" /dev/null; do
	run record -o "$there" --count 1 --netns "$netns"
	is "$status $(cat "$dir/err")" \
		"3 tcpdwell: $there is there already, and not a recording: it is not overwritten" \
		"$there: --force is not what helps"
done
run record -o "$dir/all.rec" --force --duration 200ms --netns "$netns"
is "$status" 0 "--force"
run record
is "$status" 2 "a recording needs a file"
run replay "$dir/text"
is "$status" 3 "a text is not a recording"
like "$(cat "$dir/err")" "not a recording" "... and that is said"
run replay "$dir/absent"
is "$status" 3 "a recording that is not there"

size=$(stat -c %s "$dir/loss.rec")
head -c $((size / 2)) "$dir/loss.rec" >"$dir/half"
run replay --json "$dir/half"
is "$status" 3 "a recording that is cut off: status 3"
like "$(cat "$dir/err")" "cut off at byte [0-9]+" "... where is said"
n=$(transitions "$dir/out")
cmp -s <(grep '"transition"' "$dir/out" | head -n $((n / 2))) \
	<(grep '"transition"' "$dir/loss.json" | head -n $((n / 2)))
ok $? "... what comes before it is read"
cp "$dir/loss.rec" "$dir/flipped"
printf '\xff\xff' | dd of="$dir/flipped" bs=1 seek=$((size / 2)) conv=notrunc status=none
run replay --json "$dir/flipped"
is "$status" 3 "a damaged recording: status 3"
like "$(cat "$dir/err")" "at byte [0-9]+" "... where is said"
cp "$dir/loss.rec" "$dir/newer"
printf '\x02' | dd of="$dir/newer" bs=1 seek=8 conv=notrunc status=none
run replay "$dir/newer"
is "$status" 3 "a newer format is refused"
like "$(cat "$dir/err")" "newer" "... as such"

#
# Rotation
#

record turn --rotate-every 1s
for _ in 1 2 3; do
	many 10
	sleep 0.8
done
stop
n=$(find "$dir" -name 'turn.rec.*' | wc -l)
[ "$n" -ge 2 ]
ok $? "--rotate-every: $n files"
replayed turn "... read one after the other"
run replay --json "$dir"/turn.rec.000[2-9]
is "$status" 0 "... the first one being gone"
is "$(jq -r .type <"$dir/out" | sed -n '1p;$p' | paste -sd ' ')" "hello summary" \
	"... it begins with what was there, and ends as it did"
run replay "$dir/turn.rec.0001" "$dir/loss.rec"
is "$status" 3 "files of two recordings"

# As many connections are known as a file has room for: not each block is a file
record known --rotate-size 4k
many 400
for _ in 1 2 3 4 5 6 7 8; do
	many 2
	sleep 0.2
done
stop
n=$(find "$dir" -name 'known.rec.*' | wc -l)
[ "$n" -le 5 ]
ok $? "--rotate-size, more than that being known: $n files"
replayed known "... read one after the other"

record kept --rotate-size 4k --keep 2
for _ in 1 2 3 4 5 6; do
	many 100
	sleep 0.3
done
sleep 1
stop
[ "$(find "$dir" -name 'kept.rec.*' | wc -l)" -le 2 ] && ! [ -e "$dir/kept.rec.0001" ]
ok $? "--keep 2: the oldest are gone"
run replay --json "$dir"/kept.rec.*
is "$status" 0 "... the others can be read"

#
# A recorder that is killed, a disk that is full
#

record killed
many 50
shown killed '"to":"TIMED_WAIT"'
n=$(transitions "$dir/killed.json")
# shellcheck disable=SC2317 # wait_for calls it
grew() {
	run replay --json "$dir/killed.rec"
	[ "$(transitions "$dir/out")" -ge "$n" ]
}
wait_for 60 grew
ok $? "what was shown is in the file after a second, while the recorder goes on"
many 50
kill -KILL "$recorder"
wait "$recorder" 2>/dev/null
run replay --json "$dir/killed.rec"
[ "$(transitions "$dir/out")" -ge "$n" ]
ok $? "... and after it was killed"
like "$(cat "$dir/err")" "stopped before it could end|cut off" "... which is said"

if unshare -m mount -t tmpfs none /mnt 2>/dev/null; then
	export -f traffic
	# shellcheck disable=SC2016
	unshare -m bash -c '
		mount -t tmpfs -o size=64k none /mnt || exit 9
		"$0" record -o /mnt/full --netns "$1" >/dev/null 2>"$2/full.err" </dev/null &
		recorder=$!
		while kill -0 $recorder 2>/dev/null && [ $SECONDS -lt 60 ]; do
			"$3" 50 >/dev/null 2>&1
			sleep 0.1
		done
		kill -INT $recorder 2>/dev/null
		wait $recorder
		status=$?
		cp /mnt/full "$2/full.rec"
		exit $status' "$TCPDWELL" "$netns" "$dir" traffic
	is $? 3 "a full disk: status 3"
	like "$(cat "$dir/full.err")" "No space left.*can be read" "... which is said"
	like "$(tail -n 1 "$dir/full.err")" "without the last of them" "... of the number too"
	is "$(grep -c "not all could be written" "$dir/full.err")" 0 "... once"
	run replay --json "$dir/full.rec"
	is "$status" 0 "... the file can be read"
	[ "$(transitions "$dir/out")" -gt 100 ]
	ok $? "... and has what came before: $(transitions "$dir/out") transitions"
else
	skip "a full disk" "mounts are not allowed here"
fi

done_testing

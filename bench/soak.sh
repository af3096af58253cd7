#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# soak.sh [MINUTES]: `tcpdwell watch` of all namespaces, and `tcpdwell trace` of one, under mixed load:
# storms, leaks, namespaces that come and go, reloads, scrapes, a reader that is stopped and goes on.
# Prints memory and descriptors each minute; at its end, whether they were flat and the counts are the
# kernel's. Status 1 when not. As root, after `make tests bench-bins`.
# shellcheck disable=SC2317 # what a trap or wait_for calls
set -u

minutes=${1:-30}
build=${BUILD:-$(cd "$(dirname "$0")/.." && pwd)/build}
here=$(cd "$(dirname "$0")" && pwd)
tcpdwell=$build/tcpdwell
leaker=$build/tests/e2e/lib/leaker
dir=$(mktemp -d)
pids=()
failed=0

clean_up() {
	[ -z "${watch:-}" ] || kill -CONT "$watch" 2>/dev/null
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	wait
	rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

background() {
	"$@" </dev/null &
	pid=$!
	pids+=("$pid")
}

inside() {
	nsenter -t "$holder" -n "$@"
}

# kernel FILE LINE COUNTER: of /proc/net/FILE of the traced namespace
kernel() {
	inside cat "/proc/net/$1" | awk -v line="$2:" -v counter="$3" '
	$1 != line { next }
	!n { n = split($0, name, " "); next }
	{ for (i = 2; i <= n; i++) if (name[i] == counter) print $i }'
}

# of FIELD PID: KiB, or a number
of() {
	awk -v field="$1:" '$1 == field { print $2 }' "/proc/$2/status"
}

descriptors() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

scrape() {
	perl -MHTTP::Tiny -e '
		my $r = HTTP::Tiny->new(timeout => 20)->get($ARGV[0]);
		print $r->{content};
		exit !$r->{success}' "http://127.0.0.1:$port/$1"
}

# metric PATTERN: the sum of those
metric() {
	scrape metrics | awk -v pattern="^$1" '$0 ~ pattern { n += $2 } END { printf "%d\n", n }'
}

#
# The load
#

leaks() {
	mkfifo "$dir/leak.$1"
	"$leaker" not_closing 50 <"$dir/leak.$1" >/dev/null &
	exec 8>"$dir/leak.$1"
	sleep 6
	exec 8>&-
	wait $!
	rm "$dir/leak.$1"
}

churn() {
	for _ in 1 2 3; do
		unshare -n sh -c "ip link set lo up; perl '$here/../tests/e2e/lib/storm.pl' 20 2 0" 2>/dev/null
	done
}

# One turn of it, some 15 s
load() {
	leaks "$1" &
	inside perl "$here/../tests/e2e/lib/storm.pl" 300 3 0
	"$build/bench/storm" -n 2000 >"$dir/storm" 2>&1
	churn
	kill -HUP "$watch"
	kill -STOP "$watch"
	"$build/bench/storm" -n 2000 >"$dir/storm" 2>&1
	kill -CONT "$watch"
	for page in metrics api/stuck healthz; do
		scrape "$page" >/dev/null && scrapes=$((scrapes + 1))
	done
	wait $!
	sleep 2
}

#
# What is measured
#

# sample: minute, and of both programs KiB and descriptors
sample() {
	echo "$((SECONDS / 60)) $(of VmRSS "$watch") $(descriptors "$watch") $(of VmRSS "$tracer")" \
		"$(descriptors "$tracer")" >>"$dir/samples"
	tail -n 1 "$dir/samples" | awk '{
		printf "minute %3d  watch %6d KiB %3d descriptors  trace %6d KiB %3d descriptors\n", $1, $2, $3, $4, $5 }'
}

# check STATUS WHAT
check() {
	[ "$1" -eq 0 ] || failed=1
	printf '%-4s %s\n' "$([ "$1" -eq 0 ] && echo ok || echo BAD)" "$2"
}

# flat COLUMN PERCENT WHAT: the least of the last third, beside that of the middle third; the first warms up.
# What is open for a moment is in one sample and not in the next; what leaks is in all.
flat() {
	local text

	text=$(awk -v c="$1" '{ v[NR] = $c } END {
		third = int(NR / 3) + 1
		for (i = third; i <= NR; i++) {
			late = i > NR - third
			if (!least[late] || v[i] < least[late]) least[late] = v[i]
			if (v[i] > most) most = v[i]
		}
		print least[0] ? least[0] : least[1], least[1], most }' "$dir/samples")
	awk -v percent="$2" '{ exit !($2 <= $1 * (1 + percent / 100)) }' <<<"$text"
	check $? "$(awk -v what="$3" '{ printf "%s: least %d, later %d; most %d", what, $1, $2, $3 }' <<<"$text")"
}

# steps FROM TO: lines of the trace
steps() {
	grep -cE "\"from\":\"$1\",\"to\":\"$2\"" "$dir/trace"
}

same() {
	[ "$1" -eq "$2" ]
	check $? "$3: $1 told, $2 by the kernel"
}

# all_told: the trace has all that the kernel counts; nothing else goes on in there
all_told() {
	[ "$(steps '[A-Z_0-9]*' TIMED_WAIT)" -ge "$(kernel netstat TcpExt TW)" ] &&
		[ "$(steps TIMED_WAIT CLOSED)" -ge "$(kernel netstat TcpExt TW)" ]
}

# agrees: the picture that watch has, and a new look at the kernel; scrapes take part in both
agrees() {
	told=$(metric 'tcpdwell_sockets{')
	there=$("$tcpdwell" list --json | grep -c '"type":"socket"')
	awk -v a="$told" -v b="$there" 'BEGIN { d = a > b ? a - b : b - a; exit !(d <= 3 + b / 100) }'
}

wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 1
	done
}

[ "$(id -u)" -eq 0 ] || { echo "soak: needs root" >&2; exit 1; }
unshare -n sleep 1000000 </dev/null &
holder=$!
pids+=("$holder")
sleep 1
inside ip link set lo up
netns=$(stat -L -c %i "/proc/$holder/ns/net")

cat >"$dir/ini" <<-'END'
	[rule any]
	state = CLOSE_WAIT
	max = 3s
END
background "$tcpdwell" watch --json --listen 0 --config "$dir/ini" --buffer-size 256k >"$dir/watch" 2>"$dir/watch.err"
watch=$pid
background "$tcpdwell" trace --json --netns "$netns" >"$dir/trace" 2>"$dir/trace.err"
tracer=$pid
wait_for 60 grep -qs 'is at port' "$dir/watch.err" || { cat "$dir/watch.err" >&2; exit 1; }
wait_for 60 grep -qs '"hello"' "$dir/trace" || { cat "$dir/trace.err" >&2; exit 1; }
port=$(sed -n 's|.*/metrics is at port \([0-9]*\).*|\1|p' "$dir/watch.err")

SECONDS=0 turns=0 scrapes=0 minute=0
while [ $SECONDS -lt $((minutes * 60)) ]; do
	load $turns
	turns=$((turns + 1))
	: >"$dir/watch"
	[ $((SECONDS / 60)) -ge $minute ] || continue
	sample
	minute=$((SECONDS / 60 + 1))
done
sample

wait_for 150 all_told
wait_for 150 agrees
check $? "watch has $told sockets in its picture, a new look at the kernel finds $there"
flat 2 5 "memory of watch, KiB"
flat 3 0 "descriptors of watch"
flat 4 5 "memory of trace, KiB"
flat 5 0 "descriptors of trace"
same "$(steps CLOSED SYN_SEND)" "$(kernel snmp Tcp ActiveOpens)" "active opens"
same "$(steps LISTEN SYN_RECEIVED)" "$(kernel snmp Tcp PassiveOpens)" "passive opens"
same "$(steps '[A-Z_0-9]*' TIMED_WAIT)" "$(kernel netstat TcpExt TW)" "TIMED_WAIT entered"
same "$(steps TIMED_WAIT CLOSED)" "$(kernel netstat TcpExt TW)" "TIMED_WAIT left"
same "$(grep -c '"type":"lost"' "$dir/trace")" 0 "lost by trace, which was not stopped"
lost=$(metric 'tcpdwell_events_lost_total')
firing=$(metric 'tcpdwell_alerts_total{.*status="firing"')
[ "$firing" -ge $((turns * 25)) ]
check $? "watch alerted of $firing stuck sockets; it was stopped $turns times and told $lost events as lost"
[ "$scrapes" -eq $((turns * 3)) ]
check $? "$scrapes of $((turns * 3)) scrapes were answered"
echo "$minutes minutes, $turns turns of the load"
exit $failed

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a trace prints: JSON, names, colours, widths, flags, and nothing that a
# terminal would obey.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

# shown FILE PATTERN: waits until a line has it
shown() {
	wait_for 30 grep -qE "$2" "$1"
}

esc=$'\e'

#
# JSON
#

if command -v jq >/dev/null; then
	begin json --json
	traffic 5
	shown "$dir/json.out" '"from":"LAST_ACK"'
	end INT
	while IFS= read -r line; do
		jq -e 'type == "object" and has("type")' <<<"$line" >/dev/null 2>&1 || echo "$line"
	done <"$dir/json.out" >"$dir/bad"
	is "$(cat "$dir/bad")" "" "JSON: each line is an object with a type"
	is "$(jq -r .type <"$dir/json.out" | head -n 1)" hello "JSON: hello is first"
	lines=$(transitions "$dir/json.out")
	is "$(jq -s 'map(select(.type == "transition")) | length == ($lines | tonumber)' \
		--arg lines "$lines" <"$dir/json.out")" true "JSON: all lines parse"
	is "$(jq -s 'map(select(.type == "transition")) |
		all(has("time") and has("mono_ns") and has("sk") and has("from") and has("to") and
		    has("laddr") and has("lport") and has("raddr") and has("rport") and
		    has("family") and has("netns") and has("proto") and has("via"))' <"$dir/json.out")" \
		true "JSON: a transition has its fields"
	is "$(jq -s 'map(select(.type == "transition" and .to == "CLOSED" and .from != "LISTEN")) |
		length > 0 and all(has("reason") and has("age_ns") and has("bytes_sent"))' <"$dir/json.out")" \
		true "JSON: an end has its reason, age and bytes"
	is "$(jq -s 'map(select(.type == "transition")) | map(.netns) | unique == [($ns | tonumber)]' \
		--arg ns "$netns" <"$dir/json.out")" true "JSON: --netns shows this namespace alone"
else
	skip "JSON as jq reads it" "there is no jq"
fi

#
# Names
#

# names SET STATE...: each is among the transitions
names() {
	local set=$1 state

	shift
	begin names --names "$set"
	traffic
	shown "$dir/names.out" "LAST.ACK +-> "
	end INT
	for state; do
		grep -qE -- "(^| )$state( |\$)" "$dir/names.out"
		ok $? "--names $set: $state"
	done
}

names article SYN_SEND SYN_RECEIVED ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 TIMED_WAIT CLOSE_WAIT LAST_ACK \
	CLOSED LISTEN
names rfc SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT CLOSE-WAIT LAST-ACK CLOSED LISTEN
names kernel TCP_SYN_SENT TCP_SYN_RECV TCP_ESTABLISHED TCP_FIN_WAIT1 TCP_FIN_WAIT2 TCP_TIME_WAIT \
	TCP_CLOSE_WAIT TCP_LAST_ACK TCP_CLOSE TCP_LISTEN

#
# Flags
#

# One line when the threshold passes, one when the stay is over.
begin max --max CLOSE_WAIT=300ms
begin_text=$tracer
begin maxj --json --max CLOSE_WAIT=300ms
mkfifo "$dir/held"
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die;
	my $s = $l->accept or die;
	close $c;
	<$s>;
	<STDIN>;
	close $s;' <"$dir/held" &
exec 8>"$dir/held"
shown "$dir/maxj.out" '"status":"firing"'
shown "$dir/max.out" '! CLOSE_WAIT for '
ok $? "--max, JSON: it fires while the socket is stuck"
is "$(grep -c '"from":"CLOSE_WAIT"' "$dir/maxj.out")" 0 "--max, JSON: before the stay is over"
exec 8>&-
shown "$dir/maxj.out" '"status":"resolved"'
ok $? "--max, JSON: it is resolved"
wait $!
end INT
is "$(grep -c '"status":"firing"' "$dir/maxj.out") $(grep -c '"status":"resolved"' "$dir/maxj.out")" "1 1" \
	"--max, JSON: each once"
like "$(grep '"status":"firing"' "$dir/maxj.out")" '"type":"alert".*"state":"CLOSE_WAIT"' \
	"--max, JSON: it is an alert with its state"
ns=$(sed -n 's/.*"status":"firing".*"dwell_ns":\([0-9]*\).*/\1/p' "$dir/maxj.out")
[ "${ns:-0}" -ge 300000000 ] && [ "${ns:-0}" -lt 30000000000 ]
ok $? "--max, JSON: with the time so far"
tracer=$begin_text
end INT
is "$(grep -c '! CLOSE_WAIT for .* so far' "$dir/max.out") $(grep -c 'CLOSE_WAIT ended after' "$dir/max.out")" \
	"1 1" "--max, text: a line each"
like "$(grep -- 'CLOSE_WAIT *-> ' "$dir/max.out")" "over 300ms" "--max, text: and a mark on the line that ends it"

#
# Colour and width: a terminal of `script`
#

# on_terminal COLUMNS ENV... -- ARG...: what a terminal of that width gets, in $dir/tty
on_terminal() {
	local columns=$1 env=()

	shift
	while [ "$1" != -- ]; do
		env+=("$1")
		shift
	done
	shift
	rm -f "$dir/tty"
	printf -v command '%q ' env "${env[@]}" "$TCPDWELL" trace --netns "$netns" --count 30 "$@"
	TERM=xterm script -qec "stty cols $columns; exec $command" /dev/null >"$dir/tty" 2>&1 </dev/null &
	terminal=$!
	shown "$dir/tty" 'TO|->' || shown "$dir/tty" .
	sleep 1
	traffic 4
	wait_for 60 gone "$terminal"
	wait "$terminal"
}

if command -v script >/dev/null; then
	on_terminal 120 NO_COLOR= --
	grep -q "${esc}\[[0-9;]*m" "$dir/tty"
	ok $? "colour on a terminal"
	on_terminal 120 NO_COLOR=1 --
	is "$(grep -c "$esc" "$dir/tty")" 0 "NO_COLOR: none"
	on_terminal 120 TERM=dumb --
	is "$(grep -c "$esc" "$dir/tty")" 0 "TERM=dumb: none"
	for command in list "hist --interval 100ms --duration 300ms" "watch --duration 100ms" doctor \
		"record -o $dir/dumb.rec --duration 1500ms"; do
		TERM=dumb script -qec "'$TCPDWELL' $command" /dev/null >"$dir/tty" 2>&1 </dev/null
		is "$(grep -c . "$dir/tty" | sed 's/^[1-9].*/lines/') $(grep -c "$esc" "$dir/tty")" "lines 0" \
			"TERM=dumb, $command: no escape sequence"
	done
	for columns in 60 80 120 200; do
		on_terminal $columns NO_COLOR=1 --
		[ "$(grep -c -- ' ' "$dir/tty")" -ge 30 ]
		ok $? "$columns columns: the lines are there"
		tr -d '\r' <"$dir/tty" | grep '127.0.0.1\|->' |
			awk -v max="$columns" 'length > max { print }' >"$dir/wide"
		is "$(head -n 3 "$dir/wide")" "" "$columns columns: no line is wider"
	done
else
	skip "colour and width on a terminal" "there is no script(1)"
fi

begin plain
traffic
shown "$dir/plain.out" 'LAST_ACK +-> '
end INT
is "$(cat "$dir/plain.out" "$dir/plain.err" | grep -c "$esc")" 0 "no colour in a file"

#
# Names from outside
#

# hostile: a connection of a process whose name is what a terminal obeys
hostile() {
	perl -MIO::Socket::INET -e '
		open my $f, ">", "/proc/self/comm" or die;
		print $f "\e[31m\e]0;x\a\r\n\"\\";
		close $f;
		my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
		my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die;
		my $s = $l->accept;
		close $c;
		<$s>;
		close $s;'
}

begin hostile
begin_text=$tracer
begin hostilej --json
hostile
shown "$dir/hostile.out" 'LAST_ACK +-> '
shown "$dir/hostilej.out" '"from":"LAST_ACK"'
end INT
tracer=$begin_text
end INT
for name in hostile hostilej; do
	is "$(cat "$dir/$name.out" "$dir/$name.err" | tr -d '\n' | tr -d '[:print:]' | wc -c)" 0 \
		"$name: no control character of a process name comes through"
done
! grep '"type"' "$dir/hostilej.out" | grep -qv '}$'
ok $? "hostile name: lines stay lines"
if command -v jq >/dev/null; then
	is "$(jq -r 'select(.type == "transition" and .to == "SYN_SEND") | .owner.comm' \
		<"$dir/hostilej.out" | od -An -c | tr -s ' ')" \
		"$(printf '\e[31m\e]0;x\a\r\n"\\\n' | od -An -c | tr -s ' ')" "hostile name: JSON has it as it is"
fi

done_testing

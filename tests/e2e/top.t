#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `tcpdwell top` in a terminal (tmux), with a server that leaks.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

command -v tmux >/dev/null || skip_all "there is no tmux"

# A server of its own: TMUX would lead into the one that this may run in.
unset TMUX
starts=0
term() {
	tmux -L "tcpdwell-top-$$-$starts" -f /dev/null "$@"
}

server='' sender=''
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	term kill-server 2>/dev/null
	[ -z "$server" ] || kill "$server"
	[ -z "$sender" ] || kill "$sender"
	rm -rf "$dir"
}
trap clean_up EXIT

mkfifo "$dir/more"
perl -MIO::Socket::INET -e '
	$0 = "leak\ey";
	my $l = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1", LocalPort => 4711)
		or die;
	my (@c, @s);
	for (0 .. 4) {
		$c[$_] = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 4711) or die;
		$s[$_] = $l->accept or die;
	}
	close $c[$_] for 0 .. 2;
	$| = 1;
	print "ready\n";
	# each line is one more connection that is leaked
	while (<STDIN>) {
		my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 4711) or die;
		push @s, $l->accept;
		close $c;
	}
	sleep 1000;
' <"$dir/more" >"$dir/ready" &
server=$!
exec 3>"$dir/more"
wait_for 20 grep -qs ready "$dir/ready" || diag "no server"

# start COLUMNS LINES [NAME=VALUE...] [-- ARG...]: top in a new terminal
start() {
	local size=(-x "$1" -y "$2") vars=()

	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		vars+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	# another server each time: one that is ending still takes connections
	term kill-server 2>/dev/null
	starts=$((starts + 1))
	rm -f "$dir/status" "$dir/pid" "$dir/stty.after"
	cat >"$dir/run" <<-END
		stty -a >$dir/stty.before
		env TERM=screen ${vars[*]} sh -c 'echo \$\$ >$dir/pid; exec "\$@"' sh \
			$TCPDWELL top --netns $netns --interval 200ms --max CLOSE_WAIT=1h $* 2>$dir/err
		echo \$? >$dir/status
		stty -a >$dir/stty.after
		echo THE END
		exec sleep 1000
	END
	term new-session -d -s top "${size[@]}" "bash $dir/run" || diag "tmux does not start"
}

screen() {
	term capture-pane -p -t top 2>/dev/null
}

# shellcheck disable=SC2317 # wait_for calls it
has() {
	screen | grep -qE -- "$1"
}

# shellcheck disable=SC2317
has_not() {
	! screen | grep -qE -- "$1"
}

# Generous, until so much is wrong that it would only take long.
patience=30 late=0

# soon NAME COMMAND...
soon() {
	local name=$1 found=0

	shift
	wait_for $patience "$@" || found=1
	ok $found "$name"
	[ $found -ne 0 ] || return 0
	diag "$(screen)"
	late=$((late + 1))
	[ $late -lt 3 ] || patience=2
}

# shows PATTERN NAME
shows() {
	soon "$2" has "$1"
}

shows_not() {
	soon "$2" has_not "$1"
}

keys() {
	term send-keys -t top "$@"
}

type_text() {
	term send-keys -t top -l "$1"
}

# ended STATUS NAME: it is over, and the terminal as it was
ended() {
	wait_for $patience test -s "$dir/stty.after" -a -s "$dir/status"
	is "$(cat "$dir/status")" "$1" "$2: status"
	wait_for $patience has "THE END"
	is "$(cat "$dir/stty.after")" "$(cat "$dir/stty.before")" "$2: the modes of the terminal"
	is "$(term display -p -t top '#{alternate_on} #{cursor_flag} #{keypad_cursor_flag}')" "0 1 0" \
		"$2: the screen, the cursor and the keypad"
	rm -f "$dir/stty.after"
}

start 100 30
shows "CLOSE_WAIT" "it starts"
shows "LISTEN +-> SYN_RECEIVED +-> ESTABLISHED +-> CLOSE_WAIT +-> LAST_ACK +-> CLOSED" \
	"the state machine"
shows "^1 +0 [0-9.]+/s +4 [0-9.]+/s +3 [0-9.]+/s" "how many in each state: LISTEN, ESTABLISHED, CLOSE_WAIT"
shows "[0-9]+ sockets +[0-9.k]+ transitions/s +0 lost" "the head"
shows "^ CLOSE_WAIT +>=[0-9.a-z]+ leak\\\\x1by/$server " "the list, a hostile name escaped"
shows "leak\\\\x1by/$server +[0-9]+ +0 " "the processes"
shows "127\.0\.0\.1 +[0-9]+ +0 " "the peers"
is "$(screen | tr -d '[:print:]\n' | wc -c)" 0 "no control characters"

# What comes while it runs
echo >&3
shows "^1 +0 [0-9.]+/s +4 [0-9.]+/s +4 [0-9.]+/s" "one more is leaked: it is counted"
shows "^ CLOSE_WAIT +[0-9.a-z]+ +leak" "... and its time is exact"

# Filter as you type
keys /
type_text "est"
shows "filter: est" "/: what is typed"
shows_not "^ (CLOSE_WAIT|FIN_WAIT_2|LISTEN) +[>0-9-]" "what does not match is gone, without Enter"
shows "4 of [0-9]+ sockets.*with \"est\"" "how many are left"
keys BSpace BSpace BSpace
type_text "4711 !wait listen"
shows "1 of [0-9]+ sockets" "all words, and not that with !"
keys Enter
shows_not "^filter:" "Enter keeps the filter"
shows "with \"4711 !wait listen\"" "... and it says so"
keys Escape
shows_not "with \"" "Escape drops it"

# Sort
keys s s
shows "sorted by state" "s: another order"
shows "REMOTE" "the titles"
is "$(screen | sed -n '/^ STATE/{n;p;}' | awk '{ print $1 }')" LISTEN "sorted by state: LISTEN comes first"
keys r
shows "sorted by state reversed" "r: the other way round"
keys r S S
shows "sorted by stuck" "S: back"

# Group
keys g
shows "by process" "g: by process"
shows "^leak\\\\x1by/$server +[0-9]+ +0 +\+?[0-9]+ .*ESTABLISHED" "with the states"
keys g g
shows "by state" "g: by state"
shows "^CLOSE_WAIT +4 " "sockets of a state"
keys g
shows "^4711 +[0-9]+ " "g: by port"
keys Enter
shows "of port 4711" "Enter: a group's sockets"
keys Escape Escape
shows_not "of port 4711" "Escape: all again"
keys Escape
shows "sorted by" "and not by group"

# Freeze
keys f
shows "FROZEN" "f freezes"
before=$(screen | grep -c "CLOSE_WAIT +")
echo >&3
sleep 1.5
is "$(screen | grep -c "CLOSE_WAIT +")" "$before" "nothing moves"
keys Space
shows_not "FROZEN" "space: on"
shows " 5 [0-9.]+/s" "what came meanwhile is there"

# One socket
keys /
type_text "close_wait"
shows "5 of [0-9]+ sockets" "those that are leaked"
keys Enter
shows_not "^filter:" "the list has the keys"
keys s r
shows "time in state reversed" "the newest first"
keys Enter
shows "^state +CLOSE_WAIT for [0-9]" "Enter: a socket's state"
shows "127\.0\.0\.1:4711 - 127\.0\.0\.1:[0-9]+ +sk:[0-9a-f]+" "which it is"
shows "ESTABLISHED +-> CLOSE_WAIT" "its life"
shows "SYN_RECEIVED +-> ESTABLISHED" "from its begin on"
shows "passive" "who opened and closed"
shows "leak\\\\x1by/$server +descriptor [0-9]+" "its holder"
shows "to read 1 byte," "its queues"
keys r
shows "read from the kernel" "r reads it again"

# One that is half-closed, and in use: now and then, as a look alone does not tell
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 4712) or die;
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 4712) or die;
	my $s = $l->accept or die;
	shutdown $c, 1;
	for (;;) {
		syswrite $s, "x";
		sysread $c, my $x, 1;
		select undef, undef, undef, .4;
	}
' &
sender=$!
keys Escape Escape /
type_text ":4712 close_wait"
shows "1 of [0-9]+ sockets" "one that is half-closed"
keys Enter
shows_not "^filter:" "... chosen"
keys Enter
# shellcheck disable=SC2317 # wait_for calls it
in_use() {
	keys r
	sleep 0.5
	has "still sending: nothing is wrong"
}
soon "... is in use, once it has sent something after its peer closed" in_use
kill "$sender"
wait "$sender" 2>/dev/null
sender=

# Help
keys '?'
shows "^Keys" "?: help"
shows "Of one core, this screen has taken" "what it costs"
keys Escape
shows "^state +CLOSED" "back to where it was asked for"
keys Escape
shows "sorted by" "back to the list"

# Sizes
term resize-window -t top -x 80 -y 24
shows "^.{70,80}$" "80x24"
shows "^q quit" "80x24: the last line is the foot"
is "$(screen | awk 'length > 80' | wc -l)" 0 "80x24: no line is wider"
shows "CLOSE_WAIT +-> LAST_ACK" "80x24: the state machine"
term resize-window -t top -x 40 -y 10
shows "too small: 60x15 needed" "40x10: too small, and says so"
keys s
term resize-window -t top -x 60 -y 15
shows "sorted by" "60x15: the list"
shows "CLOSE_WAIT 5" "60x15: how many in each state"
term resize-window -t top -x 200 -y 60
shows "\[ +CLOSE_WAIT 5 +\]" "200x60: the figure of the state machine"
term resize-window -t top -x 100 -y 30
shows "CLOSE_WAIT +-> LAST_ACK" "and smaller again"

# Ends
keys q
ended 0 "q"
start 80 24
shows "sorted by stuck" "once more"
kill -TERM "$(cat "$dir/pid")"
ended 0 "SIGTERM"
start 80 24
shows "sorted by stuck" "up, to get SIGHUP"
kill -HUP "$(cat "$dir/pid")"
ended 0 "SIGHUP"
for signal in SEGV ABRT; do
	start 80 24
	shows "sorted by stuck" "up, to get SIG$signal"
	kill -s $signal "$(cat "$dir/pid")"
	ended $((128 + $(kill -l $signal))) "SIG$signal"
done

# A terminal that takes nothing: stopped by ^S, and one whose other end does not read
start 80 24
shows "sorted by stuck" "up, to be stopped by ^S"
keys C-s
sleep 1
keys q
ended 0 "q after ^S"
start 80 24
shows "sorted by stuck" "up, to be stopped by ^S"
keys C-s
sleep 1
keys C-c
ended 0 "^C after ^S"
start 150 50
shows "sorted by stuck" "up, with a terminal that does not read"
pid=$(cat "$dir/pid")
tmux_server=$(term display -p '#{pid}')
kill -STOP "$tmux_server"
for _ in {1..40}; do
	kill -WINCH "$pid"
	sleep 0.05
done
kill -TERM "$pid"
wait_for $patience test -s "$dir/status"
is "$(cat "$dir/status" 2>/dev/null)" 0 "SIGTERM while nothing is read: status"
kill -CONT "$tmux_server"
ended 0 "SIGTERM while nothing is read"

# Stopped, and continued
start 80 24
shows "sorted by stuck" "up, to be stopped"
pid=$(cat "$dir/pid")
stopped() {
	[[ $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) == T ]]
}
keys C-z
wait_for 30 stopped
if stopped; then
	ok 0 "^Z stops it"
	is "$(term display -p -t top '#{alternate_on} #{cursor_flag}')" "0 1" \
		"^Z: the terminal is given back"
	kill -CONT "$pid"
	shows "sorted by stuck" "SIGCONT: it goes on"
	kill -STOP "$pid"
	wait_for 30 stopped
	kill -CONT "$pid"
	keys s
	shows "sorted by time" "SIGSTOP, SIGCONT: it goes on"
else
	skip "^Z" "nobody could continue a job of this shell: the kernel does not stop it"
fi
keys C-c
ended 0 "^C"

# Terminals
start 80 24 LC_ALL=C NO_COLOR=1
shows "sorted by stuck" "an ASCII terminal without colour"
is "$(term capture-pane -e -p -t top | grep -c $'\e\\[\\([0-9;]*;\\)*3[0-7]m')" 0 "NO_COLOR: none"
keys q
ended 0 "ASCII"
start 80 24 LC_ALL=C.UTF-8 -- --max CLOSE_WAIT=1s --state CLOSE_WAIT --names rfc
shows "5 of [0-9]+ sockets, 5 stuck" "--max, --state: those that are stuck"
shows "^!CLOSE-WAIT" "--names"
term capture-pane -e -p -t top >"$dir/colour"
grep -q $'\e\\[[0-9;]*31' "$dir/colour"
ok $? "in red"
is "$(grep -c $'\e\\[\\([0-9;]*;\\)*\\(30\\|40\\)[;m]' "$dir/colour")" 0 "nothing in black, or on black, whatever the terminal is"
keys q
ended 0 "UTF-8"
start 80 24 -- --duration 2s
ended 0 "--duration"
start 80 24 TERM=no-such-terminal
ended 3 "an unknown type of terminal"
like "$(cat "$dir/err")" "nothing is known of terminals of the type 'no-such-terminal'" \
	"... and what is wrong"
start 80 24 TERM=dumb
ended 3 "a terminal without a full screen"
like "$(cat "$dir/err")" "has no full screen" "... and what is wrong"
run top
is "$status $(wc -l <"$dir/err")" "2 1" "no terminal: status 2, one sentence"
like "$(cat "$dir/err")" "needs a terminal" "no terminal: what is wrong"
run top --json
is "$status" 2 "--json: status 2"
run top --interval 1ms
is "$status" 2 "--interval: not that fast"
done_testing

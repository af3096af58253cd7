#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How a trace ends: by a signal, --duration, --count, a closed or full output,
# and where it may not begin.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

# consistent FILE NAME: the summary comes last, once, and counts the lines
consistent() {
	is "$(tail -n 1 "$1" | grep -c '"type":"summary"')" 1 "$2: the summary is last"
	is "$(grep -c '"type":"summary"' "$1")" 1 "$2: there is one summary"
	is "$(sed -n 's/.*"type":"summary".*"transitions":\([0-9]*\).*/\1/p' "$1")" "$(transitions "$1")" \
		"$2: it counts the lines"
}

told() {
	[ "$(transitions "$1")" -ge "$2" ]
}

# opened PID: it takes signals by now
# shellcheck disable=SC2317 # wait_for calls it
opened() {
	find "/proc/$1/fd" -lname "*signalfd*" 2>/dev/null | grep -q .
}

for signal in INT TERM HUP; do
	begin json --json
	traffic 5
	wait_for 30 told "$dir/json.out" 50
	ok $? "SIG$signal: five connections are told while it runs"
	end $signal
	is "$status" 0 "SIG$signal: status 0"
	consistent "$dir/json.out" "SIG$signal"
	is "$(cat "$dir/json.err")" "" "SIG$signal: nothing on stderr"

	begin text
	traffic
	wait_for 30 grep -q 'LAST_ACK *-> *CLOSED' "$dir/text.out"
	ok $? "SIG$signal, text: a connection is told while it runs"
	end $signal
	is "$status" 0 "SIG$signal, text: status 0"
	like "$(tail -n 1 "$dir/text.err")" "transition" "SIG$signal, text: the summary ends the talk"
	is "$(grep -c 'lost' "$dir/text.out")" 0 "SIG$signal, text: no summary among the data"
done

# SIGHUP of the other live commands, and of a replay.
env --default-signal=HUP "$TCPDWELL" record -o "$dir/hup.rec" --netns "$netns" </dev/null 2>"$dir/err" &
tracer=$!
env --default-signal=HUP "$TCPDWELL" hist --json --netns "$netns" </dev/null >"$dir/hist.out" 2>"$dir/err.hist" &
hist=$!
wait_for 30 grep -qs hello "$dir/hist.out"
wait_for 30 test -s "$dir/hup.rec"
traffic 5
end HUP
is "$status" 0 "SIGHUP, record: status 0"
like "$(cat "$dir/err")" "transitions in .*, 0 lost; .* in $dir/hup.rec" "SIGHUP, record: what is in the file"
tracer=$hist
end HUP
is "$status $(tail -n 1 "$dir/hist.out" | grep -c '"type":"summary"')" "0 1" "SIGHUP, hist: status 0, the summary is last"
run replay --json "$dir/hup.rec"
is "$status" 0 "SIGHUP: the recording is whole"
consistent "$dir/out" "SIGHUP, replayed"
env --default-signal=HUP "$TCPDWELL" replay --json --speed 0.001 "$dir/hup.rec" >"$dir/slow.out" 2>&1 &
tracer=$!
wait_for 30 grep -qs hello "$dir/slow.out"
end HUP
is "$status" 0 "SIGHUP, replay: status 0"
consistent "$dir/slow.out" "SIGHUP, replay"

# Ignored by who starts it, as nohup does: it stays ignored.
env --default-signal=INT --ignore-signal=HUP "$TCPDWELL" trace --json --netns "$netns" \
	>"$dir/nohup.out" 2>"$dir/nohup.err" </dev/null &
tracer=$!
wait_for 30 grep -qs . "$dir/nohup.out"
kill -s HUP "$tracer"
traffic 5
wait_for 30 told "$dir/nohup.out" 50
ok $? "SIGHUP is ignored from the start: it goes on"
end INT
is "$status" 0 "... and ends with SIGINT, status 0"
consistent "$dir/nohup.out" "SIGHUP is ignored"

# A terminal that goes away. on_terminal HOW ARG...: with SIGHUP as env(1) has it by HOW; $dir/status
on_terminal() {
	local how=$1

	shift
	rm -f "$dir/status" "$dir/pid"
	# as a shell does it, which alone the kernel tells
	cat >"$dir/run" <<-'END'
		my ($dir, @command) = @ARGV;
		my $pid = fork // die;
		if (!$pid) {
			open STDERR, ">", "$dir/err";
			exec @command;
		}
		$SIG{HUP} = sub { kill HUP => $pid };
		open my $file, ">", "$dir/pid";
		print $file $pid;
		close $file;
		1 while waitpid($pid, 0) != $pid;
		open $file, ">", "$dir/status";
		print $file $? & 127 ? "signal " . ($? & 127) : $? >> 8;
	END
	tmux -L "tcpdwell-ends-$$" -f /dev/null new-session -d -s ends \
		"perl $dir/run $dir env $how $TCPDWELL $* --netns $netns"
	wait_for 30 test -s "$dir/pid"
}

close_terminal() {
	tmux -L "tcpdwell-ends-$$" kill-server
}

if command -v tmux >/dev/null; then
	unset TMUX
	for command in "trace" "trace --json" "hist --interval 1s" "watch" "states --live" "top"; do
		on_terminal --default-signal=HUP "$command"
		wait_for 30 opened "$(cat "$dir/pid")"
		traffic
		close_terminal
		wait_for 30 test -s "$dir/status"
		is "$(cat "$dir/status" 2>/dev/null)" 0 "the terminal of $command goes: status 0"
		is "$(grep -ciE 'error|written' "$dir/err")" 0 "... no complaint"
	done
	on_terminal --default-signal=HUP record -o "$dir/terminal.rec"
	wait_for 30 test -s "$dir/terminal.rec"
	traffic
	close_terminal
	wait_for 30 test -s "$dir/status"
	is "$(cat "$dir/status" 2>/dev/null)" 0 "the terminal of a recorder goes: status 0"
	run replay --json "$dir/terminal.rec"
	is "$status $(cat "$dir/err")" "0 " "... what it wrote is whole"
	on_terminal --ignore-signal=HUP record -o "$dir/left.rec"
	wait_for 30 test -s "$dir/left.rec"
	close_terminal
	traffic 3
	sleep 1
	gone "$(cat "$dir/pid")"
	is $? 1 "the terminal goes, SIGHUP is ignored: the recorder goes on"
	kill -TERM "$(cat "$dir/pid")"
	wait_for 30 test -s "$dir/status"
	run replay --json "$dir/left.rec"
	told "$dir/out" 30
	ok $? "... and has what came after that"
else
	skip "a terminal that goes away" "there is no tmux"
fi

# What came just before the signal is printed too.
begin late --json
traffic 20
end INT
told "$dir/late.out" 200
ok $? "what came just before the signal is told"
consistent "$dir/late.out" "just before the signal"

before=$(date +%s%N)
run trace --json --netns "$netns" --duration 700ms
ms=$((($(date +%s%N) - before) / 1000000))
is "$status" 0 "--duration: status 0"
consistent "$dir/out" "--duration"
ns=$(sed -n 's/.*"type":"summary".*"duration_ns":\([0-9]*\).*/\1/p' "$dir/out")
[ "$ns" -ge 700000000 ] && [ "$ms" -ge 700 ] && [ "$ms" -lt 60000 ]
ok $? "--duration: as long as asked for"

for n in 1 7 50; do
	begin count --json --count $n
	traffic 10
	wait_for 30 grep -q '"type":"summary"' "$dir/count.out"
	ok $? "--count $n: it ends by itself"
	status=0
	wait "$tracer" || status=$?
	is "$status $(transitions "$dir/count.out")" "0 $n" "--count $n: exactly"
	consistent "$dir/count.out" "--count $n"
done

# A transition that a timer or a sweep tells counts as much as one that a record does.
begin count --json --tier sweep --state TIME_WAIT --count 1
traffic
wait_for 30 grep -q '"type":"summary"' "$dir/count.out"
ok $? "--count of what a sweep tells: it ends by itself"
kill "$tracer" 2>/dev/null
wait "$tracer"
is "$(transitions "$dir/count.out")" 1 "--count of what a sweep tells: exactly"

# A signal that comes while the output is blocked, and more than one batch waits behind it.
mkfifo "$dir/blocked"
{
	read -r _
	touch "$dir/begun"
	wait_for 60 test -e "$dir/go"
	cat >/dev/null
} <"$dir/blocked" &
env --default-signal=INT "$TCPDWELL" trace --json --netns "$netns" --buffer-size 64M \
	>"$dir/blocked" 2>"$dir/err" </dev/null &
tracer=$!
wait_for 60 test -e "$dir/begun"
traffic 4000 &
more=$!
traffic 4000
wait "$more"
kill -s INT "$tracer"
touch "$dir/go"
wait_for 60 gone "$tracer"
ok $? "a signal while the output is blocked: it ends"
kill "$tracer" 2>/dev/null
wait "$tracer"
is "$?" 0 "a signal while the output is blocked: status 0"

# full FIFO: it takes no more
# shellcheck disable=SC2317 # wait_for calls it
full() {
	perl -MFcntl -e '
		sysopen my $f, $ARGV[0], O_WRONLY | O_NONBLOCK or die;
		vec(my $set, fileno $f, 1) = 1;
		exit(select(undef, $set, undef, 0) > 0);' "$1"
}

# more_until_full FIFO: connections, until it is
# shellcheck disable=SC2317 # wait_for calls it
more_until_full() {
	traffic 300
	full "$1"
}

# keep N: sockets in CLOSE_WAIT, that nobody closes until $keeper is killed
keep() {
	perl -MIO::Socket::INET -e '
		my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
		for (1 .. $ARGV[0]) {
			my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
						      PeerPort => $l->sockport) or die;
			push @kept, scalar $l->accept;
			close $c;
		}
		sleep 1000;' "$1" &
	keeper=$!
}

# ... and when nobody will ever read it: trace in both forms, watch, and hist.
keep 300
for command in "trace --json" "trace --names=rfc" "watch --json --max CLOSE_WAIT=1ms" \
	"hist --json --interval 1ms"; do
	rm -f "$dir/blocked"
	mkfifo "$dir/blocked"
	# shellcheck disable=SC2217 # it is not to read
	sleep 1000 <"$dir/blocked" &
	reader=$!
	# shellcheck disable=SC2086 # words
	env --default-signal=INT "$TCPDWELL" $command --netns "$netns" \
		>"$dir/blocked" 2>"$dir/err" </dev/null &
	tracer=$!
	case $command in
	watch*) wait_for 60 full "$dir/blocked" ;;
	*) wait_for 60 more_until_full "$dir/blocked" ;;
	esac
	ok $? "$command, nobody reads: the pipe is full"
	kill -s INT "$tracer"
	wait_for 60 gone "$tracer"
	ok $? "$command, nobody reads: a signal ends it"
	kill -KILL "$tracer" 2>/dev/null
	status=0
	wait "$tracer" || status=$?
	is "$status" 3 "$command, nobody reads: status 3"
	like "$(cat "$dir/err")" "nobody reads the output" "$command, nobody reads: why"
	kill "$reader"
	wait "$reader" 2>/dev/null
done
kill "$keeper"
wait "$keeper" 2>/dev/null

# A closed pipe: quietly and soon, also when nothing is told.
for format in --json --names=rfc; do
	before=$SECONDS
	{
		timeout 120 "$TCPDWELL" trace $format --netns "$netns" 2>"$dir/err"
		echo $? >"$dir/status"
	} | true
	is "$(cat "$dir/status")" 0 "closed pipe, $format: status 0"
	[ $((SECONDS - before)) -lt 60 ]
	ok $? "closed pipe, $format: it ends though nothing is told"
	is "$(grep -ciE 'pipe|error|written' "$dir/err")" 0 "closed pipe, $format: no complaint"
done

{
	timeout 120 "$TCPDWELL" trace --json --netns "$netns" 2>"$dir/err"
	echo $? >"$dir/status"
} | head -n 1 >"$dir/out"
is "$(cat "$dir/status" 2>/dev/null) $(wc -l <"$dir/out")" "0 1" "| head -n 1: one line, status 0"
is "$(cat "$dir/err")" "" "| head -n 1: nothing on stderr"

for format in --json --names=article; do
	status=0
	timeout 120 "$TCPDWELL" trace $format --netns "$netns" --duration 1s >/dev/full 2>"$dir/err" || status=$?
	is "$status" 3 "/dev/full, $format: status 3"
	like "$(cat "$dir/err")" "No space left on device" "/dev/full, $format: why"
done

# Two at once tell the same.
begin one --json
one=$tracer
begin two --json
two=$tracer
traffic 10
for tracer in "$one" "$two"; do
	end INT
	is "$status" 0 "two tracers: status 0"
done
for name in one two; do
	grep '"type":"transition"' "$dir/$name.out" |
		sed 's/"time":"[^"]*",//;s/"mono_ns":[0-9]*,//;s/"\(dwell\|age\)_ns":[0-9]*,\?//g' |
		grep -vE '"(to|from)":"TIMED_WAIT"' | sort >"$dir/$name.sorted"
done
cmp -s "$dir/one.sorted" "$dir/two.sorted" && [ "$(wc -l <"$dir/one.sorted")" -ge 90 ]
ok $? "two tracers tell the same"
cmp -s "$dir/one.sorted" "$dir/two.sorted" || diag "$(diff "$dir/one.sorted" "$dir/two.sorted")"

# Without rights: what to do, and nothing else.
install -m 755 "$TCPDWELL" "$dir/tcpdwell"
chmod 755 "$dir"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$dir/tcpdwell" trace \
	>"$dir/out" 2>"$dir/err" || status=$?
is "$status $(wc -c <"$dir/out")" "3 0" "no rights: status 3, no output"
like "$(cat "$dir/err")" "root.*CAP_BPF" "no rights: what to do"
is "$(wc -l <"$dir/err")" 1 "no rights: one line"
status=0
setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$dir/tcpdwell" trace --port 0 \
	>"$dir/out" 2>"$dir/err" || status=$?
is "$status" 2 "no rights: what is typed wrong is said first"

# Loading is allowed, entering namespaces is not.
status=0
setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$TCPDWELL" trace --duration 1s \
	>"$dir/out" 2>"$dir/err" || status=$?
is "$status $(wc -c <"$dir/out")" "3 0" "without CAP_SYS_ADMIN: status 3, no output"
like "$(cat "$dir/err")" "could not be read.*root.*CAP_SYS_ADMIN" "without CAP_SYS_ADMIN: what to do"

# What it opens never takes the place of stdout or stderr.
"$TCPDWELL" record -o "$dir/rec" --netns "$netns" --duration 60s </dev/null >&- 2>&- &
tracer=$!
wait_for 30 opened "$tracer"
is "$(readlink "/proc/$tracer/fd/1" "/proc/$tracer/fd/2" | xargs)" "/dev/null /dev/null" \
	"stdout and stderr are closed: nothing else takes their place"
end TERM
status=0
"$TCPDWELL" trace --netns "$netns" --duration 10ms 2>"$dir/err" >&- || status=$?
is "$status" 3 "stdout is closed: status 3"
like "$(cat "$dir/err")" "not all could be written: Bad file descriptor" "stdout is closed: said"

done_testing

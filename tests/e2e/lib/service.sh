# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2016 # used by those who source it; programs in perl
#
# For the tests of what watch serves. Sourced after tap.sh.
# shellcheck disable=SC2154 # dir and netns are tap.sh's

started=()
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
	[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null
	wait
	rm -rf "$dir"
}
trap clean_up EXIT

# background NAME COMMAND...: its output in NAME.out and NAME.err, its process in $pid
background() {
	local name=$1

	shift
	# what one before it said is not taken for its own
	rm -f "$dir/$name.out" "$dir/$name.err"
	"$@" >"$dir/$name.out" 2>"$dir/$name.err" </dev/null &
	pid=$!
	started+=("$pid")
}

# finish PID [SIGNAL]: its status in $status
finish() {
	local i

	status=0
	kill -s "${2:-TERM}" "$1" 2>/dev/null
	wait "$1" || status=$?
	for i in "${!started[@]}"; do
		[ "${started[i]}" != "$1" ] || unset "started[i]"
	done
}

# begin_watch ARG...: watches this namespace, in JSON; its process in $watch, /metrics at $port
begin_watch() {
	begin_watch_all --netns "$netns" "$@"
}

# What begin_watch_all runs it with.
watch_in=()

# begin_watch_all ARG...: the same for all namespaces
begin_watch_all() {
	background watch "${watch_in[@]}" "$TCPDWELL" watch --json --listen 0 "$@"
	watch=$pid
	# a loaded machine takes its time to load programs
	wait_for 60 grep -qs '"type":"hello"' "$dir/watch.out"
	wait_for 30 grep -qs '/metrics is at port' "$dir/watch.err" || diag "$(cat "$dir/watch.err")"
	port=$(sed -n 's|.*/metrics is at port \([0-9]*\).*|\1|p' "$dir/watch.err")
}

# get URL: what it gives; fails unless the status is 200
get() {
	perl -MHTTP::Tiny -e '
		my $r = HTTP::Tiny->new(timeout => 60)->get($ARGV[0]);
		print $r->{content};
		exit !$r->{success};' "$1"
}

# ask METHOD PATH: the status
ask() {
	perl -MHTTP::Tiny -e '
		print HTTP::Tiny->new(timeout => 60)->request(@ARGV)->{status};' "$1" \
		"http://127.0.0.1:$port$2"
}

metrics() {
	get "http://127.0.0.1:$port/metrics"
}

# has_metric LINE: /metrics has it
# shellcheck disable=SC2317 # wait_for calls it
has_metric() {
	metrics | grep -qxF -- "$1"
}

# What leak runs its process with.
leak_in=()

# leak N: a process by the name of "leaky" that never closes N connections, until it is told by
# unleak; in $leaker
leak() {
	rm -f "$dir/go"
	mkfifo "$dir/go"
	background leaker "${leak_in[@]}" perl -MIO::Socket::INET -e '
		$0 = "leaky";
		$| = 1;
		my ($n, $go) = @ARGV;
		my $l = IO::Socket::INET->new(Listen => 128, LocalAddr => "127.0.0.1") or die;
		for (1 .. $n) {
			my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
						      PeerPort => $l->sockport) or die;
			push @kept, scalar $l->accept;
			close $c;
			sysread $kept[-1], my $eof, 1;
		}
		print "leaking\n";
		open my $f, "<", $go;
		<$f>;
		close $_ for @kept;
		<$f>;' "$1" "$dir/go"
	leaker=$pid
	wait_for 30 grep -qs leaking "$dir/leaker.out" || diag "$(cat "$dir/leaker.err")"
	exec 9>"$dir/go"
}

unleak() {
	echo >&9
}

# forget: the end of the leaking process
forget() {
	exec 9>&-
	finish "$leaker"
}

# alerts STATUS: how many of the leaking process have been printed
alerts() {
	grep "\"type\":\"alert\".*\"status\":\"$1\"" "$dir/watch.out" | grep -c "\"comm\":\"leaky\""
}

# shellcheck disable=SC2317 # wait_for calls it
alerts_are() {
	[ "$(alerts "$1")" -eq "$2" ]
}

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # used by those who source it
#
# For the tests of the command line: TAP, a network namespace of their own, and
# traffic in it. Sourced first; $dir is a scratch directory.
set -u

: "${TCPDWELL:?the path of the program}"

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

[ "$(id -u)" -eq 0 ] || skip_all "needs root"

# All sockets in here are the test's; other tests do not disturb it.
if [ -z "${E2E_NETNS:-}" ]; then
	unshare -n true 2>/dev/null || skip_all "network namespaces are not allowed here"
	E2E_NETNS=1 exec unshare -n "$0" "$@"
fi
ip link set lo up
netns=$(stat -L -c %i /proc/self/ns/net)

tests=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# ok STATUS NAME; its own status is that one, as with is and like
ok() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		[[ $2 == *"# TODO"* ]] || failed=1
	fi
	return "$1"
}

is() {
	[ "$1" = "$2" ]
	ok $? "$3" && return
	diag "got '$1', not '$2'"
	return 1
}

# like TEXT PATTERN NAME: an extended regular expression
like() {
	[[ $1 =~ $2 ]]
	ok $? "$3" && return
	diag "'$1' does not match '$2'"
	return 1
}

skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

diag() {
	printf '%s\n' "$*" | head -20 | sed 's/^/# /'
}

done_testing() {
	echo "1..$tests"
	exit $failed
}

# run ARG...: to its end. What it says is in $dir/out and $dir/err, its status in $status.
run() {
	status=0
	timeout -k 5 120 "$TCPDWELL" "$@" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
}

# wait_for SECONDS COMMAND...: until it succeeds
wait_for() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# begin NAME ARG...: trace of this namespace in the background, to NAME.out and NAME.err; its process id in $tracer
begin() {
	local name=$1

	shift
	rm -f "$dir/$name.out" "$dir/$name.err"
	env --default-signal=INT,HUP,PIPE "$TCPDWELL" trace --netns "$netns" "$@" \
		>"$dir/$name.out" 2>"$dir/$name.err" </dev/null &
	tracer=$!
	# what the header says comes first: in JSON as data, in text as talk
	wait_for 30 grep -qs . "$dir/$name.out" "$dir/$name.err" || diag "$name: no header"
}

# shellcheck disable=SC2317 # wait_for calls it
gone() {
	! kill -0 "$1" 2>/dev/null
}

# end SIGNAL: its status in $status
end() {
	kill -s "$1" "$tracer"
	status=0
	wait "$tracer" || status=$?
}

# traffic [N [SECONDS]]: N connections over loopback, one after the other, that the client closes
# first; the server stays in CLOSE_WAIT for so long.
traffic() {
	perl -MIO::Socket::INET -e '
		my ($n, $stay) = @ARGV;
		my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
		for (1 .. $n) {
			my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1",
						      PeerPort => $l->sockport) or die;
			my $s = $l->accept or die;
			close $c;
			<$s>;
			select undef, undef, undef, $stay;
			close $s;
		}' "${1:-1}" "${2:-0}"
}

# transitions FILE: how many lines of them
transitions() {
	grep -c '"type":"transition"' "$1"
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# --addr: what is IPv4 and what is IPv6 is told by the address, in every command: a dual-stack listener,
# with a client of each family.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
command -v jq >/dev/null || skip_all "there is no jq"

env --default-signal=INT "$TCPDWELL" record -o "$dir/rec" --json --netns "$netns" \
	>"$dir/recorded" 2>"$dir/err" </dev/null &
recorder=$!
wait_for 30 test -s "$dir/recorded"
blocks=(::/0 ::ffff:0:0/96 0.0.0.0/0)
for i in 0 1 2; do
	begin trace$i --json --addr "${blocks[i]}"
	tracers[i]=$tracer
done

mkfifo "$dir/go"
cat >"$dir/dual" <<-'END'
	use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 unpack_sockaddr_in6);
	sub inet6 { socket my $s, AF_INET6, SOCK_STREAM, 0 or die $!; $s }
	my $l = inet6;
	setsockopt $l, 41, 26, pack("i", 0) or die $!; # IPV6_V6ONLY
	bind $l, pack_sockaddr_in6(7006, inet_pton(AF_INET6, "::")) or die $!;
	listen $l, 9 or die $!;
	socket my $four, AF_INET, SOCK_STREAM, 0 or die $!;
	connect $four, pack_sockaddr_in(7006, inet_aton "127.0.0.1") or die $!;
	my $six = inet6;
	connect $six, pack_sockaddr_in6(7006, inet_pton(AF_INET6, "::1")) or die $!;
	accept $server[$_], $l or die $! for 0, 1;
	close $four;
	close $six;
	open my $ready, ">", "$ARGV[0]/ready";
	close $ready;
	open my $go, "<", "$ARGV[0]/go";
	<$go>;
END
perl "$dir/dual" "$dir" &
dual=$!
trap 'kill $dual 2>/dev/null; rm -rf "$dir"' EXIT
wait_for 30 test -e "$dir/ready"

# addresses FILE TYPE: of those that are not of a listener, with the family of the socket
addresses() {
	jq -r "select(.type == \"$2\" and .rport != 0) | \"\\(.family) \\(.laddr)\"" "$1" | sort -u | xargs
}

for i in 0 1 2; do
	case ${blocks[i]} in
	::/0) want="6 ::1" ;;
	*) want="4 127.0.0.1 6 127.0.0.1" ;; # the server's is IPv4-mapped
	esac
	run list --json --netns "$netns" --addr "${blocks[i]}"
	is "$(addresses "$dir/out" socket)" "$want" "list --addr ${blocks[i]}: $want"
	wants[i]=$want
done
run watch --once --json --netns "$netns" --max CLOSE_WAIT=1ns --addr ::/0
is "$(addresses "$dir/out" alert)" "6 ::1" "watch --once --addr ::/0"
cat >"$dir/rules" <<-'END'
	[rule six]
	state = CLOSE_WAIT
	max = 1ns
	addr = ::/0
	[rule four]
	state = CLOSE_WAIT
	max = 1ns
	addr = ::ffff:0:0/96
END
run watch --once --json --netns "$netns" --config "$dir/rules"
is "$(jq -r 'select(.type == "alert" and .state == "CLOSE_WAIT") | "\(.rule) \(.laddr)"' "$dir/out" | sort | xargs)" \
	"four 127.0.0.1 six ::1" "the rules of watch too"

echo >"$dir/go"
wait "$dual"
sleep 1
for i in 0 1 2; do
	tracer=${tracers[i]}
	end INT
	is "$(addresses "$dir/trace$i.out" transition)" "${wants[i]}" "trace --addr ${blocks[i]}: ${wants[i]}"
done
kill -INT "$recorder"
wait "$recorder"
for i in 0 1 2; do
	run replay --json --addr "${blocks[i]}" "$dir/rec"
	is "$(addresses "$dir/out" transition)" "${wants[i]}" "replay --addr ${blocks[i]}: ${wants[i]}"
done
done_testing

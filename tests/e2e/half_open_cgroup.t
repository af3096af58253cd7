#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# --half-open --cgroup: a half-open connection has no socket of its own; its listener's cgroup
# decides. Under each tier.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

command -v jq >/dev/null || skip_all "there is no jq"
mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$mount" ] || skip_all "no cgroups v2"
cgroup=$mount/tcpdwell-half-open-$$
mkdir "$cgroup" 2>/dev/null || skip_all "no cgroup can be made in $mount"

listeners=()

# shellcheck disable=SC2317 # by trap
clean_up() {
	local pid

	for pid in "${listeners[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rmdir "$cgroup"
	rm -rf "$dir"
}
trap clean_up EXIT

# listener FILE [CGROUP]: its port in $dir/FILE. With TCP_DEFER_ACCEPT the handshake's last ACK alone
# makes no connection.
listener() {
	# shellcheck disable=SC2016 # for sh and perl
	sh -c '[ -z "$2" ] || echo $$ >"$2/cgroup.procs" || exit 1
		exec perl -MIO::Socket::INET -e '\''
			my $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
			setsockopt $l, 6, 9, pack "i", 60 or die;
			open my $f, ">", "$ARGV[0].new" or die;
			print $f $l->sockport;
			close $f;
			rename "$ARGV[0].new", $ARGV[0] or die;
			sleep 3600;'\'' "$1"' sh "$dir/$1" "${2:-}" </dev/null &
	listeners+=($!)
	wait_for 30 test -s "$dir/$1" || skip_all "no listener ${2:+in a cgroup}"
}

# half SECONDS: a connection to each listener, reset after so long
half() {
	# shellcheck disable=SC2016 # for perl
	perl -MIO::Socket::INET -MSocket=SOL_SOCKET,SO_LINGER -e '
		my $stay = shift;
		my @c = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1:$_") or die } @ARGV;
		setsockopt $_, SOL_SOCKET, SO_LINGER, pack "ii", 1, 0 or die for @c;
		select undef, undef, undef, $stay;' "$1" "$(cat "$dir/outside")" "$(cat "$dir/inside")"
}

# told FILE: the chains of the half-open connections at the listener inside, which are told at their end
told() {
	grep '^{"type":"transition".*}$' "$1" | jq -r --argjson port "$(cat "$dir/inside")" \
		'select(.lport == $port) | [.from, .to, .open, .owner.cgroup] | @tsv' | sort -u
}

# shellcheck disable=SC2317 # wait_for calls it
ended() {
	grep -q '"to":"CLOSED"' "$1"
}

# shown TIER: a busy machine may sweep too late for the first ones
shown() {
	local try

	for try in 1 2 3 4 5 6; do
		half "$try"
		wait_for 5 ended "$dir/$1.out" && return 0
	done
	return 1
}

both() {
	local inside=${cgroup#"$mount"}

	begin "$1" --json --tier "$1" --half-open --cgroup "$cgroup"
	shown "$1"
	ok $? "$1: a half-open connection is shown"
	end INT
	is "$status" 0 "$1: the trace ends well"
	is "$(told "$dir/$1.out")" "LISTEN	SYN_RECEIVED	passive	$inside
SYN_RECEIVED	CLOSED	passive	$inside" "$1: from its SYN to its end, its cgroup is the listener's"
	is "$(grep -c "port\":$(cat "$dir/outside")," "$dir/$1.out")" 0 "$1: nothing of the listener outside"
}

listener inside "$cgroup"
listener outside
for tier in timer sweep fentry; do
	run trace --json --netns "$netns" --tier "$tier" --duration 10ms
	if [ "$status" -eq 0 ]; then
		both "$tier"
	else
		skip "$tier" "$(sed -n '1s/^tcpdwell: //p' "$dir/err")"
	fi
done
done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A filter on the local port holds a SYN_SEND back until the port is known. One
# that gets no answer is shown while it lasts, though nothing else happens.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

ip link add near type veth peer name far 2>/dev/null || skip_all "no veth here"
ip link set near up
ip link set far up
ip addr add 10.9.0.1/24 dev near
# nobody there has this address
ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:01 dev near
ports="40000 40001"
echo "$ports" >/proc/sys/net/ipv4/ip_local_port_range

# shellcheck disable=SC2317 # wait_for calls it
shown() {
	grep -q '"to":"SYN_SEND"' "$dir/$1.out"
}

held() {
	local name=$1

	shift
	begin "$name" --json --lport "${ports% *}" --lport "${ports#* }" "$@"
	perl -MIO::Socket::INET -e \
		'IO::Socket::INET->new(PeerAddr => "10.9.0.9:80", Timeout => 60)' &
	client=$!
	wait_for 20 shown "$name"
	ok $? "$name: shown while it waits for an answer"
	kill -0 $client
	ok $? "$name: which it still does"
	kill $client
	wait $client 2>/dev/null
	end INT
	is "$status" 0 "$name: the trace ends well"
	like "$(grep '"to":"SYN_SEND"' "$dir/$name.out")" '"lport":4000[01],.*"comm":"perl"' \
		"$name: with its port and who it was"
}

held stream
held storage --comm perl
done_testing

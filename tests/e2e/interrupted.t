#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The kernel skips a program that already runs on that CPU: what an interrupt
# brings in that moment a second program has to take.  Bundles of delayed ACKs
# bring it about, if not each time.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo 1..2

for tool in jq perl bpftool; do
	command -v $tool >/dev/null && continue
	echo "ok 1 # SKIP no $tool"
	echo "ok 2 # SKIP no $tool"
	exit 0
done

env --default-signal=INT "$TCPDWELL" trace --json >"$dir/json" 2>"$dir/err" &
tracer=$!
for _ in $(seq 200); do
	[ -s "$dir/json" ] && break
	sleep 0.1
done
# of several tracers on this host, ours: by the descriptors that it holds
id=$(cat /proc/$tracer/fdinfo/* 2>/dev/null | awk '/^prog_id:/ {print $2}' | sort -un |
	while read -r i; do
		bpftool -j prog show id "$i" 2>/dev/null
		echo
	done | jq -r 'select(.name == "set_state") | .id' | head -n 1)
unshare -n sh -c "ip link set lo up; perl '$here/lib/storm.pl' 200 0 4000; cat /proc/net/snmp; readlink /proc/self/ns/net" \
	>"$dir/snmp" 2>/dev/null
sleep 1
skipped=$(bpftool -j prog show id "$id" | jq '.recursion_misses // 0')
kill -INT $tracer
wait $tracer
status=$?
netns=$(sed -n 's/^net:\[\([0-9]*\)\]$/\1/p' "$dir/snmp")
want=$(awk '/^Tcp:/ && !n++ { for (i = 1; i <= NF; i++) if ($i == "ActiveOpens") at = i; next }
	/^Tcp:/ { print $at }' "$dir/snmp")
got=$(jq -s --argjson ns "${netns:-0}" 'map(select(.type == "transition" and .netns == $ns and .to == "SYN_SEND")) | length' "$dir/json")
ended=$(jq -s --argjson ns "${netns:-0}" 'map(select(.type == "transition" and .netns == $ns and .from == "SYN_SEND" and .to == "ESTABLISHED")) | length' "$dir/json")
lost=$(tail -n 1 "$dir/json" | jq '.lost_by_cause.interrupted')
echo "# the first program was skipped $skipped times, the second took all but $lost of them"
[ $status = 0 ] && [ ! -s "$dir/err" ] && echo "ok 1 - the trace ends well" || echo "not ok 1 - the trace ends well"
if [ "$lost" = 0 ] && [ "$want" -ge 4200 ] && [ "$got" = "$want" ] && [ "$ended" = "$want" ]; then
	echo "ok 2 - what interrupts hid from the first program is there"
else
	echo "# active opens: $want, shown: $got, established: $ended, lost: $lost"
	echo "not ok 2 - what interrupts hid from the first program is there"
fi

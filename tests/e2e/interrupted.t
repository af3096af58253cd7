#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The kernel skips a program that already runs on that CPU: what an interrupt
# brings in that moment a second program has to take. Bundles of delayed ACKs
# bring it about, if not each time.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
export PATH=$PATH:/usr/local/sbin:/usr/sbin

for tool in jq perl bpftool; do
	command -v $tool >/dev/null || skip_all "there is no $tool"
done

CONNECTIONS=200 KILLED=4000

# skipped: how often the kernel did, of several tracers on this host for ours: by the descriptors that it holds
skipped() {
	cat "/proc/$tracer/fdinfo"/* 2>/dev/null | awk '/^prog_id:/ { print $2 }' | sort -un |
		while read -r id; do
			bpftool -j prog show id "$id" 2>/dev/null
			echo
		done | jq -r 'select(.name == "set_state") | .recursion_misses // 0' | head -n 1
}

# shown FROM TO: how many transitions
shown() {
	grep -c "\"from\":\"$1\",\"to\":\"$2\"" "$dir/storm.out"
}

begin storm --json
perl "$(dirname "$0")/lib/storm.pl" $CONNECTIONS 0 $KILLED
ok $? "a storm"
diag "the first program was skipped $(skipped) times, on this host"
end INT
is "$status $(cat "$dir/storm.err")" "0 " "the trace ends well"
opens=$(awk '/^Tcp:/ && !n++ { for (i = 1; i <= NF; i++) if ($i == "ActiveOpens") at = i; next }
	/^Tcp:/ { print $at }' /proc/net/snmp)
is "$opens" $((CONNECTIONS + KILLED)) "as many connections as there should be"
lost=$(tail -n 1 "$dir/storm.out" | jq .lost)
if [ "$lost" = 0 ]; then
	is "$(shown CLOSED SYN_SEND)" "$opens" "each active open is shown"
	is "$(shown SYN_SEND ESTABLISHED)" "$opens" "what interrupts hid from the first program is there"
else
	# all that is counted as lost may have been another namespace's
	[ "$(shown SYN_SEND ESTABLISHED)" -ge $((opens - lost)) ]
	ok $? "what is not shown is counted: $lost lost on this host"
fi
done_testing

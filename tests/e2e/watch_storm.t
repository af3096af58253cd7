#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The smallest ring buffer under a storm: what is lost is reported, and 200
# sockets that get stuck meanwhile are alerted of all the same, and no others.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/e2e/lib/watch.sh
. "$(dirname "$0")/lib/watch.sh"

watch storm --buffer-size 4k --max CLOSE_WAIT=2s
perl "$(dirname "$0")/lib/storm.pl" 1000000 0 0 &
storm=$!
pids+=("$storm")
wait_for 60 grep -q '"type":"lost"' "$dir/storm.out"
ok $? "the buffer overflows, and that is told"
leak not_closing 200
wait_for 60 has_alerts 200 storm firing
ok $? "all 200 that are stuck are alerted of"
kill -0 "$storm"
ok $? "... while the storm goes on"
is "$(alerts storm firing ".lport == $port")" 200 "one alert for each"
is "$(jq -r 'select(.type == "alert" and .status == "firing").sk' "$dir/storm.out" | sort -u | wc -l)" 200 \
	"of 200 sockets"
is "$(alerts storm firing ".lport != $port")" 0 "nothing else is alerted of"
is "$(alerts storm resolved)" 0 "none is resolved"
unleak
wait_for 60 has_alerts 200 storm resolved
ok $? "all are resolved once they are closed"
kill "$storm"
wait "$storm" 2>/dev/null
unwatch storm
is "$(alerts storm firing ".lport != $port")" 0 "nothing else was alerted of to the end"

done_testing

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Sockets that get into TIMED_WAIT while the programs are being loaded: each is
# there when the tracer looks, or told by a record. Only of the last 20 ms before the
# programs run is it left open which (expiries are told in jiffies): at 5 ms each, of 4.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

traffic 300 0.005 &
traffic=$!
sleep 0.2
begin start --json
wait "$traffic"
sleep 0.5
there=$(ss -tanH state time-wait | wc -l)
end INT
at_start=$(jq -r 'select(.type == "hello") | .sockets.TIMED_WAIT // 0' "$dir/start.out")
told=$(jq -c 'select(.type == "transition" and .to == "TIMED_WAIT")' "$dir/start.out" | wc -l)
[ "$at_start" -gt 0 ] && [ "$told" -gt 0 ]
ok $? "some were there at the start, some came after it: $at_start, $told"
[ $((there - at_start - told)) -le 8 ]
ok $? "all $there but few are known" || diag "at the start $at_start, told $told"

done_testing

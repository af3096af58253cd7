#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Reports: their numbers are those of the transitions that a replay prints, and
# what a process calls itself stays text.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"
command -v jq >/dev/null || skip_all "there is no jq"

# What the report counts, and the same from the transitions, in an order of their own.
arrows() {
	jq -r 'select(.type == "arrow") | "\(.from) \(.to) \(.count)"' "$1" | sort
}
arrows_of_replay() {
	jq -r 'select(.type == "transition") | "\(.from) \(.to)"' "$1" | sort | uniq -c |
		awk '{ print $2, $3, $1 }' | sort
}

# same NAME WANT GOT: files
same() {
	cmp -s "$2" "$3" && [ -s "$2" ]
	ok $? "$1"
	diff "$2" "$3" >"$dir/diff" 2>&1 || diag "$(cat "$dir/diff")"
}

hostile='<script>a"&'\'
refused() {
	perl -MIO::Socket::INET -e '
		$0 = $ARGV[0];
		IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 9) for 1 .. $ARGV[1]' "$@"
}

"$TCPDWELL" record -o "$dir/rec" --json --netns "$netns" >"$dir/live" 2>"$dir/live.err" </dev/null &
recorder=$!
wait_for 30 test -s "$dir/live" || skip_all "nothing can be recorded here: $(head -n 1 "$dir/live.err")"
perl "$(dirname "$0")/lib/storm.pl" 300 5 0
refused "$hostile" 25
wait_for 30 grep -q '"reason":"refused"' "$dir/live" || diag "no refused connection was seen"
wait_for 30 grep -q '"from":"CLOSE_WAIT"' "$dir/live" || diag "no CLOSE_WAIT was seen"
sleep 1
kill -INT $recorder
wait $recorder

#
# Numbers
#

run replay --json "$dir/rec"
mv "$dir/out" "$dir/replay"
run report --json --max CLOSE_WAIT=300ms "$dir/rec"
is "$status" 0 "report --json"
mv "$dir/out" "$dir/report"
arrows "$dir/report" >"$dir/got"
arrows_of_replay "$dir/replay" >"$dir/want"
same "the transitions of each kind are those of the replay" "$dir/want" "$dir/got"

jq -r 'select(.type == "end") | "\(.reason) \(.from) \(.count)"' "$dir/report" | sort >"$dir/got"
jq -r 'select(.type == "transition" and .reason) | "\(.reason) \(.from)"' "$dir/replay" | sort | uniq -c |
	awk '{ print $2, $3, $1 }' | sort >"$dir/want"
same "the ends by reason are those of the replay" "$dir/want" "$dir/got"

is "$(jq 'select(.type == "summary").transitions' "$dir/report")" "$(transitions "$dir/replay")" \
	"the summary has all transitions"
is "$(jq -s '[.[] | select(.type == "column").transitions] | add' "$dir/report")" \
	"$(transitions "$dir/replay")" "so has the timeline"
is "$(jq -s '[.[] | select(.type == "process").transitions] | add' "$dir/report")" \
	"$(transitions "$dir/replay")" "so have the processes"
jq -s '[.[] | select(.type == "column")] | length <= 600' "$dir/report" | grep -q true
ok $? "... in 600 columns at most"
is "$(jq -s '[.[] | select(.type == "failure" and .reason == "refused").count] | add' "$dir/report")" \
	"$(jq -s '[.[] | select(.reason == "refused")] | length' "$dir/replay")" \
	"the refused connections are those of the replay"
long=$(jq -s '[.[] | select(.from == "CLOSE_WAIT" and .dwell_ns >= 300000000)] | length' "$dir/replay")
is "$(jq -s '[.[] | select(.type == "stuck")] | length' "$dir/report")" "$long" \
	"stuck are those over the threshold: $long"

# the middle one of an odd number, or the lower one of two
median=$(jq -s '[.[] | select(.from == "SYN_SEND" and .to == "ESTABLISHED").dwell_ns] | sort |
	.[((length + 1) / 2 | floor) - 1]' "$dir/replay")
got=$(jq 'select(.type == "arrow" and .from == "SYN_SEND" and .to == "ESTABLISHED").p50_ns' "$dir/report")
[ "${got:-0}" -ge $((median * 7 / 8)) ] && [ "${got:-0}" -le $((median * 9 / 8)) ]
ok $? "the median is right to an eighth: $got for $median"

port=$(jq -r 'select(.reason == "refused").rport' "$dir/replay" | head -n 1)
run report --json --rport "$port" "$dir/rec"
is "$(jq 'select(.type == "summary").transitions' "$dir/out")" \
	"$(jq -s "[.[] | select(.type == \"transition\" and .rport == $port)] | length" "$dir/replay")" \
	"with a filter it is of that part"
like "$(jq -r 'select(.type == "hello").filter' "$dir/out")" "rport $port" "... which it says"

is "$(jq -r 'select(.type == "hello").host' "$dir/report")" "$(uname -n)" "the host that was recorded"

#
# HTML
#

run report "$dir/rec"
is "$status" 0 "report: HTML"
mv "$dir/out" "$dir/page.html"
grep -qF '&lt;script&gt;a&quot;&amp;&#39;' "$dir/page.html"
ok $? "a comm is text"
! grep -qF "$hostile" "$dir/page.html"
ok $? "... and no markup"
is "$(grep -c '<script' "$dir/page.html")" 1 "there is one script, our own"
! grep -qE '(src|href)="?(https?:)?//' "$dir/page.html"
ok $? "nothing comes from a network"
if command -v xmllint >/dev/null; then
	# libxml2 knows no HTML 5
	said=$(xmllint --html --noout "$dir/page.html" 2>&1 | grep -E 'error' | grep -vE 'Tag .* invalid')
	is "$said" "" "the page is well-formed"
else
	skip "the page is well-formed" "there is no xmllint"
fi
is "$(grep -o '<table' "$dir/page.html" | wc -l)" "$(grep -o '<caption>' "$dir/page.html" | wc -l)" \
	"each table has a caption"

#
# The other forms
#

run report --text "$dir/rec"
is "$status" 0 "report --text"
like "$(cat "$dir/out")" "$(transitions "$dir/replay") transitions" "... has the sum"
run report --perfetto "$dir/rec"
is "$status" 0 "report --perfetto"
stays=$(jq -s '[.[] | select(.type == "transition" and .from != "CLOSED" and .from != "LISTEN")] | length' "$dir/replay")
is "$(jq '[.traceEvents[] | select(.ph == "X" and .name != "LISTEN" and .name != "TIMED_WAIT")] | length' "$dir/out")" \
	"$stays" "... has a slice for each stay"
is "$(jq -r '[.traceEvents[] | select(.ph == "X" and (.dur | type) == "number" and (.ts | type) == "number")] | length > 0' "$dir/out")" \
	true "... with times"
jq -r '.traceEvents[] | select(.name == "thread_name").args.name' "$dir/out" | grep -qF "$hostile"
ok $? "... and tracks with names, whatever they are"

#
# Files
#

run report "$dir/rec" -o "$dir/new.html"
is "$status" 0 "report -o"
head -n 1 "$dir/new.html" | grep -q '<!DOCTYPE html>'
ok $? "... has the page"
echo mine >"$dir/new.html"
run report "$dir/rec" -o "$dir/new.html"
is "$status $(cat "$dir/new.html")" "3 mine" "no overwriting"
run report "$dir/rec" -o "$dir/new.html" --force
is "$status" 0 "--force"
run report --json "$dir/absent" -o "$dir/none"
is "$status" 3 "a recording that is not there"
[ ! -e "$dir/none" ]
ok $? "... leaves no file"
run report
is "$status" 2 "it needs a recording or --duration"
run report --text --json "$dir/rec"
is "$status" 2 "one form at a time"
head -c $(($(stat -c %s "$dir/rec") - 30)) "$dir/rec" >"$dir/half"
run report --json "$dir/half"
is "$status" 3 "a recording that is cut off: status 3"
like "$(jq -r 'select(.type == "hello").warning' "$dir/out")" damaged "... which the report says"

#
# Live
#

# shellcheck disable=SC2317 # called below
has_holder() {
	[ "$(jq -s '[.[] | select(.type == "stuck" and .state == "CLOSE_WAIT" and
		.holders[0].comm == "perl")] | length' "$dir/live")" -ge 1 ]
}

# It can't be seen from outside when it has begun, or looked: a busy machine gets more time.
for seconds in 4 8 16 32; do
	"$TCPDWELL" report --duration ${seconds}s --json --netns "$netns" --max CLOSE_WAIT=200ms \
		>"$dir/live" 2>"$dir/live.err" </dev/null &
	reporter=$!
	traffic 1 $seconds &
	leaker=$!
	wait $reporter
	live=$?
	kill $leaker 2>/dev/null
	wait $leaker 2>/dev/null
	if [ "$live" -ne 0 ] || has_holder; then break; fi
done
is "$live" 0 "a live report"
has_holder
ok $? "... has stuck sockets with their holders"
is "$(jq 'select(.type == "summary").transitions' "$dir/live")" \
	"$(jq -s '[.[] | select(.type == "arrow").count] | add' "$dir/live")" "... and adds up"

done_testing

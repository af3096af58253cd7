#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The page of a report in a browser: wide and narrow, light and dark. With
# PICTURES=DIR its pictures stay there.
# shellcheck source=tests/e2e/tap.sh
TCPDWELL=${TCPDWELL:-${BUILD:?}/tcpdwell}
. "$(dirname "$0")/../e2e/tap.sh"
for tool in jq perl; do
	command -v $tool >/dev/null || skip_all "there is no $tool"
done
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
	skip_all "there is no chromium, which the other tests do not need (apt-get install chromium)"
perl -MJSON::PP -MMIME::Base64 -e 1 2>/dev/null || skip_all "this perl has no JSON::PP"
here=$(dirname "$0")
pictures=${PICTURES:-$dir}

"$TCPDWELL" record -o "$dir/rec" --json --netns "$netns" >"$dir/live" 2>"$dir/live.err" </dev/null &
recorder=$!
wait_for 30 test -s "$dir/live" || skip_all "nothing can be recorded here: $(head -n 1 "$dir/live.err")"
perl "$here/../e2e/lib/storm.pl" 200 10 2
# shellcheck disable=SC2016 # perl's own
perl -MIO::Socket::INET -e '
	$0 = q(<b>x"&</script>);
	IO::Socket::INET->new(PeerAddr => "127.0.0.$_", PeerPort => 9) for 1 .. 25'
wait_for 30 grep -q '"reason":"refused"' "$dir/live" || diag "no refused connection was seen"
sleep 1
kill -INT $recorder
wait $recorder
run report --max CLOSE_WAIT=300ms "$dir/rec" -o "$dir/page.html"
is "$status" 0 "the page is written"

perl "$here/lib/page.pl" "$browser" "$dir/profile" "$dir/page.html" "$pictures/report" \
	>"$dir/views" 2>"$dir/views.err"
is $? 0 "it opens in a browser"
diag "$(cat "$dir/views.err")"

# each NAME JQ: true of all four views
each() {
	is "$(jq -s "length == 4 and all(.[]; $2)" "$dir/views")" true "$1"
}

each "no scrolling sideways" '.overflow == 0'
each "nothing on the console" '.console == []'
each "no request but the page itself" '.requests == []'
each "tables, each with a caption" '.tables >= 8 and .captions == .tables'
each "each column sorts, up and down" '.sorting.wrong == [] and .sorting.sorted >= 50'
each "text stands out (WCAG 2, 4.5)" '.contrast == []'
each "no text of a figure is cut off, or leaves its box" '.clipped == []'
each "no arrow goes through a text" '.crossed == []'
each "long tables are short at first" '.more.wrong == [] and .more.long >= 1'
each "a hostile name made no element" '.bold == 0 and .scripts == 1'
is "$(jq -s '[.[].background] | unique | length' "$dir/views")" 2 "light and dark differ"
for view in desktop-light desktop-dark phone-light phone-dark; do
	[ -s "$pictures/report-$view.png" ]
	ok $? "a picture: $view"
done

done_testing

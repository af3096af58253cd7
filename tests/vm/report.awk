# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   awk -v tap=FILE -v table=FILE -v failures=FILE -f report.awk LOG...
#
# Reads what guest-run wrote in each boot: LOG is named SERIES.RUN.log. Writes
# TAP, one point for each test program in each tier of each kernel; the table;
# and each point that failed, once, with the places where it did. What was skipped
# of a program is a point of its own, with the first reason.

BEGIN {
	# of what explains a failed point, and in all of a program; the logs have the rest
	LINES = 8
	LINES_IN_ALL = 30
	WIDTH = 160
	printf "" >failures
}

function add(list, text)
{
	return list (list == "" ? "" : ", ") text
}

function row_of(tier,	key)
{
	key = series SUBSEP tier
	if (!(key in row_no)) {
		row_no[key] = ++rows
		row_name[rows] = sprintf("%-8s %-28s %-12s", series, release == "" ? "-" : release, tier)
	}
	return row_no[key]
}

# One point of the TAP that comes out.
function result(good, name, directive)
{
	points++
	print (good ? "ok " : "not ok ") points " - " name (directive == "" ? "" : " # SKIP " directive) >tap
}

# A point that failed, and in diags[] the lines that explain it.
function failure(text,	key)
{
	failed++
	shown = now_test == "loads" ? LINES_IN_ALL : LINES
	diags = diags "#   " text "\n"
	sub(/^not ok [0-9]* (- )?/, "", text)
	key = now_test ": " text
	if (!(key in places)) {
		kept[++failures_seen] = key
		test_of[key] = now_test
		explain = key
	}
	if (last_place[key] == series " " now_tier)
		return
	places[key] = index(last_place[key], series " ") == 1 ? places[key] " " now_tier : \
		add(places[key], series " " now_tier)
	last_place[key] = series " " now_tier
	times[key]++
}

function diag(text)
{
	if (shown <= 0 || said >= LINES_IN_ALL)
		return
	shown--
	said++
	text = "#   " substr(text, 1, WIDTH) "\n"
	diags = diags text
	if (explain != "")
		why_failed[explain] = why_failed[explain] text
}

function begin(tier, test)
{
	passed = failed = skipped = plan = shown = whole = said = 0
	why = diags = explain = ""
	open = 1
	now_tier = tier
	now_test = test
	ran[test]++
}

function finish(status, seconds,	row)
{
	open = 0
	if (status == "gone")
		;
	else if (status == 137)
		failure("still running after " seconds " s")
	else if (!plan && !whole)
		failure("ended early, with status " status)
	else if (!whole && plan != passed + failed + skipped)
		failure("planned " plan " points, made " (passed + failed + skipped))
	else if (status != 0 && !failed)
		failure("ended with status " status)

	row = row_of(now_tier)
	row_passed[row] += passed
	row_failed[row] += failed
	row_skipped[row] += skipped
	row_seconds[row] += seconds
	result(!failed, series " " now_tier " " now_test ": " passed " passed" \
		(failed ? ", " failed " failed" : "") ", " seconds " s", whole ? why : "")
	printf "%s", diags >tap
	if (skipped && !whole)
		result(1, series " " now_tier " " now_test ": " skipped " of its points", why)
	if (failed)
		failing[row] = failing[row] " " now_test
	if (why != "")
		skips[row] = add(skips[row], now_test ": " why)
}

# The guest ended, or was ended, before it was done.
function gone(reason)
{
	if (!open)
		begin(run, "guest")
	failure(reason)
	shown = 40
	said = -40
}

FNR == 1 {
	if (open)
		finish("gone", 0)
	series = FILENAME
	sub(/.*\//, "", series)
	sub(/\.log$/, "", series)
	run = series
	sub(/.*\./, "", run)
	sub(/\.[a-z]*$/, "", series)
	release = ""
}

$1 == "@kernel" {
	release = $2
	boots = add(boots, series " " run " " $3 " s")
	next
}
$1 == "@begin" { begin($2, $3); next }
$1 == "@end" { finish($4, $5); next }
$1 == "@gone" { sub(/^@gone /, ""); gone($0); next }
$1 == "@missing" {
	sub(/^@missing /, "")
	skips[row_of("-")] = $0
	result(1, series, $0)
	next
}
/^@/ || !open { next }

/^1\.\.0 *# *[Ss][Kk][Ii][Pp]/ {
	whole = 1
	skipped++
	why = $0
	sub(/^1\.\.0 *# *[^ ]* */, "", why)
	next
}
/^1\.\.[0-9]/ { plan = substr($1, 4) + 0; next }
/^(not )?ok .*# *([Ss][Kk][Ii][Pp]|[Tt][Oo][Dd][Oo])/ {
	skipped++
	shown = 0
	if (why == "") {
		why = $0
		sub(/.*# *[^ ]* */, "", why)
	}
	next
}
/^ok / { passed++; shown = 0; next }
/^not ok / { explain = ""; failure($0); next }
/^#/ { diag($0) }

END {
	if (open)
		finish("gone", 0)
	print "1.." points + 0 >tap

	for (i = 1; i <= failures_seen; i++) {
		key = kept[i]
		n = times[key]
		where = n > 1 && n == ran[test_of[key]] ? "everywhere, " n " times" : places[key]
		printf "failed: %s\n  on: %s\n%s", key, where, why_failed[key] >failures
	}

	printf "%-8s %-28s %-12s %6s %6s %7s %6s\n", "kernel", "release", "tier", "passed", \
		"failed", "skipped", "time" >table
	for (i = 1; i <= rows; i++) {
		line = sprintf("%s %6d %6d %7d %5ds", row_name[i], row_passed[i], row_failed[i], \
			row_skipped[i], row_seconds[i])
		if (failing[i] != "")
			line = line "  failed:" failing[i]
		if (skips[i] != "")
			line = line "  skipped: " substr(skips[i], 1, WIDTH)
		print line >table
	}
	if (boots != "")
		print "Booted in: " boots >table
}

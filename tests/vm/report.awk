# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
#   awk -v tap=FILE -v table=FILE -f report.awk LOG...
#
# Reads what guest-run wrote in each boot: LOG is named SERIES.RUN.log. Writes
# TAP, one point for each test program in each tier of each kernel, and the table.

BEGIN {
	# of what explains a failed point, and all in a program; the logs have the rest
	LINES = 8
	LINES_IN_ALL = 24
	WIDTH = 160
}

function series_of(file)
{
	sub(/.*\//, "", file)
	sub(/\.[a-z]*\.log$/, "", file)
	return file
}

function note(row, text)
{
	if (text == "" || index(notes[row], text))
		return
	notes[row] = notes[row] (notes[row] == "" ? "" : "; ") text
}

function row_of(tier,	key)
{
	key = series SUBSEP tier
	if (!(key in row_no)) {
		row_no[key] = ++rows
		row_series[rows] = series
		row_tier[rows] = tier
		row_release[rows] = release == "" ? "-" : release
	}
	return row_no[key]
}

# One point of the TAP that comes out.
function point(good, name, directive)
{
	points++
	print (good ? "ok " : "not ok ") points " - " name (directive == "" ? "" : " # SKIP " directive) >tap
}

function reset()
{
	passed = failed = skipped = plan = shown = whole = said = 0
	first_failure = why = diags = ""
}

# A failure, and the lines that explain it.
function failure(text)
{
	failed++
	shown = LINES
	diags = diags "#   " text "\n"
	if (first_failure == "")
		first_failure = text
}

function begin(tier, test)
{
	reset()
	open = 1
	now_tier = tier
	now_test = test
}

function finish(status, seconds,	row, name)
{
	open = 0
	if (status == 137)
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
	name = series " " now_tier " " now_test
	point(!failed, name ": " passed " passed" (failed ? ", " failed " failed" : "") \
		(skipped ? ", " skipped " skipped" : "") ", " seconds " s", whole ? why : "")
	printf "%s", diags >tap
	if (failed)
		note(row, "failed: " now_test)
	if (why != "")
		note(row, now_test ": " why)
}

function gone(reason,	row)
{
	if (open) {
		failure("the guest was gone: " reason)
		finish(0, 0)
	} else {
		row = row_of(run)
		row_failed[row]++
		note(row, reason)
		point(0, series " " run ": " reason)
	}
	in_console = 1
}

FNR == 1 {
	series = series_of(FILENAME)
	run = FILENAME
	sub(/\.log$/, "", run)
	sub(/.*\./, "", run)
	release = ""
	open = shown = in_console = 0
}

in_console { print "#   " substr($0, 3, WIDTH) >tap; next }

$1 == "@kernel" {
	release = $2
	boots = boots (boots == "" ? "" : ", ") series " " run " " $3 " s"
	next
}
$1 == "@begin" { begin($2, $3); next }
$1 == "@end" { finish($4, $5); next }
$1 == "@doctor" { next }
$1 == "@done" { next }
$1 == "@refused" || $1 == "@missing" {
	tier = $2
	sub(/^@[a-z]* [^ ]* /, "")
	row = row_of(tier)
	note(row, $0)
	point(1, series " " tier, $0)
	next
}
$1 == "@gone" { sub(/^@gone /, ""); gone($0); next }

!open { next }

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
		sub(/.*# */, "", why)
	}
	next
}
/^ok / { passed++; shown = 0; next }
/^not ok / { failure($0); next }
/^#/ {
	if (shown > 0 && said++ < LINES_IN_ALL) {
		shown--
		diags = diags "#   " substr($0, 1, WIDTH) "\n"
	}
	next
}

END {
	print "1.." points >tap
	line = "%-8s %-28s %-12s %7s %7s %7s %6s  %s\n"
	printf line, "kernel", "release", "tier", "passed", "failed", "skipped", "time", "" >table
	for (i = 1; i <= rows; i++)
		printf line, row_series[i], row_release[i], row_tier[i], row_passed[i] + 0, \
			row_failed[i] + 0, row_skipped[i] + 0, row_seconds[i] + 0 "s", \
			substr(notes[i], 1, 160) >table
	if (boots != "")
		print "Booted in: " boots >table
}

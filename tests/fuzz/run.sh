#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs each fuzz target of BUILD for SECONDS_EACH, from the corpus of its name
# on. What it finds new stays in BUILD/fuzz/corpus; an input that fails is named,
# and kept in BUILD/fuzz/found. Status 1 when there is one. T="words" for some targets.
# With INPUTS it tries so many, from the corpus alone on, the same ones each time.
set -euo pipefail
cd "$(dirname "$0")/../.."

: "${BUILD:?}"
seconds=${SECONDS_EACH:-30}
found=$BUILD/fuzz/found
failed=0
how=(-timeout=20)
[ -z "${INPUTS:-}" ] || how=(-timeout=300 -seed=1 -runs="$INPUTS")
mkdir -p "$found"

chosen() {
	local word

	[ -n "${T:-}" ] || return 0
	for word in $T; do
		[[ $1 != *$word* ]] || return 0
	done
	return 1
}

for source in tests/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	name=${target#fuzz_}
	chosen "$name" || continue
	new=$BUILD/fuzz/corpus/$name
	log=$BUILD/fuzz/$name.log
	if [ -n "${INPUTS:-}" ]; then
		new=$BUILD/fuzz/again/$name
		rm -rf "$new"
	fi
	mkdir -p "$new"
	seeds=()
	[ ! -d "tests/fuzz/corpus/$name" ] || seeds=("tests/fuzz/corpus/$name")
	status=0
	"$BUILD/tests/fuzz/$target" -max_total_time="$seconds" "${how[@]}" -rss_limit_mb=2048 \
		-artifact_prefix="$found/$name-" -print_final_stats=1 -verbosity=1 \
		"$new" "${seeds[@]}" >"$log" 2>&1 </dev/null || status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [ $status -eq 0 ]; then
		echo "ok $name: ${runs:-0} inputs"
	else
		echo "not ok $name: status $status, $(sed -n "s/.*Test unit written to //p" "$log" | head -n 1)"
		grep -E 'ERROR|SUMMARY|runtime error' "$log" | head -n 5 | sed 's/^/  /'
		failed=1
	fi
done
exit $failed

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # used by those who source it, set by tap.sh
#
# For the tests of `tcpdwell watch`, after tap.sh: leaks, and a watch in the background.

leaker=$(dirname "$TCPDWELL")/tests/e2e/lib/leaker
[ -x "$leaker" ] || skip_all "needs $leaker (make tests)"
pids=()
# shellcheck disable=SC2317 # the trap calls it
end_all() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
	rm -rf "$dir"
}
trap end_all EXIT

# leak KIND [SOCKETS]: its words in $dir/leak, its input at descriptor 9
leak() {
	mkfifo "$dir/fifo"
	"$leaker" "$@" <"$dir/fifo" >"$dir/leak" &
	leak_pid=$!
	pids+=("$leak_pid")
	exec 9>"$dir/fifo"
	rm "$dir/fifo"
	wait_for 30 grep -q ready "$dir/leak" || diag "the leaker is not ready"
	# shellcheck disable=SC2034 # the caller's
	port=$(sed -n 's/^port //p' "$dir/leak")
}

# closes, and ends it
unleak() {
	echo close >&9
	wait_for 30 grep -q closed "$dir/leak"
	exec 9>&-
	wait "$leak_pid"
}

# watch NAME ARG...: in the background, to NAME.out and NAME.err
watch() {
	local name=$1

	shift
	env --default-signal=INT,PIPE "$TCPDWELL" watch --json --netns "$netns" "$@" \
		>"$dir/$name.out" 2>"$dir/$name.err" </dev/null 9>&- &
	watcher=$!
	pids+=("$watcher")
	wait_for 30 grep -qs '"hello"' "$dir/$name.out" || diag "$name: no header: $(cat "$dir/$name.err")"
}

# unwatch NAME: it ends well
unwatch() {
	kill -INT "$watcher"
	status=0
	wait "$watcher" || status=$?
	is "$status" 0 "$1: it ends with status 0"
}

# alerts NAME STATUS [JQ]: how many
alerts() {
	jq -c "select(.type == \"alert\" and .status == \"$2\") | select(${3:-true})" "$dir/$1.out" | wc -l
}

# shellcheck disable=SC2317 # wait_for calls it
has_alerts() {
	[ "$(alerts "$2" "$3" "${4:-true}")" -ge "$1" ]
}

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a user types wrong is said in a sentence; help and version.
# shellcheck source=tests/e2e/tap.sh
. "$(dirname "$0")/tap.sh"

# bad OPTION VALUE TAKES: status 2, nothing on stdout, and what the option takes
bad() {
	run trace "$1=$2"
	is "$status $(wc -c <"$dir/out")" "2 0" "$1='$2': status 2, no output"
	like "$(cat "$dir/err")" "$1 takes .*$3" "$1='$2': what it takes"
	# argp adds where to find help
	is "$(grep -c -- "$1 takes" "$dir/err")" 1 "$1='$2': one sentence"
}

for option in --port --lport --rport; do
	bad $option 0 "port from 1 to 65535"
	bad $option 65536 "port"
	bad $option http "port"
	bad $option "" "port"
	bad $option " 80" "port"
	bad $option -1 "port"
done
bad --addr 10.0.0.1/8 "CIDR"
bad --addr 10.0.0.0/33 "CIDR"
bad --addr localhost "CIDR"
bad --addr 2001:db8::/129 "CIDR"
bad --state OPEN "TCP state"
bad --state "" "TCP state"
bad --pid 0 "process id"
bad --pid 1x "process id"
bad --pid 99999999999999999999 "process id"
bad --comm "" "process name"
bad --comm 1234567890123456 "process name of at most 15 bytes"
bad --cgroup /there/is/none "cgroup"
bad --cgroup "" "cgroup"
bad --netns there-is-none "network namespace"
bad --netns "" "network namespace"
bad --netns /proc/self/ns/pid "network namespace"
bad --netns /dev/null "network namespace"
bad --min-dwell 5 "duration"
bad --min-dwell 5lightyears "duration"
bad --names latin "article, rfc or kernel"
bad --duration 0s "duration"
bad --duration -1s "duration"
bad --count 0 "number"
bad --count many "number"
bad --tier kprobe "auto, fentry, timer or sweep"
bad --buffer-size 4095 "size from 4k to 1G"
bad --buffer-size 2G "size"
bad --max CLOSE_WAIT "STATE=DURATION"
bad --max CLOSE_WAIT=60 "STATE=DURATION"
bad --max CLOSED=60s "STATE=DURATION"
bad --max =60s "STATE=DURATION"

run trace --state $'\e[31mred\a'
is "$(tr -d '[:print:]\n\t' <"$dir/err" | wc -c)" 0 "a hostile value does not reach the terminal"

many=()
for i in {1..17}; do
	many+=(--port "$i")
done
run trace "${many[@]}"
is "$status" 2 "too many values: status 2"
like "$(cat "$dir/err")" "--port can be given 16 times at most" "too many values: how many can be"

run trace --no-such-option
is "$status $(wc -c <"$dir/out")" "2 0" "unknown option: status 2, no output"
like "$(cat "$dir/err")" "no-such-option" "unknown option: named"

run trace --port
is "$status $(wc -c <"$dir/out")" "2 0" "option without its value: status 2, no output"
like "$(cat "$dir/err")" "--port" "option without its value: named"

run trace spurious
is "$status $(wc -c <"$dir/out")" "2 0" "an argument that trace does not take: status 2, no output"
like "$(cat "$dir/err")" "takes options alone, not 'spurious'" "an argument that trace does not take: named"

run
is "$status $(wc -c <"$dir/out")" "2 0" "no command: status 2, no output"
like "$(cat "$dir/err")" "trace" "no command: they are listed"

run $'dance\e[31m'
is "$status $(wc -c <"$dir/out")" "2 0" "unknown command: status 2, no output"
is "$(cat "$dir/err")" "tcpdwell: no command 'dance?[31m'; one of: trace, watch, list, holders, states, record, replay, report, hist, top, doctor" \
	"unknown command: named, and those that there are"

for arg in --help -h help; do
	run $arg
	is "$status $(wc -c <"$dir/err")" "0 0" "$arg: status 0, nothing on stderr"
	like "$(cat "$dir/out")" "Usage: tcpdwell.*trace" "$arg: the commands"
done

run help list
cp "$dir/out" "$dir/help"
run list --help
is "$status" 0 "list --help: status 0"
cmp -s "$dir/out" "$dir/help"
ok $? "help list: the same"
run help dance
is "$status $(wc -c <"$dir/out")" "2 0" "help of an unknown command: status 2, no output"
like "$(cat "$dir/err")" "no command 'dance'; one of: trace" "help of an unknown command: named"

# "-" is no file's name
cd "$dir" || exit
run record -o - --duration 10ms
is "$status $(wc -c <"$dir/out")" "2 0" "record -o -: status 2, no output"
like "$(cat "$dir/err")" "goes to a file, not to standard output" "record -o -: what it takes"
run report -o - --netns "$netns" --duration 10ms
like "$status $(head -n 1 "$dir/out")" "^0 <!DOCTYPE html>" "report -o -: to standard output"
[ ! -e "$dir/-" ]
ok $? "... and no file has that name"
cd / || exit

for arg in --version -V; do
	run $arg
	is "$status $(wc -l <"$dir/out") $(wc -c <"$dir/err")" "0 1 0" "$arg: one line"
	like "$(cat "$dir/out")" '^tcpdwell [0-9]+\.[0-9]+\.[0-9]+$' "$arg: name and number"
done

run trace --help
is "$status $(wc -c <"$dir/err")" "0 0" "trace --help: status 0, nothing on stderr"
for option in -4 -6 --port --lport --rport --addr --state --pid --comm --cgroup --netns --min-dwell \
	--names --json --duration --count --max --tier --buffer-size --half-open; do
	grep -qE -- "^ .*$option([ =,]|\$)" "$dir/out"
	ok $? "trace --help: $option"
done
awk 'length > 80 { bad = 1 } END { exit bad }' "$dir/out"
ok $? "trace --help: no line over 80 columns"

# Values as they are given: any spelling of a state, CIDR of both families.
run trace --state time_wait --state FIN-WAIT-1 --state tcp_syn_recv --addr 10.0.0.0/8 --addr ::1 \
	--max close-wait=1m30s --max TIME-WAIT=0 --port 1 --port 65535 --names rfc --count 1 \
	--duration 10ms --netns "$netns" --buffer-size 4k
is "$status" 0 "good values of every kind are taken"
[ "$status" -eq 0 ] || diag "$(cat "$dir/err")"

# watch: what goes without saying for us, and not for who types it.
for option in --kill --dry-run "--listen 0" --journal "--exec true"; do
	# shellcheck disable=SC2086 # words
	run watch --once $option
	is "$status $(wc -c <"$dir/out")" "2 0" "watch --once $option: status 2, no output"
	like "$(cat "$dir/err")" "--once looks and prints: it goes with none of .*${option%% *}" \
		"watch --once $option: what is wrong"
done
for option in --kill --dry-run; do
	run watch $option --netns "$netns" --duration 10ms
	is "$status" 0 "watch $option without a rule for it: status 0"
	like "$(cat "$dir/err")" "$option: no rule says .kill = yes.: none is closed" "watch $option without a rule for it: said"
done
run watch --exec $'/no\e/such 1' --duration 10ms
is "$status" 2 "watch --exec of what is not there: status 2"
is "$(cat "$dir/err")" "tcpdwell: --exec: '/no\\x1b/such' can't be run: No such file or directory" \
	"watch --exec of what is not there: named"

# A namespace that is not there may come: that is said, and traced goes what is there.
for command in trace "trace --json" watch hist "record -o $dir/netns.rec"; do
	# shellcheck disable=SC2086 # words
	run $command --netns 123 --netns "$netns" --netns 124 --duration 10ms
	is "$status" 0 "$command --netns that is not there: status 0"
	is "$(grep -c 'network namespace 12[34] is not found: no process is in it, and it is not mounted in /run/netns' "$dir/err")" \
		2 "$command --netns that is not there: which"
	is "$(grep -c 'is not found' "$dir/err")" 2 "$command --netns that is there: nothing"
done

# Both families are all, however often each is said.
perl -MIO::Socket::IP -e 'my @l = map { IO::Socket::IP->new(LocalHost => $_, Listen => 1) or die } @ARGV;
	$| = 1; print "listening\n"; sleep 60' 127.0.0.1 ::1 >"$dir/listener" &
listener=$!
wait_for 10 grep -q listening "$dir/listener"
for families in "" "-4" "-6" "-4 -6" "-6 -4 -6"; do
	# shellcheck disable=SC2086 # words
	run list --netns "$netns" --json $families
	case $families in
	-[46]) want=${families#-} ;;
	*) want="4 6" ;;
	esac
	is "$(jq 'select(.type == "socket") | .family' "$dir/out" | sort | xargs)" "$want" \
		"families '$families': $want"
done
kill "$listener"

done_testing
